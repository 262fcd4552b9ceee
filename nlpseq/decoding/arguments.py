"""The arguments that all searches have: checked, and one number a sequence."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError, in_range


class Arguments(NamedTuple):
    """What every search starts from.

    Attributes:
        start: int32 `(batch,)`.
        end: int32 scalar.
        max_length, min_length: int32 `(batch,)`.
    """

    start: tf.Tensor
    end: tf.Tensor
    max_length: tf.Tensor
    min_length: tf.Tensor


def prepared(states, start, end, max_length, min_length):
    """Returns `Arguments`; raises an `InputError` for lengths known to be wrong."""
    check(max_length, lambda value: in_range("max_length", int(value), 0))
    check(min_length, lambda value: in_range("min_length", int(value), 0))
    lengths = known(min_length), known(max_length)
    if all(each is not None for each in lengths) and np.any(np.greater(*lengths)):
        raise InputError(
            f"min_length must be at most max_length, got {min_length} and {max_length}: lower one or raise the other."
        )
    batch = _batch(states, start)
    start, *lengths = (_a_row(each, batch) for each in (start, max_length, min_length))
    return Arguments(start, tf.cast(end, tf.int32), *lengths)


def known(value):
    """A number or array, or None for a tensor that has its value only when the graph runs."""
    value = tf.get_static_value(tf.convert_to_tensor(value))
    return None if value is None or np.size(value) == 0 else value


def check(value, test):
    """Calls `test` with the least number of a value that is known."""
    if isinstance(value, (int, float)):  # which need not fit into a tensor
        test(value)
    elif known(value) is not None:
        test(np.min(known(value)))


def _batch(states, start):
    flat = tf.nest.flatten(states)
    if not flat and len(tf.convert_to_tensor(start).shape) == 0:
        raise InputError("without states `start` must be a tensor (batch,), got one number.")
    return tf.shape(flat[0] if flat else start)[0]


def _a_row(value, batch):
    return tf.broadcast_to(tf.cast(value, tf.int32), [batch])
