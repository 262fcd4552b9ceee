"""The two loops of a recurrence over one tile: what XLA compiles.

A tile is a piece of a batch: so many steps of so many rows, time-major. Its shape is one of a few
capacities, and how many of its steps are run is an input, so that one compiled program serves
sequences of every length, in both directions. Everything that is one large product over many steps
is outside: see `nlpseq.engine.tiles`.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from nlpseq.cells.contract import RandomMasks
from nlpseq.cells.products import gate_product
from nlpseq.engine.loops import StepSpec, hold_states, recurrent_blocks, split_gradients, split_rows
from nlpseq.engine.nests import flatten
from nlpseq.engine.products import block_rows_gradient


class LoopWeights(NamedTuple):
    """The weights that the loops use.

    Attributes:
        recurrent_kernel: `(units, columns)`.
        bias, recurrent_bias: `(columns,)`, or None.
        step: the weights of the step.
    """

    recurrent_kernel: tf.Tensor
    bias: tf.Tensor | None
    recurrent_bias: tf.Tensor | None
    step: list[tf.Tensor]


class Tile(NamedTuple):
    """What both loops read.

    Attributes:
        count: how many steps are run, a scalar.
        reverse: 1 if time runs from the end to the start, else 0, a scalar.
        real: bool `(steps, rows)`, or None.
        masks: the random masks of the tile, `zoneout` time-major.
    """

    count: tf.Tensor
    reverse: tf.Tensor
    real: tf.Tensor | None
    masks: RandomMasks


class Position(NamedTuple):
    """Where a step, and the states before and after it, stand in their sequences."""

    step: tf.Tensor
    before: tf.Tensor
    after: tf.Tensor


def forward(
    spec: StepSpec, save: bool, tile: Tile, wx: tf.Tensor, weights: LoopWeights, states: list[tf.Tensor]
) -> tuple[list[tf.Tensor], list[tf.Tensor], list[tf.Tensor]]:
    """Runs the steps of a tile.

    Args:
        spec: the step specification.
        save: whether to save what `backward` needs.
        tile: what both loops read.
        wx: the input half without its bias, `(steps, rows, columns)`.
        weights: the weights.
        states: the states before the first step, `(rows, size)`.

    Returns:
        `(sequences, blocks, final_states)`: the states, or without `save` the first one only,
        `(steps + 1, rows, size)`: the state before step t stands at `t + reverse`, the one after
        it at `t + 1 - reverse`; the blocks of both halves at each step, or without `save` nothing.
    """
    compute_dtype, state_dtype = wx.dtype, states[0].dtype
    steps, rows = tf.shape(wx)[0], tf.shape(wx)[1]
    saved = states if save else states[:1]
    dtypes = [compute_dtype, *(state.dtype for state in saved[1:])]
    sequences = [
        write(tf.zeros([steps + 1, rows, state.shape[-1]], dtype), tile.reverse * tile.count, tf.cast(state, dtype))
        for state, dtype in zip(saved, dtypes)
    ]
    widths = spec.widths(wx.shape[2], weights.recurrent_kernel.shape[1]) if save else []
    blocks = [tf.zeros([steps, rows, width], compute_dtype) for width in widths]

    def step(at, slices, carry):
        states, sequences, blocks = carry
        wx, real, zoneout = slices
        wx = wx if weights.bias is None else wx + weights.bias
        hidden = tf.cast(states[0], compute_dtype)
        uh = gate_product(hidden, weights.recurrent_kernel, tile.masks.recurrent, weights.recurrent_bias)
        halves = [tf.cast(half, state_dtype) for half in (wx, uh)]
        new = list(spec.step(weights.step, *halves, list(states), tile.masks._replace(zoneout=zoneout)))
        new = hold_states(real, new, states)
        values = [tf.cast(state, sequence.dtype) for state, sequence in zip(new, sequences)]
        sequences = [write(s, at.after, value) for s, value in zip(sequences, values)]
        if save:
            blocks = [write(block, at.step, value) for block, value in zip(blocks, spec.to_blocks(wx, uh))]
        return new, sequences, blocks

    carry = (list(states), sequences, blocks)
    prefetch = spec.additive < wx.shape[2]
    states, sequences, blocks = scan_tile(tile, step, carry, [wx, tile.real, tile.masks.zoneout], prefetch=prefetch)
    return sequences, blocks, states


def backward(
    spec: StepSpec,
    tile: Tile,
    weights: LoopWeights,
    sequences: list[tf.Tensor],
    blocks: list[tf.Tensor],
    d_outputs: tf.Tensor,
    d_states: list[tf.Tensor],
) -> tuple[list[tf.Tensor], list[tf.Tensor], list[tf.Tensor]]:
    """Backpropagation through the steps of a tile.

    Args:
        spec, tile, weights: as in `forward`.
        sequences, blocks: what `forward` saved.
        d_outputs: the gradient of the outputs, `(steps, rows, units)`.
        d_states: the gradients of the final states.

    Returns:
        `(d_blocks, d_states, d_step_weights)`.
    """
    compute_dtype, state_dtype = blocks[0].dtype, d_states[0].dtype
    kernels = split_rows(tf.transpose(weights.recurrent_kernel), recurrent_blocks(blocks))

    def step(at, slices, carry):
        d_states, written, d_step_weights = carry
        real, zoneout, d_output, *saved = slices
        saved_blocks, before = saved[: len(blocks)], [read(s, at.before) for s in sequences]
        d_states = [d_states[0] + tf.cast(d_output, state_dtype), *d_states[1:]]
        before = [tf.cast(state, state_dtype) for state in before]
        saved_blocks = [tf.cast(block, state_dtype) for block in saved_blocks]
        d_new, d_held = split_gradients(real, d_states)
        masks = tile.masks._replace(zoneout=zoneout)
        d_blocks, d_before, d_more = spec.gradients(weights.step, saved_blocks, before, masks, d_new)
        d_blocks = [tf.cast(d_block, compute_dtype) for d_block in d_blocks]
        d_hidden = block_rows_gradient(recurrent_blocks(d_blocks), kernels, tile.masks.recurrent)
        d_before = [d_before[0] + tf.cast(d_hidden, state_dtype), *d_before[1:]]
        d_before = [d if held is None else d + held for d, held in zip(d_before, d_held)]
        written = [write(sequence, at.step, d_block) for sequence, d_block in zip(written, d_blocks)]
        return d_before, written, [total + gradient for total, gradient in zip(d_step_weights, d_more)]

    carry = (d_states, [tf.zeros_like(b) for b in blocks], [tf.zeros_like(weight) for weight in weights.step])
    slices = [tile.real, tile.masks.zoneout, d_outputs, *blocks]
    d_states, d_blocks, d_step_weights = scan_tile(tile, step, carry, slices, backward=True)
    return d_blocks, d_states, d_step_weights


def scan_tile(tile, step, carry, sequences, backward=False, prefetch=False):
    """The carry after calling `step(position, slices, carry)` for the steps that are run.

    backward: whether to run against the direction of the tile.
    prefetch: whether the slices are read one step ahead and carried: if a step computes the new
    state directly from a slice and the old state, XLA updates the state in place, and then
    compiles a step that also reads a slice without vector instructions.
    """
    last = tf.maximum(tile.count - 1, 0)
    from_end = 1 - tile.reverse if backward else tile.reverse
    start, stride = from_end * last, 1 - 2 * from_end

    def slices_at(step):
        return [None if sequence is None else read(sequence, step) for sequence in sequences]

    def body(number, slices, carry):
        at = start + stride * number
        values = iter(slices)
        current = [None if s is None else next(values) for s in sequences] if prefetch else slices_at(at)
        carry = step(Position(at, at + tile.reverse, at + 1 - tile.reverse), current, carry)
        slices = flatten(slices_at(start + stride * tf.minimum(number + 1, last))) if prefetch else []
        return number + 1, slices, carry

    slices = flatten(slices_at(start)) if prefetch else []
    return tf.while_loop(lambda number, *_: number < tile.count, body, (0, slices, carry))[-1]


def read(sequence, at):
    """The step `at`."""
    # XLA takes the index of a slice for a constant, and compiles a program for each of its values.
    return tf.gather(sequence, at)


def write(sequence, at, value):
    """The sequence after writing the step `at`."""
    return keras.ops.slice_update(sequence, [at, *[0] * len(value.shape)], value[tf.newaxis])
