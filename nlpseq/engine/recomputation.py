"""The two loops with less memory: the reverse one runs each segment forward once more.

Kept are the inputs, the outputs, and the states at the start of each segment of S
steps; of what the reverse loop needs, S steps exist at a time. With S near the
square root of the number of steps both are small (Chen et al. 2016).
"""

import tensorflow as tf

from nlpseq.cells.parts import pack, tensors
from nlpseq.engine import loops

SHORTEST = 8  # steps: the products of shorter segments are slow


def segment_length(steps):
    """The S for a number of steps, which may be None for unknown; a divisor where one is near."""
    root = round((steps or 256) ** 0.5)
    whole = [n for n in range(root // 2, 2 * root + 1) if n >= SHORTEST and (steps or 0) % n == 0]
    return min(whole, key=lambda n: abs(n - root)) if steps and whole else max(SHORTEST, root)


def pad(layout, length, sequence):
    """Time up to a multiple of `length`, one at least, with zeros; as mask, with False."""
    if sequence is None:
        return None
    steps = layout.static_steps(sequence)
    if steps is None:
        steps = layout.steps(sequence)
        return layout.pad(sequence, tf.maximum(-(-steps // length), 1) * length - steps)
    return layout.pad(sequence, max(-(-steps // length), 1) * length - steps)


def forward(rule, length, inputs, weights, states, mask, draws):
    """As `loops.forward`, of padded sequences.

    Returns:
        `(outputs, final_states, starts)`: the states at the start of each segment,
        a list of `(segments, batch, units)`.
    """
    layout, units = rule.layout, states[0].shape[-1]
    count = layout.steps(inputs) // length
    outputs = layout.empty_segments(count, length, states[0], inputs.dtype, units)
    starts = [tf.TensorArray(state.dtype, count, element_shape=state.shape) for state in states]

    def segment(start, slices, carry):
        states, outputs, starts = carry
        inputs, mask, noise = slices
        starts = [array.write(start // length, state) for array, state in zip(starts, states)]
        part, states, _ = loops.forward(rule, True, False, inputs, weights, states, mask, draws._replace(noise=noise))
        return states, layout.write_segment(outputs, start, part, length), starts

    carry = (list(states), outputs, starts)
    final, outputs, starts = loops.over_segments(rule, length, segment, carry, (inputs, mask, draws.noise), exact=True)
    outputs = layout.written_segments(outputs, count * length, states[0], units)
    return outputs, final, [array.stack() for array in starts]


def backward(rule, length, inputs, weights, mask, draws, starts, d_outputs, d_final):
    """As `loops.backward`, from what `forward` returned."""
    layout, features = rule.layout, inputs.shape[-1]
    count = layout.steps(inputs) // length
    d_inputs = layout.empty_segments(count, length, d_final[0], inputs.dtype, features)

    def segment(start, slices, carry):
        d_states, d_weights, d_inputs = carry
        inputs, mask, noise, d_outputs = slices
        states = [sequence[start // length] for sequence in starts]
        random = draws._replace(noise=noise)
        *_, kept = loops.forward(rule, False, True, inputs, weights, states, mask, random)
        part, more, d_states = loops.backward(rule, inputs, weights, mask, random, kept, d_outputs, d_states)
        d_weights = [total + each for total, each in zip(d_weights, tensors(more))]
        return d_states, d_weights, layout.write_segment(d_inputs, start, part, length)

    d_states = [tf.cast(d, sequence.dtype) for d, sequence in zip(d_final, starts)]
    carry = (d_states, [tf.zeros_like(weight) for weight in tensors(weights)], d_inputs)
    sequences = (inputs, mask, draws.noise, d_outputs)
    d_states, d_weights, d_inputs = loops.over_segments(rule, length, segment, carry, sequences, back=True, exact=True)
    d_inputs = layout.written_segments(d_inputs, count * length, d_final[0], features)
    return d_inputs, pack(weights, d_weights), d_states
