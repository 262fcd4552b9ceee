"""The two loops of a recurrence: forward over time, and backward through time.

Pure functions of tensors. Sequences are in the order that the rule's layout says; a
reversed run goes from the end of the sequence to its start, and every result stays at
the time of its input.
"""

from dataclasses import dataclass
from typing import Callable, NamedTuple

import tensorflow as tf

from nlpseq.cells.parts import Weights, pack, tensors
from nlpseq.cells.products import gate_product, kernel_gradient, rows_gradient
from nlpseq.engine.layout import Layout

CACHE = 10_000_000  # bytes: a larger input half is made some steps at a time


class Kept(NamedTuple):
    """What `forward` keeps for `backward`, sequences of columns.

    Attributes:
        outputs: the first state after each step.
        previous: the other states before each step, a list.
        halves: `[z + r]` of each step for an additive rule, else `[z, r]`.
    """

    outputs: tf.Tensor
    previous: list
    halves: list


@dataclass(frozen=True)
class Rule:
    """How one cell is stepped, and in which manner.

    Attributes:
        step: `(own weights, z, r, states, noise, constant) -> new states`.
        additive: whether it depends on z and r through `z + r` alone.
        layout: the order of the sequences.
        reverse: whether time runs from the end to the start.
        unroll: whether the loop is written out, a static number of steps.
        segments: whether input halves may be made some steps at a time.
    """

    step: Callable
    additive: bool
    layout: Layout
    reverse: bool = False
    unroll: bool = False
    segments: bool = False

    def new_states(self, own, halves, states, *random):
        """The states after a step; `halves` as in `Kept`, `random` the noise and the constant."""
        z, r = (*halves, 0.0)[:2]
        return list(self.step(own, z, r, list(states), *random))

    def gradients(self, own, halves, states, random, d_new):
        """`(d_halves, d_states, d_own)` of a step, by autodiff."""
        inputs = [*halves, *states, *own]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            new = self.new_states(own, halves, states, *random)
        gradients = tape.gradient(new, inputs, d_new, unconnected_gradients="zero")
        first, last = len(halves), len(halves) + len(states)
        return gradients[:first], gradients[first:last], gradients[last:]


def forward(rule, keep, inputs, weights, states, mask, draws):
    """Runs a cell over time.

    Args:
        rule: a `Rule`.
        keep: "all" for what `backward` needs, "outputs", or "nothing" but the end.
        inputs: sequence of features.
        weights: `nlpseq.cells.parts.Weights`.
        states: the initial states, a list of `(batch, units)`. Their type may be
            wider than that of the inputs: they are then carried in that type, and
            only the products are made in the narrow one.
        mask: bool, a sequence without columns, True = real, or None.
        draws: `nlpseq.cells.parts.Draws`.

    Returns:
        `(outputs, final_states, kept)`: the sequence of the first state, and `Kept`,
        each None where it is not kept.
    """
    narrow, layout = inputs.dtype, rule.layout
    steps = layout.steps(inputs)
    widths = [weights.kernel.shape[1], weights.recurrent_kernel.shape[1]]
    outputs, previous, halves = [], [], []
    if keep != "nothing":
        outputs = [layout.empty(steps, states[0], narrow)]
    if keep == "all":
        previous = [layout.empty(steps, state, state.dtype) for state in states[1:]]
        halves = [layout.empty(steps, states[0], narrow, width) for width in widths]
        halves = halves[: 1 if rule.additive else 2]

    def segment(start, slices, carry):
        inputs, mask, noise = slices
        z = gate_product(inputs, weights.kernel, layout.spread(draws.inputs), weights.bias)

        def step(at, slices, carry):
            states, *kept = carry
            z, real, noise = slices
            hidden = tf.cast(states[0], narrow)
            r = gate_product(
                hidden, weights.recurrent_kernel, draws.recurrent, weights.recurrent_bias
            )
            halves = [z + r] if rule.additive else [z, r]
            wide = [tf.cast(half, states[0].dtype) for half in halves]
            new = rule.new_states(weights.own, wide, states, noise, draws.constant)
            new = _hold(real, new, states)
            values = [tf.cast(new[0], narrow)], states[1:], halves
            return new, *(_write_all(layout, kept, start + at, values))

        return over_time(rule, step, carry, (z, mask, noise), ahead=not rule.additive)

    whole = rule.unroll or (keep == "all" and not rule.additive)  # then z is kept
    length = segment_length(layout, inputs, widths[0]) if rule.segments and not whole else None
    carry = (list(states), outputs, previous, halves)
    final, *kept = over_segments(rule, length, segment, carry, (inputs, mask, draws.noise))
    outputs, previous, halves = [[layout.written(each, steps) for each in part] for part in kept]
    kept = Kept(outputs[0], previous, halves) if keep == "all" else None
    return (outputs[0] if outputs else None), list(final), kept


