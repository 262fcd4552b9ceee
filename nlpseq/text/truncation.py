"""Truncation of sequences."""

import tensorflow as tf


def truncate_middle(sequences: tf.RaggedTensor, max_length: int, head: int) -> tf.RaggedTensor:
    """Drops items from the middle of rows of more than `max_length` items.

    Args:
        sequences: ragged `(rows, None)`.
        max_length: number of items that are kept of a longer row.
        head: how many of them come from the start; the others come from the end.

    Returns:
        Ragged `(rows, None)` of the same dtype.
    """
    from_start = tf.ragged.range(sequences.row_lengths())
    from_end = tf.ragged.range(sequences.row_lengths(), 0, -1)
    return tf.ragged.boolean_mask(sequences, (from_start < head) | (from_end <= max_length - head))
