"""Truncation of texts and of sequences."""

import tensorflow as tf


def truncate_texts(texts: tf.Tensor, head: int, tail: int = 0, mark: str = "") -> tf.Tensor:
    """Drops characters from the middle of texts of more than `head + tail` characters.

    Args:
        texts: string `(n,)`, valid UTF-8.
        head, tail: number of characters that are kept at the start and at the end.
        mark: what stands in their place. Default nothing.

    Returns:
        string `(n,)`.

    Example:

    >>> truncate_texts(tf.constant(["abcdef", "abc"]), 2, 1, "~").numpy().tolist()
    [b'ab~f', b'abc']
    """
    lengths = tf.strings.length(texts, "UTF8_CHAR")
    ends = tf.strings.substr(texts, tf.maximum(lengths - tail, 0), tf.fill(tf.shape(texts), tail), "UTF8_CHAR")
    starts = tf.strings.substr(texts, 0, head, "UTF8_CHAR")
    return tf.where(lengths > head + tail, tf.strings.join([starts, mark, ends]), texts)


def truncate_middle(sequences: tf.RaggedTensor, max_length: int, head: int) -> tf.RaggedTensor:
    """Drops items from the middle of rows of more than `max_length` items.

    Args:
        sequences: ragged `(rows, None)`.
        max_length: number of items that are kept of a longer row.
        head: how many of them come from the start; the others come from the end.

    Returns:
        Ragged `(rows, None)` of the same dtype.
    """
    # Not by tf.ragged.boolean_mask: each trace of that makes five hundred operations.
    lengths, rows, splits = sequences.row_lengths(), sequences.value_rowids(), sequences.row_splits
    places = tf.range(tf.size(rows, splits.dtype))
    from_start, from_end = places - tf.gather(splits, rows), tf.gather(splits, rows + 1) - places
    indices = tf.where((from_start < head) | (from_end <= max_length - head))[:, 0]
    lengths = tf.minimum(lengths, max_length)
    return tf.RaggedTensor.from_row_lengths(tf.gather(sequences.values, indices), lengths, validate=False)