def backward(rule, inputs, weights, states, mask, draws, kept, d_outputs, d_final):
    """Backpropagation through time: the gradients of `forward`.

    The reverse loop carries the gradients of the states and makes one product a
    step, `dr_t U^T`; the weights being shared over time, their gradients are one
    product each after the loop:

        dU = sum_t h_{t-1}^T dr_t      dW = sum_t x_t^T dz_t      db = sum_t dz_t

    Args:
        kept: as `forward` returned it.
        d_outputs: gradient of the outputs, or None where it is zero.
        d_final: list of gradients of the final states.

    Returns:
        `(d_inputs, d_weights, d_states)`.
    """
    narrow, wide, layout = inputs.dtype, states[0].dtype, rule.layout
    steps = layout.steps(inputs)
    hidden = layout.shifted(states[0], kept.outputs, rule.reverse)
    gradients = [layout.empty(steps, states[0], narrow, half.shape[-1]) for half in kept.halves]

    def step(at, slices, carry):
        d_states, gradients, d_own = carry
        before, halves, real, noise, d_output = slices
        if d_output is not None:
            d_states = [d_states[0] + tf.cast(d_output, wide), *d_states[1:]]
        before = [tf.cast(state, wide) for state in before]
        halves = [tf.cast(half, wide) for half in halves]
        d_new, d_held = _split(real, d_states)
        random = (noise, draws.constant)
        d_halves, d_before, d_more = rule.gradients(weights.own, halves, before, random, d_new)
        d_halves = [tf.cast(d_half, narrow) for d_half in d_halves]
        d_hidden = rows_gradient(d_halves[-1], weights.recurrent_kernel, draws.recurrent)
        d_before = [d_before[0] + tf.cast(d_hidden, wide), *d_before[1:]]
        d_before = [d if held is None else d + held for d, held in zip(d_before, d_held)]
        (gradients,) = _write_all(layout, [gradients], at, [d_halves])
        return d_before, gradients, [d + more for d, more in zip(d_own, d_more)]

    carry = (
        [tf.cast(d, wide) for d in d_final],
        gradients,
        [tf.zeros_like(weight) for weight in weights.own],
    )
    sequences = ([hidden, *kept.previous], kept.halves, mask, draws.noise, d_outputs)
    d_states, gradients, d_own = over_time(rule, step, carry, sequences, back=True)
    gradients = [layout.written(each, steps) for each in gradients]
    dz, dr = gradients[0], gradients[-1]
    input_masks = layout.spread(draws.inputs)
    d_weights = Weights(
        kernel_gradient(inputs, dz, input_masks),
        kernel_gradient(hidden, dr, layout.spread(draws.recurrent)),
        None if weights.bias is None else tf.reduce_sum(dz, axis=(0, 1)),
        None if weights.recurrent_bias is None else tf.reduce_sum(dr, axis=(0, 1)),
        d_own,
    )
    return rows_gradient(dz, weights.kernel, input_masks), d_weights, list(d_states)


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
    return tf.while_loop(
        lambda number, *_: number < steps, body, state, maximum_iterations=steps
    )[-1]


def over_segments(rule, length, body, carry, sequences, back=False):
    """Calls `carry = body(start, segments, carry)` for every segment of `length` steps.

    `segments` has the structure of `sequences`. The number of steps must be a
    multiple of `length`; None makes one segment of them all.
    """
    if length is None:
        return body(0, sequences, carry)
    flat, layout = tensors(sequences), rule.layout
    count = layout.steps(flat[0]) // length

    def one(number, carry):
        start = (count - 1 - number if rule.reverse != back else number) * length
        segments = [layout.cut(each, start, length) for each in flat]
        return number + 1, body(start, pack(sequences, segments), carry)

    return tf.while_loop(lambda number, _: number < count, one, (0, carry))[-1]


def segment_length(layout, inputs, width, shortest=4, longest=16):
    """Into how many steps at a time the input half is cut, to stay in the cache; None for all.

    Args:
        inputs: sequence of features.
        width: columns of the input half.
    """
    if not inputs.shape.is_fully_defined():
        return None
    steps, rows = layout.static_steps(inputs), inputs.shape[0] * inputs.shape[1]
    if rows * width * inputs.dtype.size < CACHE:
        return None
    return max((n for n in range(shortest, longest + 1) if steps % n == 0), default=None)


def _write_all(layout, sequences, at, values):
    """Lists of lists of sequences, each with its step written."""
    return [
        [layout.write(sequence, at, value) for sequence, value in zip(*pair)]
        for pair in zip(sequences, values)
    ]


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
