"""The matrix product of a cell with its weights, under dropout masks."""

import tensorflow as tf

from nlpseq.cells.contract import DropoutMasks


def gate_product(
    rows: tf.Tensor, kernel: tf.Tensor, masks: DropoutMasks = None, bias: tf.Tensor | None = None
) -> tf.Tensor:
    """`(rows * mask) @ kernel + bias`.

    Args:
        rows: `(..., features)`.
        kernel: `(features, gates * units)`.
        masks: dropout mask that broadcasts with `rows`, a list of one mask a gate, or None.
        bias: `(gates * units,)`. Default None, zero.

    Returns:
        `(..., gates * units)`.
    """
    if isinstance(masks, (list, tuple)):
        blocks = zip(masks, tf.split(kernel, len(masks), axis=-1))
        product = tf.concat([matmul(rows * mask, block) for mask, block in blocks], axis=-1)
    else:
        product = matmul(rows if masks is None else rows * masks, kernel)
    return product if bias is None else product + bias


def matmul(rows: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """`rows @ kernel` of rows `(..., features)`, as one product of matrices."""
    if len(rows.shape) == 2:
        return tf.matmul(rows, kernel)
    product = tf.matmul(flatten_rows(rows), kernel)
    return tf.reshape(product, tf.concat([tf.shape(rows)[:-1], [kernel.shape[1]]], axis=0))


def flatten_rows(rows: tf.Tensor) -> tf.Tensor:
    """Rows `(..., features)` as one matrix."""
    return tf.reshape(rows, (-1, rows.shape[-1]))
