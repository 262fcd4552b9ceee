"""The matrix product of a cell with its weights, its masks, and its gradients by hand.

`masks` is None, one dropout mask `(batch, features)` for all gates, or a list
of one mask a gate. Rows are `(..., batch, features)`, kernels `(features,
gates * units)`, products `(..., batch, gates * units)`.
"""

import tensorflow as tf


def gate_product(rows, kernel, masks=None, bias=None):
    """`(rows * mask) @ kernel + bias`."""
    if isinstance(masks, (list, tuple)):
        blocks = zip(masks, tf.split(kernel, len(masks), axis=-1))
        product = tf.concat([_times(rows * mask, block) for mask, block in blocks], axis=-1)
    else:
        product = _times(rows if masks is None else rows * masks, kernel)
    return product if bias is None else product + bias


def rows_gradient(gradient, transposed, masks=None):
    """The gradient of `gate_product` with respect to its rows, from the transposed kernel.

    Where many products take one kernel it is best transposed before, which makes them
    faster by up to a third.
    """
    if isinstance(masks, (list, tuple)):
        count = len(masks)
        gates = zip(masks, tf.split(gradient, count, axis=-1), tf.split(transposed, count, axis=0))
        return sum(mask * _times(part, block) for mask, part, block in gates)
    back = _times(gradient, transposed)
    return back if masks is None else back * masks


def kernel_gradient(rows, gradient, masks=None):
    """The gradient of `gate_product` with respect to its kernel: one product over all rows."""
    if isinstance(masks, (list, tuple)):
        parts = zip(masks, tf.split(gradient, len(masks), axis=-1))
        return tf.concat([kernel_gradient(rows, part, mask) for mask, part in parts], axis=-1)
    rows = rows if masks is None else rows * masks
    return tf.matmul(_flat(rows), _flat(gradient), transpose_a=True)


# Of products whose columns come in blocks, one of them after the other.


def block_rows_gradient(gradients, blocks, masks=None):
    """The gradient with respect to the rows: the sum over the blocks of the transposed kernel."""
    masks = _block_masks(gradients, masks)
    return sum(map(rows_gradient, gradients, blocks, masks))


def block_kernel_gradient(rows, gradients, masks=None):
    """The gradient with respect to the kernel: its blocks side by side."""
    masks = _block_masks(gradients, masks)
    blocks = [kernel_gradient(rows, each, mask) for each, mask in zip(gradients, masks)]
    return blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=-1)


def _block_masks(gradients, masks):
    """The masks of each block: all of them, or those of its gates."""
    if not isinstance(masks, (list, tuple)):
        return [masks] * len(gradients)
    widths = [each.shape[-1] for each in gradients]
    ends = [sum(widths[: i + 1]) * len(masks) // sum(widths) for i in range(len(widths))]
    return [masks[end - width * len(masks) // sum(widths) : end] for end, width in zip(ends, widths)]


def _times(rows, kernel):
    if len(rows.shape) == 2:
        return tf.matmul(rows, kernel)
    product = tf.matmul(_flat(rows), kernel)
    return tf.reshape(product, tf.concat([tf.shape(rows)[:-1], [kernel.shape[1]]], axis=0))


def _flat(rows):
    return tf.reshape(rows, (-1, rows.shape[-1]))
