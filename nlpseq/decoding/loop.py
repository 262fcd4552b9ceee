"""The loop over time of every search, and its history."""

from typing import Any, NamedTuple

import tensorflow as tf

from nlpseq.decoding.contract import Decoded, Step
from nlpseq.errors import InputError


class Choice(NamedTuple):
    """What a search makes of the logits of a step.

    Attributes:
        tokens: int32 `(rows,)`, what each row reads next.
        parents: int32 `(rows,)`, the row that each row now continues; None: itself.
        open: Bool, any shape: the loop ends when there is no True.
        carry: The tensors of the search, for its next choice.
    """

    tokens: tf.Tensor
    parents: tf.Tensor | None
    open: tf.Tensor
    carry: Any


class History(NamedTuple):
    """All steps, one after the other; None for what they do not have.

    Attributes:
        tokens, parents: int32 `(time, rows)`, as chosen.
        attention: float32 `(time, rows, source)`, of the rows before they were reordered.
    """

    tokens: tf.Tensor
    parents: tf.Tensor | None
    attention: tf.Tensor | None


def search(step, states, tokens, choose, carry, most):
    """Steps until no row is open, `most` times at most, and at least once.

    The first step is always taken: it tells whether there is attention.

    Args:
        step: The step function.
        states, tokens: What it starts from, a row each.
        choose: `choose(time, logits, attention, carry) -> Choice`.
        carry: Nest of tensors.
        most: int32 scalar.

    Returns:
        The last carry, and the `History`.
    """
    structure, states = states, [tf.convert_to_tensor(each) for each in tf.nest.flatten(states)]
    shapes = [tf.TensorShape([None, *each.shape[1:]]) for each in states]
    most = tf.maximum(most, 1)
    arrays = History(_array(tf.int32, most, 1), _array(tf.int32, most, 1), _array(tf.float32, most, 2))
    present = set()  # known when the step has been traced

    def body(time, going, tokens, states, carry, arrays):
        found = Step(*step(tokens, tf.nest.pack_sequence_as(structure, states)))
        states = _same_shapes(tf.nest.flatten(found.states), shapes)
        attention = None if found.attention is None else tf.cast(found.attention, tf.float32)
        choice = choose(time, tf.cast(found.logits, tf.float32), attention, carry)
        if choice.parents is not None:
            states = [tf.gather(each, choice.parents) for each in states]
        values = History(choice.tokens, choice.parents, attention)
        present.update(name for name, value in values._asdict().items() if value is not None)
        arrays = tf.nest.map_structure(
            lambda array, value: array if value is None else array.write(time, value), arrays, values
        )
        going = tf.reduce_any(choice.open) & (time + 1 < most)
        return time + 1, going, choice.tokens, states, choice.carry, arrays

    loop = (tf.constant(0), tf.constant(True), tokens, states, carry, arrays)
    unknown = tf.nest.map_structure(lambda each: tf.TensorShape([None] * len(each.shape)), carry)
    invariants = (tf.TensorShape([]), tf.TensorShape([]), tf.TensorShape([None]), shapes, unknown)
    invariants = (*invariants, tf.nest.map_structure(lambda array: None, arrays))
    time, *_, carry, arrays = tf.while_loop(lambda time, going, *_: going, body, loop, invariants)
    steps = tf.range(time)
    named = arrays._asdict().items()
    return carry, History(*(array.gather(steps) if name in present else None for name, array in named))


def decoded(tokens, attention, lengths, scores, log_probabilities, padding):
    """`Decoded` from int32 `(time, batch, n)` and attention `(time, batch, n, source)` or None."""
    longest = tf.reduce_max(tf.concat([tf.reshape(lengths, [-1]), [0]], axis=0))
    real = tf.sequence_mask(lengths, longest)
    ids = tf.where(real, tf.transpose(tokens[:longest], [1, 2, 0]), padding)
    if attention is not None:
        attention = tf.transpose(attention[:longest], [1, 2, 0, 3])
        attention = tf.where(real[..., tf.newaxis], attention, 0.0)
    return Decoded(ids, lengths, scores, log_probabilities, attention)


def _array(dtype, size, rank):
    return tf.TensorArray(dtype, size=size, element_shape=[None] * rank)


def _same_shapes(states, shapes):
    if len(states) != len(shapes):
        raise InputError(f"the step function took {len(shapes)} states and returned {len(states)}: return as many.")
    return [tf.ensure_shape(state, shape) for state, shape in zip(states, shapes)]
