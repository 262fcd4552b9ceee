"""The two loops of a recurrence: forward over time, and backward through time.

Pure functions of tensors in time-major order. A reversed run goes from the end of
the sequence to its start; every result stays at the time of its input.
"""

from dataclasses import dataclass
from typing import Callable, NamedTuple

import tensorflow as tf

from nlpseq.cells.parts import Weights, pack, tensors
from nlpseq.cells.products import gate_product, kernel_gradient, rows_gradient

CACHE = 10_000_000  # bytes: a larger input half is made some steps at a time


class Kept(NamedTuple):
    """What `forward` keeps for `backward`.

    Attributes:
        sequences: every state over time, a list of `(time, batch, units)`.
        halves: `[z + r]` over time for an additive rule, else `[z, r]`.
    """

    sequences: list
    halves: list


@dataclass(frozen=True)
class Rule:
    """How one cell is stepped, and in which manner.

    Attributes:
        step: `(own weights, z, r, states, noise, constant) -> new states`.
        additive: whether it depends on z and r through `z + r` alone.
        reverse: whether time runs from the end to the start.
        unroll: whether the loop is written out, a static number of steps.
        segments: whether input halves may be made some steps at a time.
    """

    step: Callable
    additive: bool
    reverse: bool
    unroll: bool
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
        inputs: `(time, batch, features)`.
        weights: `nlpseq.cells.parts.Weights`.
        states: the initial states, a list of `(batch, units)`. Their type may be
            wider than that of the inputs: they are then carried in that type, and
            only the products are made in the narrow one.
        mask: bool `(time, batch)`, True = real, or None.
        draws: `nlpseq.cells.parts.Draws`.

    Returns:
        `(outputs, final_states, kept)`: the first state over time `(time, batch,
        units)`, and `Kept`, each None where it is not kept.
    """
    narrow = inputs.dtype
    steps = tf.shape(inputs)[0]
    widths = [weights.kernel.shape[1], weights.recurrent_kernel.shape[1]]
    types = [narrow, *(state.dtype for state in states[1:])]
    sequences = [_array(steps, state, dtype) for state, dtype in zip(states, types)]
    kept = [_array(steps, states[0], narrow, width) for width in widths[: 1 if rule.additive else 2]]
    sequences = {"all": sequences, "outputs": sequences[:1], "nothing": []}[keep]
    kept = kept if keep == "all" else []

    def segment(start, slices, carry):
        inputs, mask, noise = slices
        z = gate_product(inputs, weights.kernel, draws.inputs, weights.bias)

        def step(at, slices, carry):
            states, sequences, kept = carry
            z, real, noise = slices
            hidden = tf.cast(states[0], narrow)
            r = gate_product(
                hidden, weights.recurrent_kernel, draws.recurrent, weights.recurrent_bias
            )
            halves = [z + r] if rule.additive else [z, r]
            wide = [tf.cast(half, states[0].dtype) for half in halves]
            new = _hold(real, rule.new_states(weights.own, wide, states, noise, draws.constant), states)
            sequences = [
                array.write(start + at, tf.cast(state, array.dtype))
                for array, state in zip(sequences, new)
            ]
            kept = [array.write(start + at, half) for array, half in zip(kept, halves)]
            return new, sequences, kept

        sequences = (z, mask, noise)
        return over_time(step, carry, sequences, rule.reverse, rule.unroll, not rule.additive)

    whole = rule.unroll or (keep == "all" and not rule.additive)  # then z is kept
    length = segment_length(inputs, widths[0]) if rule.segments and not whole else None
    carry = (list(states), sequences, kept)
    carry = over_segments(length, segment, carry, (inputs, mask, draws.noise), rule.reverse)
    final, sequences, kept = carry
    sequences = [array.stack() for array in sequences]
    kept = Kept(sequences, [array.stack() for array in kept]) if keep == "all" else None
    return (sequences[0] if sequences else None), list(final), kept


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
    narrow = inputs.dtype
    steps = tf.shape(inputs)[0]
    previous = [_previous(rule, first, later) for first, later in zip(states, kept.sequences)]
    gradients = [_array(steps, states[0], narrow, half.shape[-1]) for half in kept.halves]
    wide = states[0].dtype

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
        gradients = [array.write(at, d_half) for array, d_half in zip(gradients, d_halves)]
        return d_before, gradients, [d + more for d, more in zip(d_own, d_more)]

    carry = (
        [tf.cast(d, wide) for d in d_final],
        gradients,
        [tf.zeros_like(weight) for weight in weights.own],
    )
    sequences = (previous, kept.halves, mask, draws.noise, d_outputs)
    d_states, gradients, d_own = over_time(
        step, carry, sequences, not rule.reverse, rule.unroll
    )
    gradients = [array.stack() for array in gradients]
    dz, dr = gradients[0], gradients[-1]
    hidden = tf.cast(previous[0], narrow)
    d_weights = Weights(
        kernel_gradient(inputs, dz, draws.inputs),
        kernel_gradient(hidden, dr, draws.recurrent),
        None if weights.bias is None else tf.reduce_sum(dz, axis=(0, 1)),
        None if weights.recurrent_bias is None else tf.reduce_sum(dr, axis=(0, 1)),
        d_own,
    )
    return rows_gradient(dz, weights.kernel, draws.inputs), d_weights, list(d_states)


def over_time(step, carry, sequences, reverse, unroll, ahead=False):
    """Calls `carry = step(time, slices, carry)` for every time, and returns the last carry.

    `slices` has the structure of `sequences`, with what each holds at that time; None
    stays None. With `ahead` the slices are read one step ahead and carried: where a
    step computes the new state out of a slice and of the old state in one go, XLA
    writes it in place, and compiles a step that reads a slice as well without vector
    instructions, which takes twice the time. Elsewhere it is a copy for nothing.
    """
    flat = tensors(sequences)
    steps = tf.shape(flat[0])[0]
    padded = [_at_least_one(each) for each in flat]

    def time(number):
        return steps - 1 - number if reverse else number

    def read(at):
        return [each[at] for each in padded]

    def next_slices(number):
        last = tf.maximum(steps - 1, 0)
        return read(last - tf.minimum(number, last) if reverse else tf.minimum(number, last))

    def body(number, slices, carry):
        at = time(number)
        now = slices if ahead else read(at)
        carry = step(at, pack(sequences, now), carry)
        return number + 1, (next_slices(number + 1) if ahead else []), carry

    state = (0, next_slices(0) if ahead else [], carry)
    if unroll:
        for _ in range(flat[0].shape[0]):
            state = body(*state)
        return state[-1]
    return tf.while_loop(
        lambda number, *_: number < steps, body, state, maximum_iterations=steps
    )[-1]


def over_segments(length, body, carry, sequences, reverse):
    """Calls `carry = body(start, segments, carry)` for every segment of `length` steps.

    `segments` has the structure of `sequences`. The number of steps must be a
    multiple of `length`; None makes one segment of them all.
    """
    if length is None:
        return body(0, sequences, carry)
    count = tf.shape(tensors(sequences)[0])[0] // length

    def cut(sequence, start):
        if sequence is None:
            return None
        sizes = [length, *[-1] * (len(sequence.shape) - 1)]
        part = tf.slice(sequence, [start, *[0] * (len(sizes) - 1)], sizes)
        return tf.ensure_shape(part, [length, *sequence.shape[1:]])

    def one(number, carry):
        start = (count - 1 - number if reverse else number) * length
        return number + 1, body(start, tf.nest.map_structure(lambda s: cut(s, start), sequences), carry)

    return tf.while_loop(lambda number, _: number < count, one, (0, carry))[-1]


def segment_length(inputs, width, shortest=4, longest=16):
    """Into how many steps at a time the input half is cut, to stay in the cache; None for all.

    Args:
        inputs: `(time, batch, features)`.
        width: columns of the input half.
    """
    if not inputs.shape.is_fully_defined():
        return None
    steps, batch, _ = inputs.shape
    if steps * batch * width * inputs.dtype.size < CACHE:
        return None
    return max((n for n in range(shortest, longest + 1) if steps % n == 0), default=None)


def _array(steps, like, dtype, width=None):
    shape = like.shape if width is None else [like.shape[0], width]
    return tf.TensorArray(dtype, size=steps, element_shape=shape)


def _at_least_one(sequence):
    """XLA refuses to slice a sequence of no steps, even in a loop that never runs.

    Padding by nothing, the usual case, copies nothing.
    """
    extra = 1 - tf.minimum(tf.shape(sequence)[0], 1)
    padded = tf.pad(sequence, [[0, extra]] + [[0, 0]] * (len(sequence.shape) - 1))
    padded.set_shape([None, *sequence.shape[1:]])
    return padded


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


def _previous(rule, first, later):
    """The state before each step, `(time, batch, units)`."""
    first = tf.cast(first, later.dtype)[tf.newaxis]
    if rule.reverse:
        return tf.concat([later[1:], first], axis=0)[: tf.shape(later)[0]]
    return tf.concat([first, later[:-1]], axis=0)[: tf.shape(later)[0]]
