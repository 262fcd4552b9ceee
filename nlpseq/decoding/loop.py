"""The loop over time that all searches share."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from nlpseq.cells.checks import check_shape
from nlpseq.decoding.contract import Decoded, Step
from nlpseq.errors import InputError

STEP = "the step function"  # what errors name


class Choice(NamedTuple):
    """What a search selects at a step.

    Attributes:
        tokens: int32 `(rows,)`, the input of the next step.
        parents: int32 `(rows,)`, the row that each row continues; None if all continue themselves.
        open: Bool of any shape; the loop ends when all are False.
        carry: Nest of tensors that the search passes to its next choice.
    """

    tokens: tf.Tensor
    parents: tf.Tensor | None
    open: tf.Tensor
    carry: Any


class History(NamedTuple):
    """The choices of all steps; None for what they do not have.

    Attributes:
        tokens, parents: int32 `(time, rows)`.
        attention: float32 `(time, rows, source)`, before the rows are reordered.
    """

    tokens: tf.Tensor
    parents: tf.Tensor | None
    attention: tf.Tensor | None


def search(
    step: Callable[..., Step], states: Any, tokens: tf.Tensor, choose: Callable[..., Choice], carry: Any, max_steps
) -> tuple[Any, History]:
    """Runs steps until no row is open, at least one and at most `max_steps`.

    The first step is always run, because it determines whether there is attention.

    Args:
        step: The step function.
        states, tokens: Initial states and tokens, one row each.
        choose: `choose(time, logits, attention, carry) -> Choice`.
        carry: Nest of tensors.
        max_steps: int32 scalar.

    Returns:
        The last carry, and the `History`.
    """
    structure, states = states, [tf.convert_to_tensor(state) for state in tf.nest.flatten(states)]
    shapes = [tf.TensorShape([None, *state.shape[1:]]) for state in states]
    max_steps = tf.maximum(max_steps, 1)
    arrays = History(_array(tf.int32, max_steps, 1), _array(tf.int32, max_steps, 1), _array(tf.float32, max_steps, 2))
    present = set()  # names of the fields of `History`, known once the step is traced

    def body(time, is_open, tokens, states, carry, arrays):
        result = Step(*step(tokens, tf.nest.pack_sequence_as(structure, states)))
        check_shape(result.logits, [tokens.shape[0], None], "logits", "(rows, vocabulary)", STEP)
        if result.attention is not None:
            check_shape(result.attention, [tokens.shape[0], None], "attention", "(rows, source)", STEP)
        states = _same_shapes(tf.nest.flatten(result.states), shapes)
        attention = None if result.attention is None else tf.cast(result.attention, tf.float32)
        choice = choose(time, tf.cast(result.logits, tf.float32), attention, carry)
        if choice.parents is not None:
            states = [tf.gather(state, choice.parents) for state in states]
        values = History(choice.tokens, choice.parents, attention)
        present.update(name for name, value in values._asdict().items() if value is not None)
        arrays = tf.nest.map_structure(
            lambda array, value: array if value is None else _written(array, time, value), arrays, values
        )
        is_open = tf.reduce_any(choice.open) & (time + 1 < max_steps)
        return time + 1, is_open, choice.tokens, states, choice.carry, arrays

    loop = (tf.constant(0), tf.constant(True), tokens, states, carry, arrays)
    unknown = tf.nest.map_structure(lambda tensor: tf.TensorShape([None] * len(tensor.shape)), carry)
    invariants = (tf.TensorShape([]), tf.TensorShape([]), tf.TensorShape([None]), shapes, unknown)
    invariants = (*invariants, tf.nest.map_structure(lambda array: None, arrays))
    time, *_, carry, arrays = tf.while_loop(lambda time, is_open, *_: is_open, body, loop, invariants)
    steps = tf.range(time)
    items = arrays._asdict().items()
    return carry, History(*(array.gather(steps) if name in present else None for name, array in items))


def decoded(tokens, attention, lengths, scores, log_probabilities, padding) -> Decoded:
    """`Decoded` from tokens `(time, batch, n)` and attention `(time, batch, n, source)` or None."""
    longest = tf.reduce_max(tf.concat([tf.reshape(lengths, [-1]), [0]], axis=0))
    real = tf.sequence_mask(lengths, longest)
    ids = tf.where(real, tf.transpose(tokens[:longest], [1, 2, 0]), padding)
    if attention is not None:
        attention = tf.transpose(attention[:longest], [1, 2, 0, 3])
        attention = tf.where(real[..., tf.newaxis], attention, 0.0)
    return Decoded(ids, lengths, scores, log_probabilities, attention)


def _array(dtype, size, rank):
    return tf.TensorArray(dtype, size=size, element_shape=[None] * rank)


def _written(array, time, value):
    """The array with a value; TensorFlow, without functions, complains of one that an exception leaves unread."""
    array = array.write(time, value)
    getattr(array, "mark_used", lambda: None)()
    return array


def _same_shapes(states, shapes):
    if len(states) != len(shapes):
        raise InputError(
            f"the step function took {len(shapes)} states and returned {len(states)}: return the same structure."
        )
    states = [tf.convert_to_tensor(state) for state in states]
    for state, shape in zip(states, shapes):
        check_shape(state, shape.as_list(), "states", "that they had before", STEP)
    return [tf.ensure_shape(state, shape) for state, shape in zip(states, shapes)]
