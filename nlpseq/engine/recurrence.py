"""Runs any cell over a batch of sequences, with hand-derived backpropagation through time."""

import functools
import weakref
from collections.abc import Callable

import tensorflow as tf

from nlpseq.cells.base import RecurrentCell
from nlpseq.cells.padding import zero_padding
from nlpseq.engine import cudnn, loops, recomputation, scan
from nlpseq.engine.compilation import may_use_cudnn, should_compile
from nlpseq.engine.derivatives import custom_gradient, first_only, no_gradients
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec
from nlpseq.engine.nests import flatten, pack_as
from nlpseq.engine.programs import programs_of
from nlpseq.engine.substitution import substitute_of_run
from nlpseq.engine.tiles import Run

_functions = weakref.WeakKeyDictionary()  # cell -> (its changes, {(layout, reverse, unroll, steps, rows): _Loops})


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
        mask: bool `(batch, time)`, True = real. A masked step keeps the states, whatever its inputs are,
            NaN included. Default None.
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
    order = {"return_sequences": return_sequences, "reverse": reverse, "time_major": time_major}
    if not training and (result := substitute_of_run(cell, inputs, states, mask, **order)) is not None:
        return result
    inputs = zero_padding(inputs, mask)
    masks = cell.draw_masks(inputs, states, bool(training))
    compiled = should_compile(engine, training, inputs)
    layout = Layout(0 if time_major else 1)
    if cell.linear:
        outputs, final = scan.run(cell, inputs, *states, mask, masks, layout, reverse, unroll, compiled)
        return tf.cast(outputs if return_sequences else final, inputs.dtype), [final]
    weights = cell.run_weights(masks)
    masks = masks._replace(recurrent_kernel=None)  # it is in the weights
    if may_use_cudnn(engine) and cudnn.nothing_dropped(masks) and cudnn.has_fused_kernel(cell, inputs):
        fused = functools.partial(cudnn.run, cell, inputs, states, mask, weights, **order)
        if mask is None:
            return fused()
        others = {**order, "training": training, "engine": "xla", "recompute": recompute, "unroll": unroll}
        plain = functools.partial(run, cell, inputs, states, mask, **others)
        return tf.cond(cudnn.padding_at_end(mask, time_major), fused, plain)
    call = Run(inputs, weights, list(states), mask, masks, tf.constant(int(reverse)))
    in_segments = recompute and not unroll and not compiled
    loops_of_cell = functools.partial(_loops, cell, layout, reverse, unroll, inputs)  # keeps the cell for the gradient
    if compiled:
        functions = _by_tiles(cell, call, layout.axis, bool(training), recompute)
    elif in_segments:
        length = recomputation.segment_length(layout.static_steps(inputs))
        call = _padded(call, layout, length)
        functions = _by_segments(loops_of_cell, call, length)
    else:
        functions = _whole(loops_of_cell, call, return_sequences, bool(training))
    outputs, final = _differentiable(*functions, call, return_sequences)
    if not return_sequences:
        return tf.cast(final[0], inputs.dtype), final
    return (layout.first(outputs, layout.steps(inputs)) if in_segments else outputs), final


def _differentiable(
    forward: Callable, backward: Callable, call: Run, return_sequences: bool
) -> tuple[tf.Tensor | None, list[tf.Tensor]]:
    """Outputs, None without `return_sequences`, and final states, with gradients by backpropagation through time.

    Args:
        forward: `(inputs, weights, states) -> (outputs, final_states, saved)`.
        backward: `(inputs, weights, states, saved, d_outputs, d_final) -> (d_inputs, d_weights, d_states)`;
            d_outputs is None without `return_sequences`.
        call: the arguments of the run.
        return_sequences: whether the outputs are a result.
    """
    sources = (call.inputs, call.weights, call.states)
    flat = flatten(sources)

    @custom_gradient
    def recurrence(*flat):
        arguments = pack_as(sources, map(tf.stop_gradient, flat))
        outputs, final, saved = forward(*arguments)

        def gradient(*upstream):
            d_outputs, d_final = (upstream[0], upstream[1:]) if return_sequences else (None, upstream)
            d_final = [tf.cast(d, state.dtype) for d, state in zip(d_final, call.states)]
            return flatten(backward(*arguments, saved, d_outputs, d_final))

        results = (outputs, *final) if return_sequences else tuple(final)
        return results, first_only(gradient, flat, "run the cell in keras.layers.RNN")

    outputs, *final = recurrence(*flat) if return_sequences else (None, *recurrence(*flat))
    return outputs, final


