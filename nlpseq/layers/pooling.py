"""Pooling of a sequence into one vector."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check_mask, check_mask_shape
from nlpseq.cells.padding import zero_padding
from nlpseq.errors import InputError, one_of

POOLINGS = ("max", "mean", "max_mean", "attention")


@keras.saving.register_keras_serializable("nlpseq")
class Pooling(keras.layers.Layer):
    """Pools a sequence over its real time steps.

        max        p = max_t h_t
        mean       p = (1 / T) sum_t h_t
        max_mean   both, concatenated
        attention  p = sum_t a_t h_t,   a = softmax_t(v . tanh(W h_t + b))
                   (Yang et al. 2016, equations 5 to 7)

    The result for a sequence without a real step is zero.

    Args:
        pooling: "max", "mean", "max_mean" or "attention". Default "max".
        **kwargs: as in `keras.layers.Layer`.

    Call arguments:
        sequences: Float tensor `(batch, time, features)`.
        mask: Bool `(batch, time)`, True = real; the values of other steps do not matter, NaN
            included. Default None, all steps are real.

    Returns:
        `(batch, features)`, or `(batch, 2 * features)` with "max_mean".

    Weights:
        With "attention" kernel W `(features, features)`, bias b `(features,)`,
        context v `(features,)`; otherwise none.

    Raises:
        InputError: `pooling` is unknown; sequences or mask have other shapes.

    Example:

    >>> x = np.array([[[1.0, 4.0], [3.0, 2.0]]], "float32")
    >>> Pooling("max")(x).numpy().tolist()
    [[3.0, 4.0]]

    Reference:
        Yang et al. (2016), Hierarchical attention networks for document classification.
    """

    def __init__(self, pooling: str = "max", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pooling = one_of("pooling", pooling, POOLINGS)
        self.supports_masking = True

    def build(self, input_shape: Sequence) -> None:
        if len(input_shape) != 3:
            raise InputError(
                f"layer '{self.name}' needs sequences (batch, time, features), got the shape {tuple(input_shape)}."
            )
        self.input_spec = keras.InputSpec(ndim=3, axes={-1: input_shape[-1]} if self.pooling == "attention" else None)
        if self.pooling == "attention":
            features = input_shape[-1]
            self.kernel = self.add_weight(name="kernel", shape=(features, features))
            self.bias = self.add_weight(name="bias", shape=(features,), initializer="zeros")
            self.context = self.add_weight(name="context", shape=(features,), initializer="normal")
        self.built = True

    def call(self, sequences: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        if mask is None:
            mask = tf.ones(tf.shape(sequences)[:2], bool)
        mask = check_mask(mask, sequences, f"layer '{self.name}'")
        sequences, real = zero_padding(sequences, mask), mask[..., tf.newaxis]
        if self.pooling == "max":
            return _maximum(sequences, real)
        pooled = tf.reduce_sum(sequences * self._weights(sequences, real), axis=1)
        if self.pooling == "max_mean":
            pooled = tf.concat([_maximum(sequences, real), pooled], axis=-1)
        return pooled

    def _weights(self, sequences, real):
        """Weights `(batch, time, 1)`, whose sum over the real steps is one if there are any."""
        if self.pooling != "attention":
            scores = tf.zeros_like(sequences[..., :1])
        else:
            hidden = tf.tanh(tf.matmul(sequences, self.kernel) + self.bias)
            scores = tf.reduce_sum(hidden * self.context, axis=-1, keepdims=True)
        scores = tf.where(real, scores, tf.fill(tf.shape(scores), scores.dtype.min))
        return tf.nn.softmax(scores, axis=1)

    def compute_mask(self, inputs: tf.Tensor, mask: tf.Tensor | None = None) -> None:
        return None

    def compute_output_spec(self, sequences: Any, mask: Any = None) -> Any:
        if mask is not None:
            check_mask_shape(mask.shape, sequences.shape, f"layer '{self.name}'")
        return keras.KerasTensor(self.compute_output_shape(sequences.shape), self.compute_dtype)

    def compute_output_shape(self, input_shape: Sequence) -> tuple:
        return (input_shape[0], input_shape[-1] * (2 if self.pooling == "max_mean" else 1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pooling": self.pooling}


def _maximum(sequences, real):
    """The maximum of each feature over the real steps; zero if there are none."""
    smallest = tf.fill(tf.shape(sequences), sequences.dtype.min)
    maximum = tf.reduce_max(tf.where(real, sequences, smallest), axis=1)
    return tf.where(tf.reduce_any(real, axis=1), maximum, tf.zeros_like(maximum))
