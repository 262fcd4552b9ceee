"""The arguments that all searches share, checked and broadcast to the batch."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import check_shape
from nlpseq.errors import InputError, whole

SEARCH = "the search"  # what errors name


class Arguments(NamedTuple):
    """Arguments of all searches.

    Attributes:
        start: int32 `(batch,)`.
        end: int32 scalar.
        max_length, min_length: int32 `(batch,)`.
    """

    start: tf.Tensor
    end: tf.Tensor
    max_length: tf.Tensor
    min_length: tf.Tensor


def prepare(states: Any, start, end, max_length, min_length) -> Arguments:
    """Returns `Arguments`; raises an `InputError` for invalid lengths and shapes, if they are known statically."""
    check(max_length, lambda value: whole("max_length", value, 0))
    check(min_length, lambda value: whole("min_length", value, 0))
    lengths = static_value(min_length), static_value(max_length)
    if all(length is not None for length in lengths) and np.any(np.greater(*lengths)):
        raise InputError(
            f"`min_length` must be at most `max_length`, got {min_length} and {max_length}: lower one "
            "or raise the other."
        )
    batch = _batch(states, start)
    values = {"start": start, "max_length": max_length, "min_length": min_length}
    start, *lengths = (_per_sequence(name, value, batch) for name, value in values.items())
    end = tf.cast(end, tf.int32)
    check_shape(end, [], "end", "of one number", SEARCH)
    return Arguments(start, end, *lengths)


def static_value(value) -> Any:
    """The static value of a number or tensor, or None if it is known only when the graph runs."""
    value = tf.get_static_value(tf.convert_to_tensor(value))
    return None if value is None or np.size(value) == 0 else value


def check(value, test: Callable[[Any], Any]) -> None:
    """Calls `test` with the least element of a value that is known statically."""
    if isinstance(value, (int, float)):  # may exceed the range of tensors
        test(value)
    elif static_value(value) is not None:
        test(np.min(static_value(value)))


def _batch(states, start):
    """The number of sequences, an int if it is known."""
    flat = [tf.convert_to_tensor(state) for state in tf.nest.flatten(states)] or [tf.convert_to_tensor(start)]
    if any(len(tensor.shape) == 0 for tensor in flat):
        name = "`states`" if tf.nest.flatten(states) else "without states `start`"
        raise InputError(f"{name} must be tensors whose first axis is the batch, got a scalar.")
    batch = next((tensor.shape[0] for tensor in flat if tensor.shape[0] is not None), tf.shape(flat[0])[0])
    for state in flat if tf.nest.flatten(states) else []:
        check_shape(state, [batch, *[None] * (len(state.shape) - 1)], "states", "(batch, ...)", SEARCH)
    return batch


def _per_sequence(name, value, batch):
    value = tf.cast(value, tf.int32)
    if len(value.shape):
        check_shape(value, [batch], name, "() or (batch,)", SEARCH)
    return tf.broadcast_to(value, [batch])