# Each of these returns the functions `forward` and `backward` of `_differentiable`.


def _whole(
    loops_of: Callable[[], "_Loops"], call: Run, return_sequences: bool, training: bool
) -> tuple[Callable, Callable]:
    """Loops over whole sequences, op by op."""
    rest = call.mask, call.masks

    def forward(inputs, weights, states):
        return loops_of().forward(return_sequences, training, inputs, weights, states, *rest)

    def backward(inputs, weights, states, saved, d_outputs, d_final):
        saved = saved or loops_of().forward(False, True, inputs, weights, states, *rest)[-1]
        return loops_of().backward(inputs, weights, *rest, saved, d_outputs, d_final)

    return forward, backward


def _by_segments(loops_of: Callable[[], "_Loops"], call: Run, length: int) -> tuple[Callable, Callable]:
    """Loops over segments of `length` steps, op by op, whose residuals are computed again."""
    rest = call.mask, call.masks

    def forward(inputs, weights, states):
        return loops_of().forward_segments(length, inputs, weights, states, *rest)

    def backward(inputs, weights, states, saved, d_outputs, d_final):
        return loops_of().backward_segments(length, inputs, weights, *rest, saved, d_outputs, d_final)

    return forward, backward


def _by_tiles(cell: RecurrentCell, call: Run, axis: int, training: bool, recompute: bool) -> tuple[Callable, Callable]:
    """Compiled loops, tile by tile."""
    programs = programs_of(cell, call)

    def run_of(inputs, weights, states):
        return call._replace(inputs=inputs, weights=weights, states=states)

    def forward(*arguments):
        outputs, final, saved = programs.forward(cell, run_of(*arguments), axis, training, recompute)
        outputs = tf.ensure_shape(outputs, [*call.inputs.shape[:2], cell.output_size])
        return outputs, [tf.ensure_shape(new, old.shape) for new, old in zip(final, call.states)], (outputs, saved)

    def backward(inputs, weights, states, saved, d_outputs, d_final):
        (outputs, saved), run = saved, run_of(inputs, weights, states)
        d_outputs = tf.zeros_like(outputs) if d_outputs is None else d_outputs
        saved = saved or programs.forward(cell, run, axis, True, recompute)[-1]
        return programs.backward(cell, run, axis, recompute, saved, d_outputs, d_final)

    return forward, backward


def _padded(call: Run, layout: Layout, length: int) -> Run:
    """The run with sequences padded to a multiple of `length` steps; the added steps are masked."""
    steps, mask = layout.static_steps(call.inputs), call.mask
    if mask is None and (not steps or steps % length):
        mask = tf.ones(tf.shape(call.inputs)[:2], bool)
    inputs, mask, zoneout = (
        recomputation.pad(layout, length, sequence) for sequence in (call.inputs, mask, call.masks.zoneout)
    )
    return call._replace(inputs=inputs, mask=mask, masks=call.masks._replace(zoneout=zoneout))


class _Loops:
    """The loops of one step specification as `tf.function`s."""

    def __init__(self, spec: StepSpec) -> None:
        def as_function(function):
            return tf.function(functools.partial(function, spec), autograph=False, reduce_retracing=True)

        self.forward, self.backward = as_function(loops.forward), as_function(loops.backward)
        self.forward_segments = as_function(recomputation.forward)
        self.backward_segments = as_function(recomputation.backward)


def _loops(cell: RecurrentCell, layout: Layout, reverse: bool, unroll: bool, inputs: tf.Tensor) -> _Loops:
    """The loops of this cell, made once for each layout and direction, and unrolled for each number of steps.

    Those of an export are made for its number of rows, which LiteRT must know: a function that was traced for any
    number would be called for one row too.
    """
    changes, functions = _functions.get(cell, (None, {}))
    if changes != cell.changes:  # the step may be another one
        functions = {}
        _functions[cell] = cell.changes, functions
    rows = inputs.shape[1 - layout.axis] if no_gradients() else None
    steps = layout.static_steps(inputs) if unroll else None  # else a function of several lengths would know none
    key = (layout, reverse, unroll, steps, rows)
    if key not in functions:
        reference = weakref.ref(cell)  # the cache must not keep the cell alive
        spec = StepSpec(lambda *arguments: reference().step(*arguments), cell.additive_columns, layout, reverse, unroll)
        functions[key] = _Loops(spec)
    return functions[key]
