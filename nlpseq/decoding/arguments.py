"""The arguments that all searches share, checked and broadcast to the batch."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError, in_range


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
    """Returns `Arguments`; raises an `InputError` for invalid lengths, if they are known statically."""
    check(max_length, lambda value: in_range("max_length", int(value), 0))
    check(min_length, lambda value: in_range("min_length", int(value), 0))
    lengths = known(min_length), known(max_length)
    if all(length is not None for length in lengths) and np.any(np.greater(*lengths)):
        raise InputError(
            f"`min_length` must be at most `max_length`, got {min_length} and {max_length}: lower one "
            "or raise the other."
        )
    batch = _batch(states, start)
    start, *lengths = (_per_sequence(value, batch) for value in (start, max_length, min_length))
    return Arguments(start, tf.cast(end, tf.int32), *lengths)


def known(value) -> Any:
    """The static value of a number or tensor, or None if it is known only when the graph runs."""
    value = tf.get_static_value(tf.convert_to_tensor(value))
    return None if value is None or np.size(value) == 0 else value


def check(value, test: Callable[[Any], Any]) -> None:
    """Calls `test` with the least element of a value that is known statically."""
    if isinstance(value, (int, float)):  # may exceed the range of tensors
        test(value)
    elif known(value) is not None:
        test(np.min(known(value)))


def _batch(states, start):
    flat = tf.nest.flatten(states)
    if not flat and len(tf.convert_to_tensor(start).shape) == 0:
        raise InputError("without states `start` must be a tensor of shape (batch,), got a scalar.")
    return tf.shape(flat[0] if flat else start)[0]


def _per_sequence(value, batch):
    return tf.broadcast_to(tf.cast(value, tf.int32), [batch])
