"""The gradients of `nlpseq.cells.products.gate_product`, derived by hand.

For P = (X * M) W and the gradient dP of a loss:

    dX = M * (dP W^T)        dW = (X * M)^T dP

Rows are `(..., batch, features)`, kernels `(features, gates * units)`, products `(...,
batch, gates * units)`. `masks` is None, one dropout mask M for all gates, or a list of one
mask for each gate. The `block_` functions take products whose columns are split into blocks.
"""

from collections.abc import Sequence

import tensorflow as tf

from nlpseq.cells.contract import DropoutMasks
from nlpseq.cells.products import flatten_rows, matmul


def rows_gradient(gradient: tf.Tensor, transposed: tf.Tensor, masks: DropoutMasks = None) -> tf.Tensor:
    """dX from dP and the transposed kernel.

    Where many products use the same kernel, it is faster by up to a third to transpose it
    once before.
    """
    if isinstance(masks, (list, tuple)):
        count = len(masks)
        gates = zip(masks, tf.split(gradient, count, axis=-1), tf.split(transposed, count, axis=0))
        return sum(mask * matmul(gate_gradient, block) for mask, gate_gradient, block in gates)
    product = matmul(gradient, transposed)
    return product if masks is None else product * masks


def kernel_gradient(rows: tf.Tensor, gradient: tf.Tensor, masks: DropoutMasks = None) -> tf.Tensor:
    """dW from X and dP: one product over all rows."""
    if isinstance(masks, (list, tuple)):
        gates = zip(masks, tf.split(gradient, len(masks), axis=-1))
        return tf.concat([kernel_gradient(rows, gate_gradient, mask) for mask, gate_gradient in gates], axis=-1)
    rows = rows if masks is None else rows * masks
    return tf.matmul(flatten_rows(rows), flatten_rows(gradient), transpose_a=True)


def block_rows_gradient(
    gradients: Sequence[tf.Tensor], transposed: Sequence[tf.Tensor], masks: DropoutMasks = None
) -> tf.Tensor:
    """dX, the sum over the blocks of dP and of the transposed kernel."""
    return sum(map(rows_gradient, gradients, transposed, _block_masks(gradients, masks)))


def block_kernel_gradient(rows: tf.Tensor, gradients: Sequence[tf.Tensor], masks: DropoutMasks = None) -> tf.Tensor:
    """dW, the blocks side by side."""
    blocks = [
        kernel_gradient(rows, gradient, mask) for gradient, mask in zip(gradients, _block_masks(gradients, masks))
    ]
    return blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=-1)


def bias_gradient(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """The gradient of a bias: the sum of dP over batch and time."""
    return tf.concat([tf.reduce_sum(gradient, axis=(0, 1)) for gradient in gradients], axis=0)


def _block_masks(gradients, masks):
    """The masks of each block: all of them, or those of its gates."""
    if not isinstance(masks, (list, tuple)):
        return [masks] * len(gradients)
    widths = [gradient.shape[-1] for gradient in gradients]
    ends = [sum(widths[: i + 1]) * len(masks) // sum(widths) for i in range(len(widths))]
    return [masks[end - width * len(masks) // sum(widths) : end] for end, width in zip(ends, widths)]
