"""The two loops of a recurrence: forward over time, and backward through time.

Pure functions of tensors. Sequences are in the order that the rule's layout says; a
reversed run goes from the end of the sequence to its start, and every result stays at
the time of its input.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from nlpseq.cells.parts import Weights, pack, tensors
from nlpseq.cells.products import (
    block_kernel_gradient,
    block_rows_gradient,
    gate_product,
)
from nlpseq.engine.layout import Layout

# Bytes of the input half from which on it is better made step by step, in the loop, and
# from which on the reverse loop goes by segments of so many steps.
IN_LOOP, IN_SEGMENTS, SEGMENT = 10_000_000, 4_000_000, 16


class Kept(NamedTuple):
    """What `forward` keeps for `backward`, sequences of columns.

    Attributes:
        previous: the states before each step, a list.
        halves: the two halves of each step, as `Rule.halves` makes them.
    """

    previous: list
    halves: list


@dataclass(frozen=True)
class Rule:
    """How one cell is stepped, and in which manner.

    Attributes:
        step: `(own weights, z, r, states, noise, constant) -> new states`.
        additive: how many leading columns of z and r it uses through `z + r` alone.
        layout: the order of the sequences.
        reverse: whether time runs from the end to the start.
        unroll: whether the loop is written out, a static number of steps.
        hoist: whether the input half is always made before the loop.
    """

    step: Callable
    additive: int
    layout: Layout
    reverse: bool = False
    unroll: bool = False
    hoist: bool = True

    def halves(self, z, r):
        """z and r without what is needed of neither: `[z + r]`, `[z, r]`, or the sum and both rests."""
        columns = self.additive
        if not columns:
            return [z, r]
        total = z[:, :columns] + r[:, :columns]
        return [total] if columns == z.shape[1] else [total, z[:, columns:], r[:, columns:]]

    def both(self, halves):
        """A z and an r that have these halves."""
        if len(halves) == 2:
            return halves
        total, *rests = halves
        if not rests:
            return total, 0.0
        zero = tf.zeros_like(total)
        return [tf.concat(pair, axis=-1) for pair in zip((total, zero), rests)]

    def gradients(self, own, halves, states, random, d_new):
        """`(d_halves, d_states, d_own)` of a step, by autodiff."""
        inputs = [*halves, *states, *own]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            new = list(self.step(own, *self.both(halves), list(states), *random))
        gradients = tape.gradient(new, inputs, d_new, unconnected_gradients="zero")
        first, last = len(halves), len(halves) + len(states)
        return gradients[:first], gradients[first:last], gradients[last:]


def forward(rule, show, keep, inputs, weights, states, mask, draws):
    """Runs a cell over time.

    Args:
        rule: a `Rule`.
        show: whether to return the outputs.
        keep: whether to return what `backward` needs.
        inputs: sequence of features.
        weights: `nlpseq.cells.parts.Weights`.
        states: the initial states, a list of `(batch, units)`. Their type may be
            wider than that of the inputs: they are then carried in that type, and
            only the products are made in the narrow one.
        mask: bool, a sequence without columns, True = real, or None.
        draws: `nlpseq.cells.parts.Draws`.

    Returns:
        `(outputs, final_states, kept)`: the sequence of the first state or None, and
        `Kept` or None.
    """
    narrow, layout = inputs.dtype, rule.layout
    steps = layout.steps(inputs)
    columns = [weights.kernel.shape[1], weights.recurrent_kernel.shape[1]]
    outputs = [layout.empty(steps, states[0], narrow)] if show else []
    previous, halves = [], []
    if keep:
        types = [narrow, *(state.dtype for state in states[1:])]
        previous = [layout.empty(steps, state, dtype) for state, dtype in zip(states, types)]
        widths = [half.shape[1] for half in rule.halves(*(tf.zeros((1, n)) for n in columns))]
        halves = [layout.empty(steps, states[0], narrow, width) for width in widths]
    hoist = rule.hoist or rule.unroll or not _large(inputs, columns[0], IN_LOOP)
    rows = inputs
    if hoist:
        rows = gate_product(inputs, weights.kernel, layout.spread(draws.inputs), weights.bias)

    def step(at, slices, carry):
        states, *kept = carry
        rows, real, noise = slices
        z = rows if hoist else gate_product(rows, weights.kernel, draws.inputs, weights.bias)
        hidden = tf.cast(states[0], narrow)
        r = gate_product(hidden, weights.recurrent_kernel, draws.recurrent, weights.recurrent_bias)
        wide = [tf.cast(half, states[0].dtype) for half in (z, r)]
        new = list(rule.step(weights.own, *wide, list(states), noise, draws.constant))
        new = _hold(real, new, states)
        values = [tf.cast(new[0], narrow)], [hidden, *states[1:]], rule.halves(z, r)
        return new, *(_write_all(layout, kept, at, values))

    carry = (list(states), outputs, previous, halves)
    ahead = rule.additive < columns[0]
    final, *kept = over_time(rule, step, carry, (rows, mask, draws.noise), ahead=ahead)
    outputs, previous, halves = [[layout.written(each, steps) for each in part] for part in kept]
    return (outputs[0] if show else None), list(final), (Kept(previous, halves) if keep else None)


def backward(rule, inputs, weights, mask, draws, kept, d_outputs, d_final):
    """Backpropagation through time: the gradients of `forward`.

    The reverse loop carries the gradients of the states and makes one product a
    step, `dr_t U^T`; the weights being shared over time, their gradients are one
    product each after the loop:

        dU = sum_t h_{t-1}^T dr_t      dW = sum_t x_t^T dz_t      db = sum_t dz_t

    Long sequences go segment by segment, with one product for each.

    Args:
        kept: as `forward` returned it.
        d_outputs: gradient of the outputs, or None where it is zero.
        d_final: list of gradients of the final states.

    Returns:
        `(d_inputs, d_weights, d_states)`.
    """
    layout, like = rule.layout, d_final[0]
    sequences = (inputs, kept.previous, kept.halves, mask, draws.noise, d_outputs)
    d_states, transposed = list(d_final), tf.transpose(weights.recurrent_kernel)
    if rule.hoist or rule.unroll or not _large(inputs, weights.kernel.shape[1], IN_SEGMENTS):
        return _backward_segment(rule, weights, transposed, draws, sequences, d_states)
    features = inputs.shape[-1]

    def segment(start, slices, carry):
        d_inputs, d_weights, d_states = carry
        part, more, d_states = _backward_segment(rule, weights, transposed, draws, slices, d_states)
        d_weights = [total + each for total, each in zip(d_weights, tensors(more))]
        return layout.write_segment(d_inputs, start, part, SEGMENT), d_weights, d_states

    steps = layout.static_steps(inputs)
    steps = layout.steps(inputs) if steps is None else steps
    d_inputs = layout.empty(tf.maximum(steps, SEGMENT), like, inputs.dtype, features)
    carry = (d_inputs, [tf.zeros_like(weight) for weight in tensors(weights)], d_states)
    d_inputs, d_weights, d_states = over_segments(rule, SEGMENT, segment, carry, sequences, back=True)
    return layout.written(d_inputs, steps), pack(weights, d_weights), d_states


def _backward_segment(rule, weights, transposed, draws, sequences, d_states):
    """As `backward`, from cut sequences and the gradients of the states at their end."""
    inputs, previous, halves, mask, _, d_outputs = sequences
    narrow, wide, layout = inputs.dtype, d_states[0].dtype, rule.layout
    steps = layout.steps(inputs)
    gradients = [layout.empty(steps, d_states[0], narrow, half.shape[-1]) for half in halves]
    kernels = _blocks(transposed, _recurrent(halves))

    def step(at, slices, carry):
        d_states, gradients, d_own = carry
        _, before, halves, real, noise, d_output = slices
        if d_output is not None:
            d_states = [d_states[0] + tf.cast(d_output, wide), *d_states[1:]]
        before = [tf.cast(state, wide) for state in before]
        halves = [tf.cast(half, wide) for half in halves]
        d_new, d_held = _split(real, d_states)
        random = (noise, draws.constant)
        d_halves, d_before, d_more = rule.gradients(weights.own, halves, before, random, d_new)
        d_halves = [tf.cast(d_half, narrow) for d_half in d_halves]
        d_hidden = block_rows_gradient(_recurrent(d_halves), kernels, draws.recurrent)
        d_before = [d_before[0] + tf.cast(d_hidden, wide), *d_before[1:]]
        d_before = [d if held is None else d + held for d, held in zip(d_before, d_held)]
        (gradients,) = _write_all(layout, [gradients], at, [d_halves])
        return d_before, gradients, [d + more for d, more in zip(d_own, d_more)]

    carry = (d_states, gradients, [tf.zeros_like(weight) for weight in weights.own])
    d_states, gradients, d_own = over_time(rule, step, carry, (None, *sequences[1:]), back=True)
    gradients = [layout.written(each, steps) for each in gradients]
    dz, dr = _inputs(gradients), _recurrent(gradients)
    masks, hidden = layout.spread(draws.inputs), previous[0]
    d_weights = Weights(
        block_kernel_gradient(inputs, dz, masks),
        block_kernel_gradient(hidden, dr, layout.spread(draws.recurrent)),
        None if weights.bias is None else _over_rows(dz),
        None if weights.recurrent_bias is None else _over_rows(dr),
        d_own,
    )
    return block_rows_gradient(dz, _blocks(tf.transpose(weights.kernel), dz), masks), d_weights, list(d_states)


def _inputs(halves):
    """What makes up z, or its gradient."""
    return halves[:-1] if len(halves) > 1 else halves


def _recurrent(halves):
    """What makes up r, or its gradient."""
    return [*halves[:-2], halves[-1]]


def _blocks(transposed, halves):
    """A transposed kernel in blocks of rows."""
    return tf.split(transposed, [half.shape[-1] for half in halves], axis=0)


def over_time(rule, step, carry, sequences, back=False, ahead=False):
    """Calls `carry = step(time, slices, carry)` for every time, and returns the last carry.

    `slices` has the structure of `sequences`, with what each holds at that time; None
    stays None. `back` runs against the direction of the rule. With `ahead` the slices
    are read one step ahead and carried: where a step computes the new state out of a
    slice and of the old state in one go, XLA writes it in place, and compiles a step
    that reads a slice as well without vector instructions, which takes twice the time.
    Elsewhere it is a copy for nothing.
    """
    flat, layout = tensors(sequences), rule.layout
    steps = layout.steps(flat[0])
    last = steps - 1
    # XLA refuses to slice a sequence of no steps, even in a loop that never runs.
    # Padding by nothing, the usual case, copies nothing.
    padded = [layout.pad(each, 1 - tf.minimum(steps, 1)) for each in flat]

    def time(number):
        return last - number if rule.reverse != back else number

    def read(number):
        return [layout.read(each, time(number)) for each in padded]

    def read_ahead(number):
        return read(tf.minimum(number, tf.maximum(last, 0))) if ahead else []

    def body(number, slices, carry):
        carry = step(time(number), pack(sequences, slices if ahead else read(number)), carry)
        return number + 1, read_ahead(number + 1), carry

    state = (0, read_ahead(0), carry)
    if rule.unroll:
        for _ in range(layout.static_steps(flat[0])):
            state = body(*state)
        return state[-1]
    return tf.while_loop(lambda number, *_: number < steps, body, state, maximum_iterations=steps)[-1]


def over_segments(rule, length, body, carry, sequences, back=False, exact=False):
    """Calls `carry = body(start, segments, carry)` for every segment of `length` steps.

    `segments` has the structure of `sequences`. What is left at the end is a shorter
    segment, which may be of no steps where their number is unknown; with `exact` there
    is none.
    """
    flat, layout = tensors(sequences), rule.layout
    steps = layout.static_steps(flat[0])
    steps = layout.steps(flat[0]) if steps is None else steps
    count, left = steps // length, steps % length
    reverse = rule.reverse != back
    # Of a sequence that is too short even a loop that never runs can cut no segment.
    flat = [layout.pad(each, tf.maximum(length - steps, 0)) for each in flat]

    def call(start, length, carry):
        segments = [layout.cut(each, start, length) for each in flat]
        return body(start, pack(sequences, segments), carry)

    def one(number, carry):
        return number + 1, call((count - 1 - number if reverse else number) * length, length, carry)

    some_left = not (exact or (isinstance(left, int) and left == 0))
    if some_left and reverse:
        carry = call(count * length, left, carry)
    carry = tf.while_loop(lambda number, _: number < count, one, (0, carry))[-1]
    if some_left and not reverse:
        carry = call(count * length, left, carry)
    return carry


def _large(inputs, columns, limit):
    """Whether a sequence of so many columns has `limit` bytes or more, or a size unknown as yet."""
    if not inputs.shape.is_fully_defined():
        return True
    return inputs.shape[0] * inputs.shape[1] * columns * inputs.dtype.size >= limit


def _over_rows(gradients):
    """The gradient of a bias."""
    return tf.concat([tf.reduce_sum(each, axis=(0, 1)) for each in gradients], axis=0)


def _write_all(layout, sequences, at, values):
    """Lists of lists of sequences, each with its step written."""
    return [[layout.write(sequence, at, value) for sequence, value in zip(*pair)] for pair in zip(sequences, values)]


def _hold(real, new, old):
    """A masked step keeps the states that it found."""
    if real is not None:
        new = [tf.where(real[:, tf.newaxis], after, before) for after, before in zip(new, old)]
    for after, before in zip(new, old):
        after.set_shape(before.shape)
    return new


def _split(real, d_states):
    """The gradients that enter the step, and those that pass it by (None for none)."""
    if real is None:
        return d_states, [None] * len(d_states)
    real = real[:, tf.newaxis]
    enter = [tf.where(real, d, tf.zeros_like(d)) for d in d_states]
    return enter, [tf.where(real, tf.zeros_like(d), d) for d in d_states]
