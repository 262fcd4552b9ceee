"""Loops over time with one small state, run op by op, or compiled for every length.

s_t, y_t = step(s_{t-1}, slices_t, constants)
"""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from nlpseq.cells.contract import RandomMasks
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec, scan_steps
from nlpseq.engine.plans import Plan
from nlpseq.engine.tensor_lists import Lists
from nlpseq.engine.tile_loops import Tile, scan_tile, write
from nlpseq.engine.tracing import Traced, specs_of


class Scan:
    """A loop over time, with an output of the shape and dtype of the state.

    Args:
        step: `(state, slices, constants) -> (new_state, output)`, a pure function, row by row.
    """

    def __init__(self, step: Callable) -> None:
        self._step = step
        self._compiled = Traced(functools.partial(_tile, step), jit_compile=True)
        self._functions = {}

    def __call__(
        self,
        sequences: Sequence[tf.Tensor],
        state: tf.Tensor,
        constants: Sequence[tf.Tensor] = (),
        *,
        axis: int = 1,
        reverse: bool = False,
        unroll: bool = False,
        compiled: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs the loop.

        Args:
            sequences: sequences, batch-major or time-major.
            state: the state before the first step, `(batch, size)`.
            constants: tensors of known shapes.
            axis: the time axis, 0 or 1. Default 1.
            reverse: whether to run from the end to the start. Default False.
            unroll: whether to unroll a loop that is not compiled. Default False.
            compiled: whether to compile the loop, once for every length. Default False.

        Returns:
            `(outputs, final_state)`.
        """
        if unroll and not compiled:
            return _portable(self._step, axis, reverse, True, sequences, state, constants)
        key = (axis, reverse, compiled)
        if key not in self._functions:
            drive = functools.partial(_by_tiles, self._call_compiled) if compiled else _portable
            first = (axis, reverse) if compiled else (self._step, axis, reverse, False)
            self._functions[key] = Traced(functools.partial(drive, *first))
        return self._functions[key](list(sequences), state, list(constants), specs=_specs)

    def _call_compiled(self, *arguments):
        def specs(count, reverse, sequences, state, constants):
            scalar = tf.TensorSpec([], tf.int32)
            return scalar, scalar, *_specs(sequences, state, constants)

        return self._compiled(*arguments, specs=specs)


def _specs(sequences, state, constants):
    return specs_of(sequences, 2), specs_of(state, 1), specs_of(constants, 0)


def _portable(step, axis, reverse, unroll, sequences, state, constants):
    layout = Layout(axis)
    steps = layout.steps(sequences[0])

    def body(at, slices, carry):
        state, outputs = carry
        state, output = step(state, slices, constants)
        return state, outputs.write(at, output)

    carry = (state, layout.empty(steps, state, state.dtype))
    state, outputs = scan_steps(StepSpec(None, 0, layout, reverse, unroll), body, carry, sequences)
    return layout.finish(outputs, reverse, state), state


def _by_tiles(loop, axis, reverse, sequences, state, constants):
    plan, size = Plan(sequences[0], axis), state.shape[1]
    sequences, starts = [plan.by_blocks(sequence) for sequence in sequences], plan.by_rows(state)
    outputs = Lists.new([plan.length, plan.width, size], state.dtype, plan.blocks * plan.tiles)
    finals = Lists.new([plan.rows, size], state.dtype, plan.blocks)
    reverse = tf.constant(int(reverse))

    def block(number, outputs, finals):
        def tile(run_number, state, outputs):
            at = plan.order(number, run_number, reverse)
            slices = [plan.pad(plan.tile(sequence, number, at)) for sequence in sequences]
            written, new = loop(plan.count(number, at), reverse, slices, state, constants)
            outputs = Lists.write(outputs, number * plan.tiles + at, plan.unpad(written))
            return tf.ensure_shape(new, state.shape), outputs

        state, outputs = plan.each_tile(number, tile, (plan.block(starts, number), outputs))
        return outputs, Lists.write(finals, number, state)

    outputs, finals = plan.each_block(block, (outputs, finals))
    outputs = Lists.stack(outputs, [plan.length, plan.width, size], state.dtype, [None, None, size])
    return plan.join(outputs), plan.join_rows(Lists.stack(finals, [plan.rows, size], state.dtype, [None, size]))


def _tile(step, count, reverse, sequences, state, constants):
    """The outputs of a tile and the state after it: what XLA compiles."""
    shape = tf.shape(sequences[0])
    outputs = tf.zeros([shape[0], shape[1], state.shape[1]], state.dtype)

    def body(at, slices, carry):
        state, outputs = carry
        new, output = step(state, slices, constants)
        return tf.ensure_shape(new, state.shape), write(outputs, at.step, output)

    tile = Tile(count, reverse, None, RandomMasks())
    state, outputs = scan_tile(tile, body, (state, outputs), sequences, prefetch=True)
    return outputs, state
