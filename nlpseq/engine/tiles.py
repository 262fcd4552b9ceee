"""Runs compiled loops over batches of any size and sequences of any length, tile by tile.

    rows of a batch    ->  blocks of R rows        time  ->  tiles of L steps

A tile is padded to a capacity (R, L), for which XLA compiles one program; how many of its steps are
run is an input. Steps after the last real one of a block are not run. The products that need no
state are plain TensorFlow at exact sizes: W x_t before the loop of a tile, and after its reverse
loop those with the inputs, with the states before each step, and with the kernel.

The capacity depends on the number of rows alone, so that the same batch always gives the same
numbers, whatever was run before it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from nlpseq.cells.contract import CellWeights, RandomMasks
from nlpseq.cells.products import gate_product
from nlpseq.engine.layout import swap
from nlpseq.engine.loops import input_blocks, recurrent_blocks, split_rows
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.products import bias_gradient, block_kernel_gradient, block_rows_gradient
from nlpseq.engine.tile_loops import LoopWeights, Tile

# Capacities (rows, steps). A product of 64 rows runs at a higher rate than two of 32, and one row
# is a product with a vector.
CAPACITIES = ((1, 64), (8, 64), (32, 32), (64, 16))


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


def capacity(batch: Any) -> tuple[Any, Any]:
    """`(rows, steps)` of the tiles of a batch."""
    if isinstance(batch, int):
        return next((c for c in CAPACITIES if batch <= c[0]), CAPACITIES[-1])
    rows, steps = CAPACITIES[-1]
    for limit, length in reversed(CAPACITIES[:-1]):
        rows, steps = tf.where(batch <= limit, limit, rows), tf.where(batch <= limit, length, steps)
    return rows, steps


class Plan:
    """How a run is divided. All sizes are numbers if batch and time are known, else tensors.

    Attributes:
        rows, steps: the capacity.
        blocks, width: number of blocks and of rows in each.
        tiles, length: number of tiles and of steps in each.
        ends: the number of steps that each block runs, `(blocks,)`.
    """

    def __init__(self, sequence: tf.Tensor, axis: int, mask: tf.Tensor | None = None) -> None:
        shape = sequence.shape[:2] if sequence.shape[:2].is_fully_defined() else tf.shape(sequence)
        self.axis, self.batch, self.time = axis, shape[1 - axis], shape[axis]
        self.rows, self.steps = capacity(self.batch)
        self.blocks = -(-self.batch // self.rows)
        self.width = -(-self.batch // _at_least_one(self.blocks))
        self.tiles = -(-self.time // self.steps)
        self.length = -(-self.time // _at_least_one(self.tiles))
        self.real = None if mask is None else self.time_major(mask)
        self.ends = self._ends()

    def _ends(self):
        if self.real is None:
            return None
        real = tf.reduce_any(tf.reshape(self.real, [-1, self.blocks, self.width]), axis=2)
        numbers = tf.range(1, self.tiles * self.length + 1)[:, tf.newaxis]
        return tf.reduce_max(tf.where(real, numbers, 0), axis=0, keepdims=False)

    # Division

    def time_major(self, sequence):
        """A sequence as `(tiles * length, blocks * width, ...)`."""
        if sequence is None:
            return None
        if self.axis == 1:
            sequence = swap(sequence)
        return _pad(sequence, self.tiles * self.length - self.time, self.blocks * self.width - self.batch)

    def by_rows(self, values):
        """Values `(batch, ...)`, or a list of them or None, padded to whole blocks."""
        extra = self.blocks * self.width - self.batch
        return tf.nest.map_structure(lambda value: None if value is None else _pad(value, extra), values)

    def block(self, values, number, padded=True):
        """The rows of a block, padded to the capacity or not, of what `by_rows` returned."""

        def cut(value):
            if value is None:
                return None
            rows = tf.slice(value, [number * self.width, 0], [self.width, value.shape[1]])
            return _pad(rows, self.rows - self.width) if padded else rows

        return tf.nest.map_structure(cut, values)

    def tile(self, sequence, number, tile):
        """The steps of a tile of a block, of what `time_major` returned."""
        others = sequence.shape[2:]
        start = [tile * self.length, number * self.width, *[0] * len(others)]
        return tf.slice(sequence, start, [self.length, self.width, *others])

    def pad(self, tile):
        """A tile padded to the capacity."""
        return None if tile is None else _pad(tile, self.steps - self.length, self.rows - self.width)

    def unpad(self, tile, start: Any = 0):
        """The steps of a padded tile, from step `start`."""
        others = tile.shape[2:]
        return tf.slice(tile, [start, 0, *[0] * len(others)], [self.length, self.width, *others])

    # Assembly

    def join(self, tiles):
        """The sequence of tiles `(blocks * tiles, length, width, features)`, in the order of the run."""
        features = tiles.shape[-1]
        time, batch = self.tiles * self.length, self.blocks * self.width
        tiles = tf.reshape(tiles, [self.blocks, time, self.width, features])
        if self.axis == 0:
            sequence = tf.reshape(tf.transpose(tiles, (1, 0, 2, 3)), [time, batch, features])
            return sequence[: self.time, : self.batch]
        return tf.reshape(tf.transpose(tiles, (0, 2, 1, 3)), [batch, time, features])[: self.batch, : self.time]

    def join_rows(self, blocks):
        """The values of blocks `(blocks, rows, size)`, `(batch, size)`."""
        blocks = blocks[:, : self.width]
        return tf.reshape(blocks, [self.blocks * self.width, blocks.shape[-1]])[: self.batch]

    def after_end(self):
        """Whether a step is after the last that its block runs, `(batch, time, 1)`."""
        ends = tf.repeat(self.ends, self.width)[: self.batch]
        after = tf.range(self.time)[:, tf.newaxis] >= ends
        return (after if self.axis == 0 else swap(after))[..., tf.newaxis]

    def order(self, number, run_number, reverse):
        """The tile that is run as number `run_number` of a block."""
        if _is_one(self.tiles):
            return 0
        last = self.runs(number) - 1
        return tf.where(tf.equal(reverse, 1), last - run_number, run_number)

    def runs(self, number):
        """How many tiles of a block are run."""
        if self.ends is None or _is_one(self.tiles):
            return self.tiles
        return -(-self.ends[number] // _at_least_one(self.length))

    def count(self, number, tile):
        """How many steps of a tile are run."""
        if self.ends is None and _is_one(self.tiles):
            return tf.convert_to_tensor(self.time)
        end = self.time if self.ends is None else self.ends[number]
        return tf.clip_by_value(end - tile * self.length, 0, self.length)

    @property
    def is_one_tile(self):
        """Whether there is one tile of one block, and this is known."""
        return _is_one(self.blocks) and _is_one(self.tiles)

    def each_block(self, body, carry):
        """The carry after `carry = body(number, *carry)` for every block."""
        return _repeat(self.blocks, body, carry)

    def each_tile(self, number, body, carry):
        """The carry after `carry = body(run_number, *carry)` for every tile that a block runs."""
        return _repeat(self.runs(number), body, carry)


def _is_one(count):
    return isinstance(count, int) and count == 1


def _at_least_one(count):
    return max(count, 1) if isinstance(count, int) else tf.maximum(count, 1)


def _repeat(count, body, carry):
    if _is_one(count):
        return body(0, *carry)
    return tf.while_loop(lambda n, *_: n < count, lambda n, *carry: (n + 1, *body(n, *carry)), (0, *carry))[1:]


def _pad(values, *extra):
    """Values with zeros or False added at the end of their first axes."""
    if all(isinstance(amount, int) and amount == 0 for amount in extra):
        return values
    return tf.pad(values, [*([0, amount] for amount in extra), *[[0, 0]] * (len(values.shape) - len(extra))])


class Lists:
    """Lists of tensors of one shape each, that a loop writes and another reads.

    A list of one tensor, if that is known, is None and then the tensor.
    """

    @staticmethod
    def new(shape, dtype, count):
        if _is_one(count):
            return None
        return tf.raw_ops.TensorListReserve(element_shape=shape, num_elements=count, element_dtype=dtype)

    @staticmethod
    def write(handle, at, value):
        if handle is None:
            return value
        return tf.raw_ops.TensorListSetItem(input_handle=handle, index=at, item=value)

    @staticmethod
    def read(handle, at, shape, dtype, static):
        if handle.dtype != tf.variant:
            return handle
        value = tf.raw_ops.TensorListGetItem(input_handle=handle, index=at, element_shape=shape, element_dtype=dtype)
        return tf.ensure_shape(value, static)

    @staticmethod
    def stack(handle, shape, dtype, static):
        """All of them; what was not written is zero."""
        if handle.dtype != tf.variant:
            return handle[tf.newaxis]
        value = tf.raw_ops.TensorListStack(
            input_handle=handle, element_shape=shape, element_dtype=dtype, num_elements=-1
        )
        return tf.ensure_shape(value, [None, *static])


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
    inputs, zoneout = plan.time_major(run.inputs), plan.time_major(run.masks.zoneout)
    starts, masks = plan.by_rows(run.states), plan.by_rows(_row_masks(run.masks))
    units = run.states[0].shape[1]
    count = plan.blocks * plan.tiles
    outputs = Lists.new([plan.length, plan.width, units], dtype, count)
    saved = [Lists.new(shape, kind, count) for shape, kind in _saved(plan, run, widths, recompute)] if save else []
    finals = [Lists.new([plan.rows, state.shape[1]], state.dtype, plan.blocks) for state in run.states]
    loop_weights = LoopWeights(weights.recurrent_kernel, weights.bias, weights.recurrent_bias, weights.step)

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
    if run.mask is not None:
        held = tf.where(tf.equal(run.reverse, 1), run.states[0], states[0])
        outputs = tf.where(plan.after_end(), tf.expand_dims(tf.cast(held, dtype), axis), outputs)
    return outputs, states, saved


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
    d_first = 0
    if run.mask is not None:  # steps after the end have the final state, or in reverse the initial one
        after = plan.after_end()
        d_first = tf.cast(tf.reduce_sum(tf.where(after, d_outputs, tf.zeros_like(d_outputs)), axis), d_final[0].dtype)
        at_start = tf.cast(run.reverse, d_first.dtype)
        d_final = [d_final[0] + (1 - at_start) * d_first, *d_final[1:]]
        d_first = at_start * d_first
    inputs, zoneout = plan.time_major(run.inputs), plan.time_major(run.masks.zoneout)
    d_outputs = plan.time_major(d_outputs)
    d_final, masks = plan.by_rows(d_final), plan.by_rows(_row_masks(run.masks))
    features = run.inputs.shape[2]
    loop_weights = LoopWeights(weights.recurrent_kernel, weights.bias, weights.recurrent_bias, weights.step)
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
            values = [
                Lists.read(handle, index, shape, kind, [*[None] * (len(shape) - 1), shape[-1]])
                for handle, (shape, kind) in zip(saved, specs)
            ]
            if recompute:
                wx = plan.pad(gate_product(x, weights.kernel, input_masks))
                sequences, blocks, _ = forward_loop(True, piece, wx, loop_weights, values)
            else:
                sequences, blocks = values[: len(run.states)], values[len(run.states) :]
            d_tile = plan.pad(plan.tile(d_outputs, number, at))
            d_blocks, d_new, d_step = backward_loop(piece, reverse_weights, sequences, blocks, d_tile, d_carried)
            d_blocks = [plan.unpad(d_block) for d_block in d_blocks]
            d_wx, d_uh = input_blocks(d_blocks), recurrent_blocks(d_blocks)
            before = plan.unpad(sequences[0], run.reverse)
            d_more = CellWeights(
                block_kernel_gradient(x, d_wx, input_masks),
                block_kernel_gradient(before, d_uh, recurrent_masks),
                None if weights.bias is None else bias_gradient(d_wx),
                None if weights.recurrent_bias is None else bias_gradient(d_uh),
                d_step,
            )
            d_more = flatten(d_more)
            if d_weights:
                d_more = [total + tf.cast(more, total.dtype) for total, more in zip(d_weights, d_more)]
            d_x = block_rows_gradient(d_wx, split_rows(transposed, d_wx), input_masks)
            return _like(d_new, d_carried), Lists.write(d_inputs, index, d_x), d_more

        start = plan.block(d_final, number)
        d_carried, d_inputs, d_weights = plan.each_tile(number, tile, (start, d_inputs, d_weights))
        d_states = [Lists.write(handle, number, d) for handle, d in zip(d_states, d_carried)]
        return d_inputs, d_weights, d_states

    # Sums over many tiles are in float32 at least.
    zeros = [tf.zeros(w.shape, tf.float32 if w.dtype.size < 4 else w.dtype) for w in flatten(weights)]
    zeros = [] if plan.is_one_tile else zeros
    d_inputs, d_weights, d_states = plan.each_block(block, (d_inputs, zeros, d_states))
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
    kept = None if zoneout is None else plan.pad(plan.tile(zoneout, number, at))
    masks = RandomMasks(recurrent=masks.recurrent, zoneout=kept, step=masks.step)
    return Tile(plan.count(number, at), run.reverse, real, masks)


def _saved(plan, run, widths, recompute):
    """Shapes and dtypes of what is saved of a tile."""
    dtype = run.inputs.dtype
    if recompute:
        return [([plan.rows, state.shape[1]], state.dtype) for state in run.states]
    dtypes = [dtype, *(state.dtype for state in run.states[1:])]
    states = [([plan.steps + 1, plan.rows, s.shape[1]], kind) for s, kind in zip(run.states, dtypes)]
    return [*states, *(([plan.steps, plan.rows, width], dtype) for width in widths)]


def _stack_rows(plan, handle, like):
    size = like.shape[1]
    return Lists.stack(handle, [plan.rows, size], like.dtype, [None, size])


def _like(tensors, others):
    return [tf.ensure_shape(tensor, other.shape) for tensor, other in zip(tensors, others)]
