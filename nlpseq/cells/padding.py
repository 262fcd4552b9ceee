"""Padding: what stands at masked steps must not matter, not even a NaN."""

import tensorflow as tf


def zero_padding(sequences: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """Sequences with zeros at their masked steps.

    Products and gradients of a masked step are multiplied by zero, which leaves a NaN or an infinity as
    NaN: it would reach the gradients of all weights.

    Args:
        sequences: Float `(batch, time, features)`, or time-major as the mask.
        mask: Bool `(batch, time)`, True = real; None for sequences without padding.

    Example:

    >>> zero_padding(tf.constant([[[1.0], [np.nan]]]), tf.constant([[True, False]])).numpy().tolist()
    [[[1.0], [0.0]]]
    """
    if mask is None:
        return sequences
    return tf.where(mask[..., tf.newaxis], sequences, tf.zeros([], sequences.dtype))
