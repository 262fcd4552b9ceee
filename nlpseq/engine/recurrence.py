"""Runs any cell over a batch of sequences, with backpropagation through time by hand."""

import functools
import weakref

import tensorflow as tf

from nlpseq.cells.parts import pack, tensors
from nlpseq.engine import loops, recomputation, scan
from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import Rule

_functions = weakref.WeakKeyDictionary()


def run(
    cell,
    inputs,
    states,
    mask=None,
    *,
    return_sequences=True,
    reverse=False,
    unroll=False,
    training=False,
    engine="auto",
    recompute=False,
    time_major=False,
):
    """Runs `cell` over a batch of sequences.

    Args:
        cell: a built `nlpseq.cells.RecurrentCell` whose `fused` is True.
        inputs: `(batch, time, features)`, in the cell's compute dtype.
        states: list of initial states, `(batch, units)`, of that type or a wider one.
        mask: bool `(batch, time)`, True = real, or None. A masked step holds the
            states.
        return_sequences: whether to return every output or the last. Default True.
        reverse: whether to run from the end to the start. Default False.
        unroll: whether to write the loop out, for a short static time. Default False.
        training: whether dropout applies, whether "auto" compiles, and whether
            what the gradients need is kept. Gradients can be had without it as
            well: they then run the loop once more. Default False.
        engine: "auto", "xla" or "portable": see `nlpseq.engine.compilation`.
        recompute: whether to keep little for the gradients and to compute the rest
            once more, segment by segment; slower, for long sequences. Default False.
        time_major: whether inputs, mask and outputs are `(time, batch, ...)`; neither
            order is transposed. Default False.

    Raises:
        NotImplementedError: a second derivative is asked for.

    Returns:
        `(outputs, final_states)`: outputs `(batch, time, units)`, each at the time
        of its input whatever the direction, or the last one `(batch, units)`; and
        the list of states at the end, in the types of the initial ones.
    """
    draws = cell.draw(inputs, states, training)
    xla = should_compile(engine, training, inputs)
    layout = Layout(0 if time_major else 1, in_place=xla)
    if cell.linear:
        outputs, final = scan.run(cell, inputs, *states, mask, draws, layout, reverse, unroll)
        return tf.cast(outputs if return_sequences else final, inputs.dtype), [final]
    weights = cell.engine_weights(training)
    length, steps = None, layout.steps(inputs)
    if recompute and not unroll:
        length = recomputation.segment_length(layout.static_steps(inputs))
        mask, inputs, draws = _padded(layout, length, mask, inputs, draws)
    loop = _loop(cell, layout, reverse, unroll)
    sources = (inputs, weights, list(states))
    flat = tensors(sources)

    @tf.custom_gradient
    def recurrence(*flat):
        inputs, weights, states = pack(sources, map(tf.stop_gradient, flat))
        random = (mask, draws)
        if length is None:
            outputs, final, kept = loop.forward(return_sequences, bool(training), inputs, weights, states, *random)
        else:
            outputs, final, starts = loop.forward_again(length, inputs, weights, states, *random)

        def gradient(*d_all):
            d_outputs, d_final = (d_all[0], d_all[1:]) if return_sequences else (None, d_all)
            d_final = [tf.cast(d, state.dtype) for d, state in zip(d_final, states)]
            if length is None:
                again = kept or loop.forward(False, True, inputs, weights, states, *random)[-1]
                gradients = loop.backward(inputs, weights, *random, again, d_outputs, d_final)
            else:
                gradients = loop.backward_again(length, inputs, weights, *random, starts, d_outputs, d_final)
            return tensors(gradients)

        found = (outputs, *final) if return_sequences else tuple(final)
        return found, first_only(gradient, flat, "run the cell in keras.layers.RNN")

    outputs, *final = recurrence(*flat) if return_sequences else (None, *recurrence(*flat))
    if not return_sequences:
        return tf.cast(final[0], inputs.dtype), final
    return (outputs if length is None else layout.first(outputs, steps)), final


def _padded(layout, length, mask, inputs, draws):
    """Sequences of a multiple of `length` steps; the steps that are added are masked."""
    known = layout.static_steps(inputs)
    if mask is None and (not known or known % length):
        mask = tf.ones(tf.shape(inputs)[:2], bool)
    mask, inputs, noise = (recomputation.pad(layout, length, each) for each in (mask, inputs, draws.noise))
    return mask, inputs, draws._replace(noise=noise)


class _Loop:
    """The loops of one cell and manner as `tf.function`s."""

    def __init__(self, rule, xla):
        def compiled(function):
            return tf.function(
                functools.partial(function, rule),
                jit_compile=xla or None,
                autograph=False,
                reduce_retracing=not xla,
            )

        self.forward, self.backward = compiled(loops.forward), compiled(loops.backward)
        self.forward_again = compiled(recomputation.forward)
        self.backward_again = compiled(recomputation.backward)


def _loop(cell, layout, reverse, unroll):
    """The loops of this cell, made once for each manner of running."""
    manners = _functions.setdefault(cell, {})
    key = (layout, reverse, unroll)
    if key not in manners:
        own = weakref.ref(cell)  # the cache must not keep the cell alive
        xla = layout.in_place
        rule = Rule(
            lambda *arguments: own().step_with(*arguments),
            cell.additive_columns,
            layout,
            reverse,
            unroll,
            hoist=not xla,
        )
        manners[key] = _Loop(rule, xla)
    return manners[key]
