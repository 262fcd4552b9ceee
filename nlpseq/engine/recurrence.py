"""Runs any cell over a batch of sequences, with hand-derived backpropagation through time."""

import functools
import weakref

import tensorflow as tf

from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.engine import loops, recomputation, scan
from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.programs import programs_of
from nlpseq.engine.tiles import Run

_functions = weakref.WeakKeyDictionary()  # cell -> {(layout, reverse, unroll): _Loops}


def run(
    cell: RecurrentCell,
    inputs: tf.Tensor,
    states: list[tf.Tensor],
    mask: tf.Tensor | None = None,
    *,
    return_sequences: bool = True,
    reverse: bool = False,
    unroll: bool = False,
    training: bool | None = False,
    engine: str = "auto",
    recompute: bool = False,
    time_major: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs `cell` over a batch of sequences.

    Args:
        cell: a built `nlpseq.cells.RecurrentCell` whose `fused` is True.
        inputs: `(batch, time, features)`, in the compute dtype of the cell.
        states: list of initial states, `(batch, units)`, in that dtype or a wider one.
        mask: bool `(batch, time)`, True = real. A masked step keeps the states. Default None.
        return_sequences: whether to return every output or the last one. Default True.
        reverse: whether to run from the end to the start. Default False.
        unroll: whether to unroll the loop, for a short static time, unless it is compiled. Default False.
        training: whether dropout applies, whether "auto" compiles, and whether residuals
            are saved for the gradients. Without it gradients are available as well, and
            run the forward loop once more. Default False.
        engine: "auto", "xla" or "portable": see `nlpseq.engine.compilation`. Default "auto".
        recompute: whether to save few residuals and recompute the others segment by
            segment: slower, for long sequences. Default False.
        time_major: whether inputs, mask and outputs are `(time, batch, ...)`; neither order
            is transposed. Default False.

    Returns:
        `(outputs, final_states)`: outputs `(batch, time, units)`, each at the time of its
        input in both directions, or the last output `(batch, units)`; and the list of final
        states, in the dtypes of the initial ones.

    Raises:
        NotImplementedError: a second derivative is computed.

    Example:

    >>> cell = nlpseq.cells.GRUCell(4)
    >>> cell.build((2, 3))
    >>> outputs, [h] = run(cell, tf.ones((2, 5, 3)), [tf.zeros((2, 4))])
    >>> tuple(outputs.shape), tuple(h.shape)
    ((2, 5, 4), (2, 4))
    """
    masks = cell.draw_masks(inputs, states, bool(training))
    compiled = should_compile(engine, training, inputs)
    layout = Layout(0 if time_major else 1)
    if cell.linear:
        outputs, final = scan.run(cell, inputs, *states, mask, masks, layout, reverse, unroll, compiled)
        return tf.cast(outputs if return_sequences else final, inputs.dtype), [final]
    weights = cell.run_weights(masks)
    masks = masks._replace(recurrent_kernel=None)  # it is in the weights
    if compiled:
        call = Run(inputs, weights, list(states), mask, masks, tf.constant(int(reverse)))
        outputs, final = _run_compiled(cell, call, layout.axis, return_sequences, bool(training), recompute)
        return (outputs if return_sequences else tf.cast(final[0], inputs.dtype)), final
    length, steps = None, layout.steps(inputs)
    if recompute and not unroll:
        length = recomputation.segment_length(layout.static_steps(inputs))
        mask, inputs, masks = _pad(layout, length, mask, inputs, masks)
    loop = _loops(cell, layout, reverse, unroll)
    sources = (inputs, weights, list(states))
    flat = flatten(sources)

    @custom_gradient
    def recurrence(*flat):
        inputs, weights, states = pack_as(sources, map(tf.stop_gradient, flat))
        if length is None:
            outputs, final, residuals = loop.forward(
                return_sequences, bool(training), inputs, weights, states, mask, masks
            )
        else:
            outputs, final, segment_states = loop.forward_segments(length, inputs, weights, states, mask, masks)

        def gradient(*upstream):
            d_outputs, d_final = (upstream[0], upstream[1:]) if return_sequences else (None, upstream)
            d_final = [tf.cast(d, state.dtype) for d, state in zip(d_final, states)]
            if length is None:
                saved = residuals or loop.forward(False, True, inputs, weights, states, mask, masks)[-1]
                gradients = loop.backward(inputs, weights, mask, masks, saved, d_outputs, d_final)
            else:
                gradients = loop.backward_segments(
                    length, inputs, weights, mask, masks, segment_states, d_outputs, d_final
                )
            return flatten(gradients)

        results = (outputs, *final) if return_sequences else tuple(final)
        return results, first_only(gradient, flat, "run the cell in keras.layers.RNN")

    outputs, *final = recurrence(*flat) if return_sequences else (None, *recurrence(*flat))
    if not return_sequences:
        return tf.cast(final[0], inputs.dtype), final
    return (outputs if length is None else layout.first(outputs, steps)), final


def _run_compiled(cell, call, axis, return_sequences, training, recompute):
    """The run by compiled loops, tile by tile: outputs, None without `return_sequences`, and final states."""
    sources = (call.inputs, call.weights, call.states)
    flat = flatten(sources)
    programs = programs_of(cell, call)

    @custom_gradient
    def recurrence(*flat):
        inputs, weights, states = pack_as(sources, map(tf.stop_gradient, flat))
        run = call._replace(inputs=inputs, weights=weights, states=states)
        outputs, final, saved = programs.forward(cell, run, axis, training, recompute)

        def gradient(*upstream):
            d_outputs, d_final = (upstream[0], upstream[1:]) if return_sequences else (tf.zeros_like(outputs), upstream)
            d_final = [tf.cast(d, state.dtype) for d, state in zip(d_final, states)]
            kept = saved or programs.forward(cell, run, axis, True, recompute)[-1]
            return flatten(programs.backward(cell, run, axis, recompute, kept, d_outputs, d_final))

        results = (outputs, *final) if return_sequences else tuple(final)
        return results, first_only(gradient, flat, "run the cell in keras.layers.RNN")

    outputs, *final = recurrence(*flat) if return_sequences else (None, *recurrence(*flat))
    if outputs is not None:
        outputs = tf.ensure_shape(outputs, [*call.inputs.shape[:2], cell.output_size])
    return outputs, [tf.ensure_shape(new, old.shape) for new, old in zip(final, call.states)]


def _pad(layout: Layout, length: int, mask: tf.Tensor | None, inputs: tf.Tensor, masks: RandomMasks):
    """Sequences padded to a multiple of `length` steps; the added steps are masked."""
    known = layout.static_steps(inputs)
    if mask is None and (not known or known % length):
        mask = tf.ones(tf.shape(inputs)[:2], bool)
    mask, inputs, zoneout = (recomputation.pad(layout, length, sequence) for sequence in (mask, inputs, masks.zoneout))
    return mask, inputs, masks._replace(zoneout=zoneout)


class _Loops:
    """The loops of one step specification as `tf.function`s."""

    def __init__(self, spec: StepSpec) -> None:
        def as_function(function):
            return tf.function(functools.partial(function, spec), autograph=False, reduce_retracing=True)

        self.forward, self.backward = as_function(loops.forward), as_function(loops.backward)
        self.forward_segments = as_function(recomputation.forward)
        self.backward_segments = as_function(recomputation.backward)


def _loops(cell: RecurrentCell, layout: Layout, reverse: bool, unroll: bool) -> _Loops:
    """The loops of this cell, made once for each layout and direction."""
    functions = _functions.setdefault(cell, {})
    key = (layout, reverse, unroll)
    if key not in functions:
        reference = weakref.ref(cell)  # the cache must not keep the cell alive
        spec = StepSpec(lambda *arguments: reference().step(*arguments), cell.additive_columns, layout, reverse, unroll)
        functions[key] = _Loops(spec)
    return functions[key]
