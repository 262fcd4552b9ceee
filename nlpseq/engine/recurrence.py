"""Runs any cell over a batch of sequences, with backpropagation through time by hand."""

import functools
import weakref

import tensorflow as tf

from nlpseq.engine import loops
from nlpseq.engine.compilation import should_compile

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
):
    """Runs `cell` over time-major `inputs`.

    Args:
        cell: a built `nlpseq.cells.RecurrentCell` whose `fused` is True.
        inputs: `(time, batch, features)`, in the cell's compute dtype.
        states: list of initial states, `(batch, units)`.
        mask: bool `(time, batch)`, True = real, or None. A masked step holds the
            states.
        return_sequences: whether to return every output or the last. Default True.
        reverse: whether to run from the end to the start. Default False.
        unroll: whether to write the loop out, for a short static time. Default False.
        training: whether dropout applies, and whether "auto" compiles.
        engine: "auto", "xla" or "portable": see `nlpseq.engine.compilation`.

    Raises:
        NotImplementedError: a second derivative is asked for.

    Returns:
        `(outputs, final_states)`: outputs `(time, batch, units)`, each at the time
        of its input whatever the direction, or the last one `(batch, units)`; and
        the list of states at the end.
    """
    z = cell.project_inputs(inputs, training)
    dropout = cell.recurrent_masks(tf.stop_gradient(states[0]), training)
    cell.reset_dropout_mask()  # the cell keeps its masks; the next sequence gets new ones
    cell.reset_recurrent_dropout_mask()
    forward, backward = _compiled(cell, reverse, unroll, should_compile(engine, training))
    bias = cell.biases()[1]
    weights = [cell.weight(cell.recurrent_kernel)] + ([] if bias is None else [bias])

    @tf.custom_gradient
    def recurrence(*inputs):
        z, *rest = map(tf.stop_gradient, inputs)  # an eager tape must not record the loops
        weights, states = rest[: -len(initial)], rest[-len(initial) :]
        kernel, bias = (*weights, None)[:2]
        arguments = (kernel, bias, states, mask, dropout)
        sequences, halves, final = forward(z, *arguments)

        @tf.custom_gradient
        def first_derivative(*d_all):
            d_all = d_all[: -len(inputs)]
            d_outputs, d_final = (d_all[0], d_all[1:]) if return_sequences else (None, d_all)
            dz, d_kernel, d_bias, d_states = backward(
                None if cell.additive else z,
                *arguments, sequences, halves, d_outputs, list(d_final),
            )
            return (dz, *([d_kernel, d_bias][: len(weights)]), *d_states), _refuse

        def gradient(*d_all):
            return first_derivative(*d_all, *inputs)

        return (*sequences[:1], *final) if return_sequences else tuple(final), gradient

    initial = list(states)
    outputs = recurrence(z, *weights, *initial)
    final = list(outputs[-len(initial) :])
    return (outputs[0] if return_sequences else final[0]), final


def _refuse(*_):
    raise NotImplementedError(
        "The recurrence of nlpseq has first derivatives only: for second ones, run the cell in "
        "keras.layers.RNN."
    )


def _compiled(cell, reverse, unroll, xla):
    """The two loops of this cell as `tf.function`s, made once for each manner of running."""
    manners = _functions.setdefault(cell, {})
    key = (reverse, unroll, xla)
    if key not in manners:
        own = weakref.ref(cell)  # the cache must not keep the cell alive
        rule = loops.Rule(
            lambda *step: own().transition(*step), bool(cell.additive), reverse, unroll
        )
        manners[key] = tuple(
            tf.function(
                functools.partial(loop, rule),
                jit_compile=xla or None,
                autograph=False,
                reduce_retracing=True,
            )
            for loop in (loops.forward, loops.backward)
        )
    return manners[key]
