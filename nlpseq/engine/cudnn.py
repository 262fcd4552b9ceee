"""A run of an LSTM or a GRU by Keras's own layer, which calls the fused kernels of cuDNN where there is a GPU.

What cuDNN lacks stays with the engine: other cells and activations, variants of the equations, dropout within the
recurrence, and masks whose padding is not at the end. Without a GPU Keras computes the same by a plain loop, with which
the tests compare; the kernels themselves have not been measured or tested on a GPU.
"""

import weakref
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells import GRUCell
from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.engine import kernels

_layers = weakref.WeakKeyDictionary()  # cell -> the layer of Keras that computes it


def has_fused_kernel(cell: RecurrentCell, inputs: tf.Tensor) -> bool:
    """Whether cuDNN has the cell, in the dtype of the inputs."""
    if inputs.dtype not in (tf.float16, tf.float32) or inputs.shape[-1] is None:
        return False
    if type(cell) is GRUCell:
        functions = cell.activation is keras.activations.tanh, cell.recurrent_activation is keras.activations.sigmoid
        return all(functions) and not (cell.layer_normalization or any(cell.zoneout_rates)) and cell.use_bias
    return kernels.has_kernel(cell) and cell.use_bias


def run(
    cell: RecurrentCell,
    inputs: tf.Tensor,
    states: list[tf.Tensor],
    mask: tf.Tensor | None,
    weights: Any,
    *,
    return_sequences: bool,
    reverse: bool,
    time_major: bool,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Outputs and final states, as of `nlpseq.engine.recurrence.run`; the padding of the mask is at the end.

    Outputs at padded steps mean nothing.
    """
    steps = tf.transpose(inputs, [1, 0, 2]) if time_major else inputs
    mask = tf.transpose(mask) if time_major and mask is not None else mask
    lengths = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    steps = _reversed(steps, lengths) if reverse else steps
    layer = _layer_of(cell, steps)
    values = [weights.kernel, weights.recurrent_kernel, weights.bias]
    if weights.recurrent_bias is not None:
        values[2] = tf.stack([weights.bias, weights.recurrent_bias])
    others = [variable.value for variable in layer.non_trainable_variables]
    (outputs, *final), _ = layer.stateless_call(values, others, steps, initial_state=list(states), mask=mask)
    final = [tf.cast(state, start.dtype) for state, start in zip(final, states)]
    if not return_sequences:
        return tf.cast(final[0], inputs.dtype), final
    outputs = _reversed(outputs, lengths) if reverse else outputs
    return (tf.transpose(outputs, [1, 0, 2]) if time_major else outputs), final


def padding_at_end(mask: tf.Tensor, time_major: bool) -> tf.Tensor:
    """Whether no step of a mask follows a padded one, and no sequence is empty: a bool scalar."""
    mask = tf.transpose(mask) if time_major else mask
    return tf.reduce_all(mask[:, :1]) & ~tf.reduce_any(mask[:, 1:] & ~mask[:, :-1])


def _layer_of(cell, steps):
    if cell not in _layers:
        kind = keras.layers.GRU if type(cell) is GRUCell else keras.layers.LSTM
        options = {"return_sequences": True, "return_state": True, "dtype": steps.dtype.name}
        with tf.init_scope():
            layer = kind(cell.units, **options)
            layer.build((None, None, steps.shape[-1]))
        _layers[cell] = layer
    return _layers[cell]


def _reversed(steps, lengths):
    if lengths is None:
        return tf.reverse(steps, [1])
    return tf.reverse_sequence(steps, lengths, seq_axis=1, batch_axis=0)


def nothing_dropped(masks: RandomMasks) -> bool:
    """Whether no random mask applies within the run."""
    return all(value is None for value in masks)
