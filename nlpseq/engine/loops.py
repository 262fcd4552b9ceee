"""The two loops of a recurrence: forward over time, and backward through time.

Pure functions of tensors in time-major order. A reversed run goes from the end of
the sequence to its start; every result stays at the time of its input.
"""

from dataclasses import dataclass
from typing import Callable

import tensorflow as tf

from nlpseq.cells.products import gate_product, kernel_gradient, rows_gradient


@dataclass(frozen=True)
class Rule:
    """How one cell is stepped: `transition(z, r, states)`, and in which manner.

    Attributes:
        transition: the cell's local rule.
        additive: whether it depends on z and r through `z + r` alone.
        reverse: whether time runs from the end to the start.
        unroll: whether the loop is written out, a static number of steps.
    """

    transition: Callable
    additive: bool
    reverse: bool
    unroll: bool

    def step(self, z, r, states):
        """The new states."""
        if self.additive:
            z, r = z + r, 0.0
        return list(self.transition(z, r, list(states)))

    def step_gradient(self, z, r, states, d_new):
        """`(dz, dr, d_states)` by autodiff of the transition; r is None where z is `z + r`."""
        inputs = [z, *states] if self.additive else [z, r, *states]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            new = self.transition(z, 0.0 if self.additive else r, list(states))
        gradients = tape.gradient(new, inputs, d_new, unconnected_gradients="zero")
        dz = gradients[0]
        dr = dz if self.additive else gradients[1]
        return dz, dr, gradients[-len(states) :]


def forward(rule, z, kernel, bias, states, mask, dropout):
    """Runs a cell over time, keeping what `backward` needs.

    Args:
        rule: a `Rule`.
        z: input halves, `(time, batch, gates * units)`.
        kernel, bias: of the recurrent half, `(units, gates * units)` and
            `(gates * units,)` or None.
        states: the initial states, a list of `(batch, units)`.
        mask: bool `(time, batch)`, True = real, or None.
        dropout: mask or masks on the recurrent input, or None.

    Returns:
        `(sequences, halves, final_states)`: every state over time `(time, batch,
        units)`, the first being the output; `z + r` over time for an additive
        rule, else `r`; and the states at the end.
    """
    steps = tf.shape(z)[0]
    z_at, mask_at = _reader(z), _reader(mask)
    sequences = [_array(steps, state) for state in states]
    halves = _array(steps, z[0:1, :, :], drop_axis=True)

    def body(step, states, sequences, halves):
        at = _time(rule, step, steps)
        r = gate_product(states[0], kernel, dropout, bias)
        z_t = z_at(at)
        new = _hold(mask_at(at), rule.step(z_t, r, states), states)
        sequences = [array.write(at, state) for array, state in zip(sequences, new)]
        return step + 1, new, sequences, halves.write(at, z_t + r if rule.additive else r)

    carry = (0, list(states), sequences, halves)
    _, final, sequences, halves = _loop(rule, z, body, carry)
    return [array.stack() for array in sequences], halves.stack(), list(final)


def backward(rule, z, kernel, bias, states, mask, dropout, sequences, halves, d_outputs, d_final):
    """Backpropagation through time: the gradients of `forward`.

    The reverse loop carries the gradients of the states and makes one product a
    step, `dr_t U^T`; the weights being shared over time, their gradients are one
    product each after the loop:

        dU = sum_t h_{t-1}^T dr_t      db = sum_t dr_t

    Args:
        sequences, halves: as `forward` returned them. `z` may be None where the
            rule is additive.
        d_outputs: gradient of the first sequence, or None where it is zero.
        d_final: list of gradients of the final states.

    Returns:
        `(dz, dU, db, d_states)`.
    """
    steps = tf.shape(halves)[0]
    previous = [_previous(rule, first, later) for first, later in zip(states, sequences)]
    z_at, halves_at, mask_at, d_outputs_at = map(_reader, (z, halves, mask, d_outputs))
    previous_at = [_reader(sequence) for sequence in previous]
    dz = _array(steps, halves[0:1], drop_axis=True)
    dr = None if rule.additive else _array(steps, halves[0:1], drop_axis=True)

    def body(step, d_states, *arrays):
        at = _time(rule, steps - 1 - step, steps)
        if d_outputs is not None:
            d_states = [d_states[0] + d_outputs_at(at), *d_states[1:]]
        d_new, d_held = _split(mask_at(at), d_states)
        before = [read(at) for read in previous_at]
        z_t, r_t = (halves_at(at), None) if rule.additive else (z_at(at), halves_at(at))
        dz_t, dr_t, d_before = rule.step_gradient(z_t, r_t, before, d_new)
        d_before[0] = d_before[0] + rows_gradient(dr_t, kernel, dropout)
        d_before = [a if b is None else a + b for a, b in zip(d_before, d_held)]
        arrays = [array.write(at, value) for array, value in zip(arrays, (dz_t, dr_t))]
        return step + 1, d_before, *arrays

    arrays = [dz] if rule.additive else [dz, dr]
    _, d_states, *arrays = _loop(rule, halves, body, (0, list(d_final), *arrays))
    dz, dr = arrays[0].stack(), arrays[-1].stack()
    d_kernel = kernel_gradient(previous[0], dr, dropout)
    d_bias = None if bias is None else tf.reduce_sum(dr, axis=(0, 1))
    return dz, d_kernel, d_bias, list(d_states)


def _array(steps, like, drop_axis=False):
    shape = like.shape[1:] if drop_axis else like.shape
    return tf.TensorArray(like.dtype, size=steps, element_shape=shape)


def _time(rule, step, steps):
    return steps - 1 - step if rule.reverse else step


def _loop(rule, over, body, carry):
    if rule.unroll:
        for _ in range(over.shape[0]):
            carry = body(*carry)
        return carry
    steps = tf.shape(over)[0]
    return tf.while_loop(lambda step, *_: step < steps, body, carry, maximum_iterations=steps)


def _reader(sequence):
    """A function from a time to what a sequence holds then; None where there is no sequence.

    XLA refuses to slice a sequence of no steps, even in a loop that never runs:
    such a one gets a step that is never read. Padding by nothing copies nothing.
    """
    if sequence is None:
        return lambda at: None
    extra = 1 - tf.minimum(tf.shape(sequence)[0], 1)
    paddings = [[0, extra]] + [[0, 0]] * (len(sequence.shape) - 1)
    padded = tf.pad(sequence, paddings)
    padded.set_shape([None, *sequence.shape[1:]])
    return lambda at: padded[at]


def _hold(mask, new, old):
    """A masked step keeps the states that it found."""
    if mask is not None:
        real = mask[:, tf.newaxis]
        new = [tf.where(real, after, before) for after, before in zip(new, old)]
    for after, before in zip(new, old):
        after.set_shape(before.shape)
    return new


def _split(mask, d_states):
    """The gradients that enter the step, and those that pass it by (None for none)."""
    if mask is None:
        return d_states, [None] * len(d_states)
    real = mask[:, tf.newaxis]
    enter = [tf.where(real, d, tf.zeros_like(d)) for d in d_states]
    return enter, [tf.where(real, tf.zeros_like(d), d) for d in d_states]


def _previous(rule, first, later):
    """The state before each step, `(time, batch, units)`."""
    if rule.reverse:
        return tf.concat([later[1:], first[tf.newaxis]], axis=0)[: tf.shape(later)[0]]
    return tf.concat([first[tf.newaxis], later[:-1]], axis=0)[: tf.shape(later)[0]]
