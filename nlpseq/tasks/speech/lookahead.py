"""A convolution over the outputs of the next steps, for recognizers that read forward."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("nlpseq")
class Lookahead(keras.layers.Layer):
    """Outputs that know a little of what follows, without a layer that reads backward.

        y_s = relu(sum_{k=0}^{ahead} W_k h_{s+k} + b)

    A letter often depends on the sounds behind it, as the first one of "eight". A network that reads forward would have
    to write it late, and to remember for how long.

    Args:
        ahead: Number of steps that follow and are read.
        units: Size of the outputs.

    Call arguments:
        hidden: h, `(batch, steps + ahead, size)`; zeros behind the end of a sound.

    Returns:
        y, `(batch, steps, units)`.

    Example:

    >>> tuple(Lookahead(ahead=2, units=5)(tf.ones([3, 7 + 2, 4])).shape)
    (3, 7, 5)

    Reference:
        Amodei et al. (2016), Deep Speech 2: end-to-end speech recognition in English and Mandarin, section 3.7; there
        W_k is diagonal.
    """

    def __init__(self, ahead: int, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.ahead, self.units = ahead, units
        self.convolution = keras.layers.Conv1D(units, ahead + 1, activation="relu", dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        self.convolution.build(input_shape)
        self.built = True

    def call(self, hidden: tf.Tensor) -> tf.Tensor:
        rows, steps, _ = tf.unstack(tf.shape(hidden))
        # Of no rows TensorFlow's convolution returns the shape of its inputs.
        return tf.reshape(self.convolution(hidden), [rows, steps - self.ahead, self.units])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        steps = input_shape[1]
        return input_shape[0], None if steps is None else steps - self.ahead, self.units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ahead": self.ahead, "units": self.units}
