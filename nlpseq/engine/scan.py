"""Linear recurrences: `h_t = a_t * h_{t-1} + b_t`, step by step or as a parallel scan.

The gradient of a linear recurrence is a linear recurrence in the opposite direction:

    g_t = dh_t + a_{t+1} * g_{t+1}      db_t = g_t      da_t = g_t * h_{t-1}
"""

import functools

import tensorflow as tf

from nlpseq.cells.contract import RandomMasks
from nlpseq.cells.linear import LinearCell
from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.scans import Scan


def run(
    cell: LinearCell,
    inputs: tf.Tensor,
    state: tf.Tensor,
    mask: tf.Tensor | None,
    masks: RandomMasks,
    layout: Layout,
    reverse: bool,
    unroll: bool,
    compiled: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs a `nlpseq.cells.LinearCell`.

    Args:
        cell: the cell.
        inputs: sequence of features.
        state: the initial state, `(batch, units)`.
        mask: bool `(batch, time)`, or `(time, batch)`, True = real, or None.
        masks: the random masks.
        layout, reverse, unroll: as in `nlpseq.engine.loops.StepSpec`.
        compiled: whether to compile the loop; a parallel scan is never compiled.

    Returns:
        `(outputs, final_state)`.
    """
    a, b = cell.run_coefficients(inputs, layout.broadcast_masks(masks.inputs), masks.zoneout)
    if mask is not None:  # a masked step keeps the state
        real = mask[..., tf.newaxis]
        a, b = tf.where(real, a, tf.ones_like(a)), tf.where(real, b, tf.zeros_like(b))
    parallel = cell.parallel and bool(layout.static_steps(inputs))
    outputs = _differentiable(_scan(layout, parallel, unroll, compiled), a, b, state, layout, reverse)
    last = _edge(layout, outputs, last=not reverse)
    return outputs, tf.where(layout.steps(inputs) > 0, last, state)


def _differentiable(scan, a, b, state, layout, reverse):
    """All h_t, with their gradients."""

    @custom_gradient
    def recurrence(*sources):
        a, b, state = map(tf.stop_gradient, sources)
        outputs = tf.ensure_shape(scan(a, b, state, reverse), a.shape)

        def gradient(d_outputs):
            zero = tf.zeros_like(state)
            a_next = layout.previous(zero, a, not reverse)  # a_{t+1}
            g = tf.ensure_shape(scan(a_next, d_outputs, zero, not reverse), a.shape)
            h_previous = layout.previous(state, outputs, reverse)
            return g * h_previous, g, _edge(layout, a * g, last=reverse)

        return outputs, first_only(gradient, sources, "run the cell in keras.layers.RNN")

    return recurrence(a, b, state)


def _scan(layout, parallel, unroll, compiled):
    """`(a, b, state, reverse) -> h`."""
    if parallel:
        return functools.partial(_in_parallel, layout)

    def scan(a, b, state, reverse):
        options = {"axis": layout.axis, "unroll": unroll, "compiled": compiled}
        return _step_by_step([a, b], state, reverse=reverse, **options)[0]

    return scan


def _linear_step(h, slices, constants):
    a, b = slices
    h = a * h + b
    return h, h


_step_by_step = Scan(_linear_step)


def _in_parallel(layout, a, b, state, reverse):
    """Doubling (Hillis and Steele 1986): after k passes each step combines 2^k steps.

    Two steps combine into one: a_2 (a_1 h + b_1) + b_2 = (a_2 a_1) h + (a_2 b_1 + b_2).
    """
    steps, distance = layout.static_steps(a), 1
    while distance < steps:
        a_1 = layout.delay(a, distance, reverse, fill=1)
        b_1 = layout.delay(b, distance, reverse, fill=0)
        a, b = a * a_1, a * b_1 + b
        distance *= 2
    return a * tf.expand_dims(state, layout.axis) + b


def _edge(layout, sequence, last):
    """The last step or the first, zero if there is none."""
    padded = layout.pad(sequence, 1 - tf.minimum(layout.steps(sequence), 1))
    return layout.read(padded, -1 if last else 0)
