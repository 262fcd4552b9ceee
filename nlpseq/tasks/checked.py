"""What every signature of several inputs checks: the rows of its inputs, and its states."""

import functools
import inspect
from collections.abc import Callable, Collection

import tensorflow as tf

from nlpseq.cells.checks import check


def checked(function: Callable, states: Collection[str] = ()) -> Callable:
    """A signature that refuses inputs of unequal rows, which might be broadcast, and states that are not finite.

    Args:
        function: Of tensors: scalars, and others with a row for each example.
        states: The names of the float inputs that must be finite.

    Returns:
        A function of the same arguments, which raises `tf.errors.InvalidArgumentError` in a graph.
    """
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def call(*values, **keywords):
        inputs = {**dict(zip(names, values)), **keywords}
        inputs = {name: tf.ensure_shape(value, value.shape) for name, value in inputs.items()}
        with tf.control_dependencies([*_equal_rows(inputs), *_finite(inputs, states)]):
            return function(**{name: tf.identity(value) for name, value in inputs.items()})

    return call


def _equal_rows(inputs):
    rows = {name: tf.shape(value)[0] for name, value in inputs.items() if value.shape.rank}
    first, *others = rows
    for name in others:
        message = f"{name} must have a row for each row of {first}, got rows %s."
        yield from check(rows[name] == rows[first], message, tf.stack([rows[name], rows[first]]))


def _finite(inputs, states):
    for name in states:
        state = inputs[name]
        yield from check(tf.reduce_all(tf.math.is_finite(state)), f"{name} must be finite, got %s.", state)
