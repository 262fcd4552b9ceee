"""The two loops of a recurrence: forward over time, and backpropagation through time.

Pure functions of tensors. The order of batch and time is that of the layout of the
`StepSpec`; a reversed run goes from the end of the sequence to its start, and every result
stays at the time of its input.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from nlpseq.cells.contract import CellWeights, DropoutMasks, RandomMasks
from nlpseq.cells.products import gate_product
from nlpseq.engine.layout import Layout
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.products import bias_gradient, block_kernel_gradient, block_rows_gradient


class Residuals(NamedTuple):
    """What the forward loop saves for the reverse loop: sequences.

    Attributes:
        states: the states before each step, a list.
        preactivations: the blocks of both halves at each step: see `StepSpec.to_blocks`.
    """

    states: list[tf.Tensor]
    preactivations: list[tf.Tensor]


@dataclass(frozen=True)
class StepSpec:
    """Step specification: how one cell is stepped, and in which order.

    Attributes:
        step: `(step_weights, wx, uh, states, masks) -> new_states`: see `RecurrentCell.step`.
        additive: how many leading columns of wx and uh it uses through `wx + uh` only.
        layout: the order of batch and time.
        reverse: whether time runs from the end to the start.
        unroll: whether the loop is unrolled, for a static number of steps.
    """

    step: Callable[[list, tf.Tensor, tf.Tensor, list, RandomMasks], list] | None
    additive: int
    layout: Layout
    reverse: bool = False
    unroll: bool = False

    def runs_reversed(self, backward: bool) -> bool:
        """Whether a loop with or against the direction of the recurrence starts at the end of the sequence."""
        return self.reverse != backward

    def steps(self, sequence: tf.Tensor) -> Any:
        """The number of steps of a sequence: an integer, which must be known, if the loop is unrolled."""
        return self.layout.static_steps(sequence) if self.unroll else self.layout.steps(sequence)

    def to_blocks(self, wx: tf.Tensor, uh: tf.Tensor) -> list[tf.Tensor]:
        """The columns of both halves that are saved and differentiated.

        `[wx + uh]` if all columns are additive, `[wx, uh]` if none is, else the sum of the
        additive columns and the other columns of wx and of uh.
        """
        columns = self.additive
        if not columns:
            return [wx, uh]
        total = wx[:, :columns] + uh[:, :columns]
        return [total] if columns == wx.shape[1] else [total, wx[:, columns:], uh[:, columns:]]

    def widths(self, wx_columns: int, uh_columns: int) -> list[int]:
        """The number of columns of each block of `to_blocks`."""
        if self.additive == wx_columns:
            return [self.additive]
        rest = [wx_columns - self.additive, uh_columns - self.additive]
        return [self.additive, *rest] if self.additive else rest

    def from_blocks(self, blocks: list[tf.Tensor]) -> tuple[tf.Tensor, Any]:
        """A wx and a uh with these `blocks`."""
        if len(blocks) == 2:
            return blocks[0], blocks[1]
        total, *others = blocks
        if not others:
            return total, 0.0
        zero = tf.zeros_like(total)
        return tf.concat([total, others[0]], axis=-1), tf.concat([zero, others[1]], axis=-1)

    def gradients(
        self,
        step_weights: list[tf.Tensor],
        blocks: list[tf.Tensor],
        states: list[tf.Tensor],
        masks: RandomMasks,
        d_new: list[tf.Tensor],
    ) -> tuple[list, list, list]:
        """`(d_blocks, d_states, d_step_weights)` of one step, by automatic differentiation."""
        sources = [*blocks, *states, *step_weights]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            new = list(self.step(step_weights, *self.from_blocks(blocks), list(states), masks))
        gradients = tape.gradient(new, sources, d_new, unconnected_gradients="zero")
        first, last = len(blocks), len(blocks) + len(states)
        return gradients[:first], gradients[first:last], gradients[last:]


def forward(
    spec: StepSpec,
    return_outputs: bool,
    save_residuals: bool,
    inputs: tf.Tensor,
    weights: CellWeights,
    states: list[tf.Tensor],
    mask: tf.Tensor | None,
    masks: RandomMasks,
) -> tuple[tf.Tensor | None, list[tf.Tensor], Residuals | None]:
    """Runs a cell over time.

    Args:
        spec: the step specification.
        return_outputs: whether to return the outputs of all steps.
        save_residuals: whether to return what `backward` needs.
        inputs: sequence of features.
        weights: the weights of the cell.
        states: the initial states, a list of `(batch, units)`. Their dtype may be wider than
            that of the inputs: they are then carried in that dtype, and only the products
            are computed in the narrow one.
        mask: bool `(batch, time)`, or `(time, batch)`, True = real, or None.
        masks: the random masks.

    Returns:
        `(outputs, final_states, residuals)`: the sequence of the first state or None, the
        final states, and `Residuals` or None.
    """
    compute_dtype, layout = inputs.dtype, spec.layout
    steps = spec.steps(inputs)
    outputs = [layout.empty(steps, states[0], compute_dtype)] if return_outputs else []
    saved_states, saved_blocks = [], []
    if save_residuals:
        dtypes = [compute_dtype, *(state.dtype for state in states[1:])]
        saved_states = [layout.empty(steps, state, dtype) for state, dtype in zip(states, dtypes)]
        widths = spec.widths(weights.kernel.shape[1], weights.recurrent_kernel.shape[1])
        saved_blocks = [layout.empty(steps, states[0], compute_dtype, width) for width in widths]
    input_half = gate_product(inputs, weights.kernel, layout.broadcast_masks(masks.inputs), weights.bias)

    def step(number, slices, carry):
        states, *written = carry
        wx, real, zoneout = slices
        hidden = tf.cast(states[0], compute_dtype)
        uh = gate_product(hidden, weights.recurrent_kernel, masks.recurrent, weights.recurrent_bias)
        halves = [tf.cast(half, states[0].dtype) for half in (wx, uh)]
        new = list(spec.step(weights.step, *halves, list(states), masks._replace(zoneout=zoneout)))
        new = hold_states(real, new, states)
        values = [tf.cast(new[0], compute_dtype)], [hidden, *states[1:]], spec.to_blocks(wx, uh)
        return new, *_write_all(written, number, values)

    carry = (list(states), outputs, saved_states, saved_blocks)
    final, *written = scan_steps(spec, step, carry, (input_half, mask, masks.zoneout))
    outputs, saved_states, saved_blocks = [
        [layout.finish(sequence, spec.reverse, states[0]) for sequence in sequences] for sequences in written
    ]
    residuals = Residuals(saved_states, saved_blocks) if save_residuals else None
    return (outputs[0] if return_outputs else None), list(final), residuals


def backward(
    spec: StepSpec,
    inputs: tf.Tensor,
    weights: CellWeights,
    mask: tf.Tensor | None,
    masks: RandomMasks,
    residuals: Residuals,
    d_outputs: tf.Tensor | None,
    d_final: list[tf.Tensor],
) -> tuple[tf.Tensor, CellWeights, list[tf.Tensor]]:
    """Backpropagation through time: the gradients of `forward`.

    The reverse loop carries the gradients of the states and computes one product a step,
    `d_uh_t U^T`. The weights are shared over time, so that their gradients are one product
    each after the loop:

        dU = sum_t h_{t-1}^T d_uh_t      dW = sum_t x_t^T d_wx_t      db = sum_t d_wx_t

    Args:
        spec, inputs, weights, mask, masks: as in `forward`.
        residuals: as returned by `forward`.
        d_outputs: gradient of the outputs, or None if it is zero.
        d_final: gradients of the final states.

    Returns:
        `(d_inputs, d_weights, d_states)`.
    """
    d_states, saved_states, saved_blocks = list(d_final), residuals.states, residuals.preactivations
    sequences = (saved_states, saved_blocks, mask, masks.zoneout, d_outputs)
    compute_dtype, state_dtype, layout = inputs.dtype, d_states[0].dtype, spec.layout
    steps = spec.steps(inputs)
    d_blocks = [layout.empty(steps, d_states[0], compute_dtype, block.shape[-1]) for block in saved_blocks]
    kernels = split_rows(tf.transpose(weights.recurrent_kernel), recurrent_blocks(saved_blocks))

    def step(number, slices, carry):
        d_states, written, d_step_weights = carry
        before, blocks, real, zoneout, d_output = slices
        if d_output is not None:
            d_states = [d_states[0] + tf.cast(d_output, state_dtype), *d_states[1:]]
        before = [tf.cast(state, state_dtype) for state in before]
        blocks = [tf.cast(block, state_dtype) for block in blocks]
        d_new, d_held = split_gradients(real, d_states)
        step_masks = masks._replace(zoneout=zoneout)
        d_blocks, d_before, d_more = spec.gradients(weights.step, blocks, before, step_masks, d_new)
        d_blocks = [tf.cast(d_block, compute_dtype) for d_block in d_blocks]
        d_hidden = block_rows_gradient(recurrent_blocks(d_blocks), kernels, masks.recurrent)
        d_before = [d_before[0] + tf.cast(d_hidden, state_dtype), *d_before[1:]]
        d_before = [d if held is None else d + held for d, held in zip(d_before, d_held)]
        (written,) = _write_all([written], number, [d_blocks])
        return d_before, written, [total + gradient for total, gradient in zip(d_step_weights, d_more)]

    carry = (d_states, d_blocks, [tf.zeros_like(weight) for weight in weights.step])
    d_states, d_blocks, d_step_weights = scan_steps(spec, step, carry, sequences, backward=True)
    d_blocks = [layout.finish(block, spec.runs_reversed(True), d_final[0]) for block in d_blocks]
    input_masks, recurrent_masks = layout.broadcast_masks(masks.inputs), layout.broadcast_masks(masks.recurrent)
    d_weights = weight_gradients(
        weights, inputs, saved_states[0], d_blocks, input_masks, recurrent_masks, d_step_weights
    )
    d_wx = input_blocks(d_blocks)
    d_inputs = block_rows_gradient(d_wx, split_rows(tf.transpose(weights.kernel), d_wx), input_masks)
    return d_inputs, d_weights, list(d_states)


def weight_gradients(
    weights: CellWeights,
    inputs: tf.Tensor,
    hidden: tf.Tensor,
    d_blocks: list[tf.Tensor],
    input_masks: DropoutMasks,
    recurrent_masks: DropoutMasks,
    d_step: list[tf.Tensor],
) -> CellWeights:
    """The gradients of the weights, summed over time, from those of the blocks of the preactivations.

    Args:
        weights: the weights of the cell.
        inputs, hidden: sequences of x_t and of h_{t-1}.
        d_blocks: sequences of the gradients of the blocks.
        input_masks, recurrent_masks: the dropout masks of both.
        d_step: the gradients of the weights of the step.
    """
    d_wx, d_uh = input_blocks(d_blocks), recurrent_blocks(d_blocks)
    return CellWeights(
        block_kernel_gradient(inputs, d_wx, input_masks),
        block_kernel_gradient(hidden, d_uh, recurrent_masks),
        None if weights.bias is None else bias_gradient(d_wx),
        None if weights.recurrent_bias is None else bias_gradient(d_uh),
        d_step,
    )


def input_blocks(blocks):
    """The blocks that make up wx, or their gradients."""
    return blocks[:-1] if len(blocks) > 1 else blocks


def recurrent_blocks(blocks):
    """The blocks that make up uh, or their gradients."""
    return [*blocks[:-2], blocks[-1]]


def split_rows(transposed, blocks):
    """A transposed kernel, split into the rows that belong to each block."""
    return tf.split(transposed, [block.shape[-1] for block in blocks], axis=0)


def scan_steps(spec: StepSpec, step: Callable, carry: Any, sequences: Any, backward: bool = False) -> Any:
    """Calls `carry = step(number, slices, carry)` for every time, and returns the last carry.

    `number` counts the iterations: `Layout.write` writes in this order, and `Layout.finish` puts the
    steps of a reversed loop in the order of time.

    Args:
        spec: the step specification; its `step` is not used.
        step: the function.
        carry: the first carry, a nested structure of tensors.
        sequences: nested structure of sequences; `slices` has the same structure, with the
            value of each sequence at that time. None stays None.
        backward: whether to run against the direction of `spec`.
    """
    flat, layout = flatten(sequences), spec.layout
    steps = spec.steps(flat[0])
    last, reverse = steps - 1, spec.runs_reversed(backward)

    def body(number, carry):
        time = last - number if reverse else number
        slices = [layout.read(sequence, time) for sequence in flat]
        return number + 1, step(number, pack_as(sequences, slices), carry)

    loop_state = (0, carry)
    if spec.unroll:
        for _ in range(steps):
            loop_state = body(*loop_state)
        return loop_state[-1]
    return tf.while_loop(lambda number, *_: number < steps, body, loop_state, maximum_iterations=steps)[-1]


def scan_segments(
    spec: StepSpec, length: int, body: Callable, carry: Any, sequences: Any, backward: bool = False
) -> Any:
    """Calls `carry = body(number, start, segments, carry)` for every segment of `length` steps.

    `number` counts the iterations, and `start` is the first step of the segment. Returns the last carry.

    Args:
        spec: the step specification; its `step` is not used.
        length: the number of steps of a segment, of which that of the sequences is a multiple.
        body: the function.
        carry: the first carry, a nested structure of tensors.
        sequences: nested structure of sequences; `segments` has the same structure.
        backward: whether to run against the direction of `spec`.
    """
    flat, layout, reverse = flatten(sequences), spec.layout, spec.runs_reversed(backward)
    steps = layout.static_steps(flat[0])
    count = (layout.steps(flat[0]) if steps is None else steps) // length

    def segment(number, carry):
        start = (count - 1 - number if reverse else number) * length
        segments = [layout.slice_steps(sequence, start, length) for sequence in flat]
        return number + 1, body(number, start, pack_as(sequences, segments), carry)

    return tf.while_loop(lambda number, _: number < count, segment, (0, carry))[-1]


def _write_all(arrays, number, values):
    """Lists of lists of sequences, each with its step written."""
    return [[array.write(number, value) for array, value in zip(*pair)] for pair in zip(arrays, values)]


def hold_states(real, new, old):
    """The new states, at masked steps the old ones."""
    if real is not None:
        new = [tf.where(real[:, tf.newaxis], after, before) for after, before in zip(new, old)]
    for after, before in zip(new, old):
        after.set_shape(before.shape)
    return new


def split_gradients(real, d_states):
    """The gradients that enter the step, and those that bypass it at masked steps (None without mask)."""
    if real is None:
        return d_states, [None] * len(d_states)
    real = real[:, tf.newaxis]
    enter = [tf.where(real, d, tf.zeros_like(d)) for d in d_states]
    return enter, [tf.where(real, tf.zeros_like(d), d) for d in d_states]
