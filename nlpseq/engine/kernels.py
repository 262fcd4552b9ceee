"""A run of an LSTM by one op of TensorFlow, for small batches of exports, where the ops of a loop cost most.

The op, BlockLSTMV2, is part of TensorFlow's core and computes the same equations. It knows no mask: padding must be
at the end of the sequences, a reversed run reverses each sequence by its length, and a final state is that of
its last real step. Outputs at padded steps mean nothing.
"""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells import LSTMCell
from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.engine import recurrence
from nlpseq.engine.substitution import substituted_runs

MOST_ROWS = 16  # from about this batch on, the loop is as fast: its products fill the processor


def run_by_kernel(
    cell: RecurrentCell,
    inputs: tf.Tensor,
    states: list[tf.Tensor],
    mask: tf.Tensor | None,
    *,
    return_sequences: bool,
    reverse: bool,
    time_major: bool,
) -> tuple[tf.Tensor, list[tf.Tensor]] | None:
    """Arguments and result as `nlpseq.engine.substituted_runs` describes; None for cells without a kernel."""
    if not has_kernel(cell) or inputs.dtype != tf.float32:
        return None
    order: Any = {"return_sequences": return_sequences, "reverse": reverse, "time_major": time_major}
    arguments = cell, inputs, states, mask

    def loop():
        with substituted_runs(lambda *arguments, **order: None):
            return recurrence.run(*arguments, **order)

    rows = inputs.shape[1 if time_major else 0]
    few = (tf.shape(inputs)[1 if time_major else 0] if rows is None else rows) <= MOST_ROWS
    outputs, final = tf.cond(few, lambda: _kernel(*arguments, **order), loop)
    outputs = tf.ensure_shape(outputs, [*inputs.shape[: 2 if return_sequences else 1], cell.units])
    return outputs, final


def _kernel(cell, inputs, states, mask, return_sequences, reverse, time_major):
    """The run by the op."""
    h, c = states
    steps = inputs if time_major else tf.transpose(inputs, [1, 0, 2])
    count = tf.shape(steps)[0]
    lengths = None
    if mask is not None:
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=0 if time_major else 1)
    steps = _reversed(steps, lengths) if reverse else steps
    weights, zeros = cell.run_weights(RandomMasks()), tf.zeros([cell.units])
    bias = tf.zeros([4 * cell.units]) if weights.bias is None else weights.bias
    kernel = tf.concat([weights.kernel, weights.recurrent_kernel], axis=0)
    sizes = {"seq_len_max": tf.cast(count, tf.int64), "cs_prev": c, "h_prev": h}
    peepholes = {"wci": zeros, "wcf": zeros, "wco": zeros}
    results = tf.raw_ops.BlockLSTMV2(x=steps, w=kernel, b=bias, **sizes, **peepholes)
    final = [_last(results.h, lengths, h), _last(results.cs, lengths, c)]
    if not return_sequences:
        return final[0], final
    outputs = _reversed(results.h, lengths) if reverse else results.h
    return (outputs if time_major else tf.transpose(outputs, [1, 0, 2])), final


def has_kernel(cell: RecurrentCell) -> bool:
    """Whether the cell is an LSTM without variants."""
    if type(cell) is not LSTMCell:
        return False
    variants = (
        cell.peephole,
        cell.coupled_gates,
        cell.projection_size,
        cell.layer_normalization,
        any(cell.zoneout_rates),
    )
    functions = cell.activation is keras.activations.tanh, cell.recurrent_activation is keras.activations.sigmoid
    return all(functions) and not any(variants)


def _reversed(steps, lengths):
    """Sequences `(time, batch, ...)`, each reversed within its length."""
    if lengths is None:
        return tf.reverse(steps, [0])
    return tf.reverse_sequence(steps, lengths, seq_axis=0, batch_axis=1)


def _last(steps, lengths, start):
    """The state after the last real step of each sequence; `start` of an empty one."""
    if lengths is None:
        return steps[-1]
    rows = tf.stack([tf.maximum(lengths - 1, 0), tf.range(tf.shape(lengths)[0])], axis=1)
    return tf.where(lengths[:, tf.newaxis] > 0, tf.gather_nd(steps, rows), start)
