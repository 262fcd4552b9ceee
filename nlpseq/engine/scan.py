"""Linear recurrences: `h_t = a_t * h_{t-1} + b_t`, step by step or as a parallel scan.

The gradient of one is another, the other way round in time:

    g_t = dh_t + a_{t+1} * g_{t+1}      db_t = g_t      da_t = g_t * h_{t-1}
"""

import functools

import tensorflow as tf

from nlpseq.engine.derivatives import first_only
from nlpseq.engine.loops import Rule, over_time


def run(cell, inputs, state, mask, draws, layout, reverse, unroll):
    """Runs a `nlpseq.cells.linear.LinearCell`.

    Args:
        inputs: sequence of features.
        state: the initial state, `(batch, units)`.
        mask: bool, a sequence without columns, True = real, or None.
        draws: `nlpseq.cells.parts.Draws`.
        layout, reverse, unroll: as in `nlpseq.engine.loops.Rule`.

    Returns:
        `(outputs, final_state)`.
    """
    a, b = cell.coefficients_of(inputs, layout.spread(draws.inputs), draws.noise)
    if mask is not None:  # a masked step holds the state
        real = mask[..., tf.newaxis]
        a, b = tf.where(real, a, tf.ones_like(a)), tf.where(real, b, tf.zeros_like(b))
    parallel = cell.parallel and bool(layout.static_steps(inputs))
    outputs = _differentiable(_scan(layout, parallel, unroll), a, b, state, layout, reverse)
    last = _end(layout, outputs, last=not reverse)
    return outputs, tf.where(layout.steps(inputs) > 0, last, state)


def _differentiable(scan, a, b, state, layout, reverse):
    """Every `h_t`, with the gradients."""

    @tf.custom_gradient
    def recurrence(*sources):
        a, b, state = map(tf.stop_gradient, sources)
        outputs = tf.ensure_shape(scan(a, b, state, reverse), a.shape)

        def gradient(d_outputs):
            nothing = tf.zeros_like(state)
            later = layout.shifted(nothing, a, not reverse)  # a_{t+1}
            g = tf.ensure_shape(scan(later, d_outputs, nothing, not reverse), a.shape)
            before = layout.shifted(state, outputs, reverse)
            return g * before, g, _end(layout, a * g, last=reverse)

        return outputs, first_only(gradient, sources, "run the cell in keras.layers.RNN")

    return recurrence(a, b, state)


@functools.cache
def _scan(layout, parallel, unroll):
    """`(a, b, state, reverse) -> h`, compiled where sequences are written in place."""
    manner = _in_parallel if parallel else _step_by_step
    return tf.function(
        functools.partial(manner, layout, unroll),
        jit_compile=layout.in_place or None,
        autograph=False,
        reduce_retracing=not (parallel or layout.in_place),  # they need the number of steps
    )


def _in_parallel(layout, unroll, a, b, state, reverse):
    """Doubling (Hillis and Steele 1986): after k passes each step holds 2^k steps as one.

    Two steps as one are a step: a_2 (a_1 h + b_1) + b_2 = (a_2 a_1) h + (a_2 b_1 + b_2).
    """
    steps, distance = layout.static_steps(a), 1
    while distance < steps:
        one = layout.delayed(a, distance, reverse, fill=1)
        other = layout.delayed(b, distance, reverse, fill=0)
        a, b = a * one, a * other + b
        distance *= 2
    return a * tf.expand_dims(state, layout.axis) + b


def _step_by_step(layout, unroll, a, b, state, reverse):
    steps = layout.steps(a)

    def step(at, slices, carry):
        h, outputs = carry
        a, b = slices
        h = a * h + b
        return h, layout.write(outputs, at, h)

    rule = Rule(None, 0, layout, reverse, unroll)
    carry = (state, layout.empty(steps, state, state.dtype))
    _, outputs = over_time(rule, step, carry, (a, b), ahead=True)
    return layout.written(outputs, steps)


def _end(layout, sequence, last):
    """The last step or the first, zero where there is none."""
    padded = layout.pad(sequence, 1 - tf.minimum(layout.steps(sequence), 1))
    return layout.read(padded, -1 if last else 0)
