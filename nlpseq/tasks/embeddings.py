"""Embeddings shared by input and output, and the logits computed from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("nlpseq")
class ScaledEmbedding(keras.layers.Embedding):
    """An embedding for the input and the output of a model: x = sqrt(size) E[i].

    E is initialised with a variance of 1 / size, which suits the logits E o + b of unit-variance
    outputs o; the scaled input vectors x have a variance of 1, which suits the layers above.

    Args:
        input_dim: Number of tokens.
        output_dim: Size of the vectors.
        **kwargs: As in `keras.layers.Embedding`.

    Call arguments:
        inputs: Token ids, integers `(...)`.

    Returns:
        Vectors `(..., output_dim)`, in the layer's compute dtype.

    Example:

    >>> ScaledEmbedding(1000, 64)(tf.constant([[3, 4, 5]])).shape
    TensorShape([1, 3, 64])

    Reference:
        Vaswani et al. (2017), Attention is all you need, section 3.4.
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs):
        kwargs.setdefault("embeddings_initializer", keras.initializers.RandomNormal(stddev=output_dim**-0.5))
        super().__init__(input_dim, output_dim, **kwargs)

    def call(self, inputs):
        return super().call(inputs) * self.output_dim**0.5


@dataclass(frozen=True)
class FactoredLogits:
    """Logits z = E o + b in factored form.

    A loss that supports this type, such as `SmoothedCrossEntropy`, is computed from the factors
    without storing all logits. Any other operation of TensorFlow, Keras or NumPy, and an index, is
    applied to the tensor of the logits, which is computed each time.

    Attributes:
        outputs: o, float `(..., size)`; the product is computed in its dtype.
        embeddings: E, float `(tokens, size)`.
        bias: b, float32 `(tokens,)`.

    Example:

    >>> logits = FactoredLogits(tf.ones([2, 3]), tf.ones([5, 3]), tf.zeros([5]))
    >>> tf.argmax(logits, axis=-1).shape, logits.shape
    (TensorShape([2]), TensorShape([2, 5]))
    >>> logits[0].shape, np.exp(logits).shape
    (TensorShape([5]), (2, 5))
    """

    outputs: tf.Tensor
    embeddings: tf.Tensor
    bias: tf.Tensor

    @property
    def shape(self) -> tf.TensorShape:
        """Static shape `(..., tokens)`."""
        return self.outputs.shape[:-1] + self.embeddings.shape[:1]

    @property
    def dtype(self) -> tf.DType:
        """float32."""
        return tf.float32

    def compute(self) -> tf.Tensor:
        """The logits, float32 `(..., tokens)`."""
        kernel = tf.cast(self.embeddings, self.outputs.dtype)
        rows = tf.reshape(self.outputs, [-1, self.outputs.shape[-1]])
        logits = tf.matmul(rows, kernel, transpose_b=True)
        logits = tf.reshape(logits, [*tf.unstack(tf.shape(self.outputs))[:-1], kernel.shape[0]])
        return tf.cast(logits, tf.float32) + self.bias

    def numpy(self) -> np.ndarray:
        """The logits as a NumPy array; for eager tensors only."""
        return self.compute().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:  # NumPy's contract
            raise ValueError("FactoredLogits are computed when they become an array: copy=False is not possible.")
        return np.asarray(self.numpy(), dtype)

    def __getitem__(self, index: Any) -> tf.Tensor:
        return self.compute()[index]

    def __iter__(self) -> Iterator[tf.Tensor]:
        return iter(self.compute())

    def __len__(self) -> int:
        return len(self.outputs)


def _to_tensor(logits, dtype=None, name=None, as_ref=False):
    return tf.cast(logits.compute(), dtype or tf.float32, name=name)


tf.register_tensor_conversion_function(FactoredLogits, _to_tensor)


def _operator(name):
    """An operator of `tf.Tensor`, for `FactoredLogits`."""
    return lambda logits, *others: getattr(logits.compute(), name)(*others)


for _name in ("add", "sub", "mul", "truediv", "neg", "lt", "le", "gt", "ge"):
    for _side in ("", "r"):
        if hasattr(tf.Tensor, method := f"__{_side}{_name}__"):
            setattr(FactoredLogits, method, _operator(method))


def token_logits(
    outputs: tf.Tensor, embedding: keras.layers.Embedding, bias: tf.Tensor, training: bool = False
) -> "tf.Tensor | FactoredLogits":
    """Logits z = E o + b.

    Args:
        outputs: o, float `(..., size)`.
        embedding: Layer with the weights E, `(tokens, size)`.
        bias: b, float32 `(tokens,)`.
        training: Whether the logits are used for a loss only. Default False.

    Returns:
        The logits, float32 `(..., tokens)`; in training as `FactoredLogits`.
    """
    logits = FactoredLogits(outputs, tf.convert_to_tensor(embedding.embeddings), tf.convert_to_tensor(bias))
    return logits if training else logits.compute()
