"""Both loops with less memory: the reverse loop runs each segment forward once more.

Saved are the inputs, the outputs, and the states at the start of each segment of S steps;
the residuals of only S steps exist at a time. With S near the square root of the number of
steps both are small (Chen et al. 2016).
"""

import tensorflow as tf

from nlpseq.cells.contract import CellWeights, RandomMasks
from nlpseq.engine import loops
from nlpseq.engine.layout import Layout, stack
from nlpseq.engine.loops import StepSpec
from nlpseq.engine.nests import flatten, pack_as

SHORTEST = 8  # steps: the products of shorter segments are slow


def segment_length(steps: int | None) -> int:
    """The segment length S for a number of steps, None if unknown; a divisor of it if one is near the root."""
    root = round((steps or 256) ** 0.5)
    divisors = [n for n in range(root // 2, 2 * root + 1) if n >= SHORTEST and (steps or 0) % n == 0]
    return min(divisors, key=lambda n: abs(n - root)) if steps and divisors else max(SHORTEST, root)


def pad(layout: Layout, length: int, sequence: tf.Tensor | None) -> tf.Tensor | None:
    """The sequence, padded with zeros or False to a multiple of `length` steps, at least one segment."""
    if sequence is None:
        return None
    steps = layout.static_steps(sequence)
    if steps is None:
        steps = layout.steps(sequence)
        return layout.pad(sequence, tf.maximum(-(-steps // length), 1) * length - steps)
    return layout.pad(sequence, max(-(-steps // length), 1) * length - steps)


def forward(
    spec: StepSpec,
    length: int,
    inputs: tf.Tensor,
    weights: CellWeights,
    states: list[tf.Tensor],
    mask: tf.Tensor | None,
    masks: RandomMasks,
) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
    """As `loops.forward`, of sequences padded to a multiple of `length` steps.

    Returns:
        `(outputs, final_states, segment_states)`: the last one the states at the start of
        each segment, a list of `(segments, batch, units)`.
    """
    layout, units = spec.layout, states[0].shape[-1]
    count = layout.steps(inputs) // length
    outputs = tf.TensorArray(inputs.dtype, count)
    segment_states = [tf.TensorArray(state.dtype, count, element_shape=state.shape) for state in states]

    def segment(number, start, slices, carry):
        states, outputs, segment_states = carry
        inputs, mask, zoneout = slices
        segment_states = [array.write(number, state) for array, state in zip(segment_states, states)]
        segment_masks = masks._replace(zoneout=zoneout)
        segment_outputs, states, _ = loops.forward(spec, True, False, inputs, weights, states, mask, segment_masks)
        return states, outputs.write(number, segment_outputs), segment_states

    carry = (list(states), outputs, segment_states)
    sequences = (inputs, mask, masks.zoneout)
    final, outputs, segment_states = loops.scan_segments(spec, length, segment, carry, sequences)
    outputs = layout.finish_segments(outputs, count * length, states[0], units, spec.reverse)
    return outputs, final, [stack(array, spec.reverse) for array in segment_states]


def backward(
    spec: StepSpec,
    length: int,
    inputs: tf.Tensor,
    weights: CellWeights,
    mask: tf.Tensor | None,
    masks: RandomMasks,
    segment_states: list[tf.Tensor],
    d_outputs: tf.Tensor | None,
    d_final: list[tf.Tensor],
) -> tuple[tf.Tensor, CellWeights, list[tf.Tensor]]:
    """As `loops.backward`, from the `segment_states` that `forward` returned."""
    layout, features = spec.layout, inputs.shape[-1]
    count = layout.steps(inputs) // length
    d_inputs = tf.TensorArray(inputs.dtype, count)

    def segment(number, start, slices, carry):
        d_states, d_weights, d_inputs = carry
        inputs, mask, zoneout, d_outputs = slices
        states = [sequence[start // length] for sequence in segment_states]
        segment_masks = masks._replace(zoneout=zoneout)
        *_, residuals = loops.forward(spec, False, True, inputs, weights, states, mask, segment_masks)
        d_segment, d_more, d_states = loops.backward(
            spec,
            inputs,
            weights,
            mask,
            segment_masks,
            residuals,  # pyright: ignore[reportArgumentType]
            d_outputs,
            d_states,
        )
        d_weights = [total + gradient for total, gradient in zip(d_weights, flatten(d_more))]
        return d_states, d_weights, d_inputs.write(number, d_segment)

    d_states = [tf.cast(d, sequence.dtype) for d, sequence in zip(d_final, segment_states)]
    carry = (d_states, [tf.zeros_like(weight) for weight in flatten(weights)], d_inputs)
    sequences = (inputs, mask, masks.zoneout, d_outputs)
    d_states, d_weights, d_inputs = loops.scan_segments(spec, length, segment, carry, sequences, backward=True)
    d_inputs = layout.finish_segments(d_inputs, count * length, d_final[0], features, spec.runs_reversed(True))
    return d_inputs, pack_as(weights, d_weights), d_states
