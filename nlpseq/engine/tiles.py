"""Runs compiled loops over batches of any size and sequences of any length, tile by tile.

`nlpseq.engine.plans.Plan` divides a run into tiles, and pads each to a capacity (R, L), for which XLA
compiles one program; how many of its steps are run is an input. Steps after the last real one of a
block are not run. The products that need no state are plain TensorFlow at exact sizes: W x_t before
the loop of a tile, and after its reverse loop those with the inputs, with the states before each
step, and with the kernel.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from nlpseq.cells.contract import CellWeights, RandomMasks
from nlpseq.cells.products import gate_product
from nlpseq.engine.loops import input_blocks, split_rows, weight_gradients
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.plans import Plan
from nlpseq.engine.products import block_rows_gradient
from nlpseq.engine.tensor_lists import Lists
from nlpseq.engine.tile_loops import LoopWeights, Tile


class Run(NamedTuple):
    """The arguments of a run, time-major or batch-major.

    Attributes:
        inputs: `(batch, time, features)`.
        weights: the weights of the cell.
        states: the initial states, `(batch, size)`.
        mask: bool `(batch, time)`, or None.
        masks: the random masks.
        reverse: 1 if time runs from the end to the start, else 0, int32 scalar.
    """

    inputs: tf.Tensor
    weights: CellWeights
    states: list[tf.Tensor]
    mask: tf.Tensor | None
    masks: RandomMasks
    reverse: tf.Tensor


def forward(
    loop: Callable, save: bool, recompute: bool, widths: list[int], axis: int, run: Run
) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
    """Runs a cell over time.

    Args:
        loop: `tile_loops.forward`, compiled, `(save, tile, wx, weights, states)`.
        save: whether to save what `backward` needs.
        recompute: whether that is only the states before each tile.
        widths: the number of columns of each block of preactivations.
        axis: the time axis, 0 or 1.
        run: the arguments.

    Returns:
        `(outputs, final_states, saved)`: the sequence of the first state; the final states; lists
        for `backward`.
    """
    plan, weights, dtype = Plan(run.inputs, axis, run.mask), run.weights, run.inputs.dtype
    inputs, zoneout = plan.by_blocks(run.inputs), plan.by_blocks(run.masks.zoneout)
    starts, masks = plan.by_rows(run.states), plan.by_rows(_row_masks(run.masks))
    units = run.states[0].shape[1]
    count = plan.blocks * plan.tiles
    outputs = Lists.new([plan.length, plan.width, units], dtype, count)
    saved = [Lists.new(shape, kind, count) for shape, kind in _saved(plan, run, widths, recompute)] if save else []
    finals = [Lists.new([plan.rows, state.shape[1]], state.dtype, plan.blocks) for state in run.states]
    loop_weights = _loop_weights(weights)

    def block(number, outputs, saved, finals):
        block_masks = plan.block(masks, number)
        input_masks = plan.block(masks.inputs, number, padded=False)

        def tile(run_number, states, outputs, saved):
            at = plan.order(number, run_number, run.reverse)
            wx = plan.pad(gate_product(plan.tile(inputs, number, at), weights.kernel, input_masks))
            piece = _piece(plan, run, block_masks, zoneout, number, at)
            sequences, blocks, new = loop(save and not recompute, piece, wx, loop_weights, states)
            index = number * plan.tiles + at
            outputs = Lists.write(outputs, index, plan.unpad(sequences[0], 1 - run.reverse))
            values = states if recompute else [*sequences, *blocks]
            saved = [Lists.write(handle, index, value) for handle, value in zip(saved, values)]
            return _like(new, states), outputs, saved

        states, outputs, saved = plan.each_tile(number, tile, (plan.block(starts, number), outputs, saved))
        finals = [Lists.write(handle, number, state) for handle, state in zip(finals, states)]
        return outputs, saved, finals

    outputs, saved, finals = plan.each_block(block, (outputs, saved, finals))
    outputs = plan.join(Lists.stack(outputs, [plan.length, plan.width, units], dtype, [None, None, units]))
    states = [plan.join_rows(_stack_rows(plan, handle, like)) for handle, like in zip(finals, run.states)]
    return _hold_outputs(plan, run, outputs, states), states, saved


def backward(
    loops: tuple[Callable, Callable],
    recompute: bool,
    widths: list[int],
    axis: int,
    run: Run,
    saved: list[tf.Tensor],
    d_outputs: tf.Tensor,
    d_final: list[tf.Tensor],
) -> tuple[tf.Tensor, CellWeights, list[tf.Tensor]]:
    """Backpropagation through time: the gradients of `forward`.

    Args:
        loops: both compiled loops.
        recompute, widths, axis, run: as in `forward`.
        saved: what `forward` saved.
        d_outputs: the gradient of the outputs.
        d_final: the gradients of the final states.

    Returns:
        `(d_inputs, d_weights, d_states)`.
    """
    forward_loop, backward_loop = loops
    plan, weights, dtype = Plan(run.inputs, axis, run.mask), run.weights, run.inputs.dtype
    d_final, d_first = _with_held_outputs(plan, run, d_outputs, d_final)
    inputs, zoneout = plan.by_blocks(run.inputs), plan.by_blocks(run.masks.zoneout)
    d_outputs = plan.by_blocks(d_outputs)
    d_final, masks = plan.by_rows(d_final), plan.by_rows(_row_masks(run.masks))
    features = run.inputs.shape[2]
    loop_weights = _loop_weights(weights)
    transposed = tf.transpose(weights.kernel)
    reverse_weights = loop_weights._replace(bias=None, recurrent_bias=None)
    specs = _saved(plan, run, widths, recompute)
    d_inputs = Lists.new([plan.length, plan.width, features], dtype, plan.blocks * plan.tiles)
    d_states = [Lists.new([plan.rows, state.shape[1]], state.dtype, plan.blocks) for state in run.states]

    def block(number, d_inputs, d_weights, d_states):
        block_masks = plan.block(masks, number)
        input_masks = plan.block(masks.inputs, number, padded=False)
        recurrent_masks = plan.block(masks.recurrent, number, padded=False)

        def tile(run_number, d_carried, d_inputs, d_weights):
            at = plan.order(number, run_number, 1 - run.reverse)
            index, x = number * plan.tiles + at, plan.tile(inputs, number, at)
            piece = _piece(plan, run, block_masks, zoneout, number, at)
            values = _read(saved, specs, index)
            if recompute:  # from the states before the tile
                wx = plan.pad(gate_product(x, weights.kernel, input_masks))
                sequences, blocks, _ = forward_loop(True, piece, wx, loop_weights, values)
            else:
                sequences, blocks = values[: len(run.states)], values[len(run.states) :]
            d_tile = plan.pad(plan.tile(d_outputs, number, at))
            d_blocks, d_new, d_step = backward_loop(piece, reverse_weights, sequences, blocks, d_tile, d_carried)
            d_blocks = [plan.unpad(d_block, 0, (number, at)) for d_block in d_blocks]
            hidden, d_wx = plan.unpad(sequences[0], run.reverse, (number, at)), input_blocks(d_blocks)
            gradients = weight_gradients(weights, x, hidden, d_blocks, input_masks, recurrent_masks, d_step)
            d_weights = _added(d_weights, flatten(gradients))
            d_x = block_rows_gradient(d_wx, split_rows(transposed, d_wx), input_masks)
            return _like(d_new, d_carried), Lists.write(d_inputs, index, plan.fill(d_x)), d_weights

        start = plan.block(d_final, number)
        d_carried, d_inputs, d_weights = plan.each_tile(number, tile, (start, d_inputs, d_weights))
        d_states = [Lists.write(handle, number, d) for handle, d in zip(d_states, d_carried)]
        return d_inputs, d_weights, d_states

    d_inputs, d_weights, d_states = plan.each_block(block, (d_inputs, _totals(plan, weights), d_states))
    d_inputs = plan.join(Lists.stack(d_inputs, [plan.length, plan.width, features], dtype, [None, None, features]))
    d_states = [plan.join_rows(_stack_rows(plan, handle, like)) for handle, like in zip(d_states, run.states)]
    d_weights = [tf.cast(d_weight, weight.dtype) for d_weight, weight in zip(d_weights, flatten(weights))]
    return d_inputs, pack_as(weights, d_weights), [d_states[0] + d_first, *d_states[1:]]


def _row_masks(masks):
    """The masks that are the same at every step."""
    return masks._replace(zoneout=None, recurrent_kernel=None)


def _piece(plan, run, masks, zoneout, number, at):
    """What both loops read of a tile."""
    real = None if plan.real is None else plan.pad(plan.tile(plan.real, number, at))
    zoneout_masks = None if zoneout is None else plan.pad(plan.tile(zoneout, number, at))
    masks = RandomMasks(recurrent=masks.recurrent, zoneout=zoneout_masks, step=masks.step)
    return Tile(plan.count(number, at), run.reverse, real, masks)


def _hold_outputs(plan, run, outputs, final):
    """The outputs, at steps after the end the final state, or in reverse the initial one."""
    if run.mask is None:
        return outputs

    def held():
        state = tf.where(tf.equal(run.reverse, 1), run.states[0], final[0])
        return tf.where(plan.after_end(), tf.expand_dims(tf.cast(state, outputs.dtype), plan.axis), outputs)

    return tf.cond(plan.runs_all_steps, lambda: outputs, held)


def _with_held_outputs(plan, run, d_outputs, d_final):
    """The gradients of the final states with those of outputs after the end, and what these give the initial state."""
    if run.mask is None:
        return d_final, 0

    def held():
        held = tf.where(plan.after_end(), d_outputs, tf.zeros_like(d_outputs))
        return tf.cast(tf.reduce_sum(held, plan.axis), d_final[0].dtype)

    d_held = tf.cond(plan.runs_all_steps, lambda: tf.zeros_like(d_final[0]), held)
    d_held = tf.ensure_shape(d_held, [None, run.states[0].shape[1]])  # what comes from above may be of unknown size
    at_start = tf.cast(run.reverse, d_held.dtype)
    return [d_final[0] + (1 - at_start) * d_held, *d_final[1:]], at_start * d_held


def _loop_weights(weights):
    """Those that the loops use."""
    return LoopWeights(weights.recurrent_kernel, weights.bias, weights.recurrent_bias, weights.step)


def _totals(plan, weights):
    """Zeros for the sums over tiles, in float32 at least; nothing if there is one tile."""
    if plan.is_one_tile:
        return []
    return [tf.zeros(w.shape, tf.float32 if w.dtype.size < 4 else w.dtype) for w in flatten(weights)]


def _added(totals, gradients):
    """Sums with the gradients of one more tile, or these alone if there is one tile."""
    if not totals:
        return gradients
    return [total + tf.cast(gradient, total.dtype) for total, gradient in zip(totals, gradients)]


def _saved(plan, run, widths, recompute):
    """Shapes and dtypes of what is saved of a tile."""
    dtype = run.inputs.dtype
    if recompute:
        return [([plan.rows, state.shape[1]], state.dtype) for state in run.states]
    dtypes = [dtype, *(state.dtype for state in run.states[1:])]
    states = [([plan.steps + 1, plan.rows, s.shape[1]], kind) for s, kind in zip(run.states, dtypes)]
    return [*states, *(([plan.steps, plan.rows, width], dtype) for width in widths)]


def _read(saved, specs, index):
    """What was saved of a tile."""
    return [
        Lists.read(handle, index, shape, kind, [*[None] * (len(shape) - 1), shape[-1]])
        for handle, (shape, kind) in zip(saved, specs)
    ]


def _stack_rows(plan, handle, like):
    size = like.shape[1]
    return Lists.stack(handle, [plan.rows, size], like.dtype, [None, size])


def _like(tensors, others):
    return [tf.ensure_shape(tensor, other.shape) for tensor, other in zip(tensors, others)]
