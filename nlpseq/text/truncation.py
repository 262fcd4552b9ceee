"""Long sequences made short."""

import tensorflow as tf


def truncate_middle(sequences, most, start):
    """The first `start` and the last `most - start` items of each ragged row `(rows, None)`.

    Rows of up to `most` items stay as they are.
    """
    from_start = tf.ragged.range(sequences.row_lengths())
    from_end = tf.ragged.range(sequences.row_lengths(), 0, -1)
    return tf.ragged.boolean_mask(sequences, (from_start < start) | (from_end <= most - start))
