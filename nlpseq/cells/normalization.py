"""Layer normalization."""

import tensorflow as tf

EPSILON = 1e-5  # added to the variance, as in Ba et al. (2016)


def layer_normalize(rows: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor | None = None) -> tf.Tensor:
    """Layer normalization (Ba et al. 2016, equation 4) over the last axis.

        y = gain * (x - mean(x)) / sqrt(variance(x) + EPSILON) + shift

    Args:
        rows: `(..., columns)`.
        gain: `(columns,)`.
        shift: `(columns,)`. Default None, zero.
    """
    rows = rows - tf.reduce_mean(rows, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(rows), axis=-1, keepdims=True)
    rows = rows * tf.math.rsqrt(variance + EPSILON) * gain
    return rows if shift is None else rows + shift
