"""Runs a step that carries states over the steps of a series."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import tensorflow as tf

from nlpseq.engine.layout import swap

States = dict[str, tf.Tensor]
TENSORS = SimpleNamespace(  # functions by their names in NumPy
    abs=tf.abs,
    any=tf.reduce_any,
    arcsinh=tf.asinh,
    clip=tf.clip_by_value,
    concatenate=tf.concat,
    float32=lambda value: tf.cast(value, tf.float32),
    float64=lambda value: tf.cast(value, tf.float64),
    isfinite=tf.math.is_finite,
    max=tf.reduce_max,
    maximum=tf.maximum,
    minimum=tf.minimum,
    sqrt=tf.sqrt,
    stack=tf.stack,
    where=tf.where,
    zeros_like=tf.zeros_like,
)


def zeros(sizes: dict[str, int], rows: Any, dtype: Any = tf.float64) -> States:
    """States before the first step, `(rows, size)`."""
    return {name: tf.zeros([rows, size], dtype) for name, size in sizes.items()}


def scan(
    step: Callable[..., tuple[dict[str, tf.Tensor], States]], inputs: dict[str, tf.Tensor], states: States
) -> tuple[dict[str, tf.Tensor], States]:
    """Calls a step for each time of the inputs.

    Args:
        step: From the inputs of a step by name, `(batch, ...)`, and states to outputs by name, and states.
        inputs: `(batch, time, ...)` by name; without steps the states are those before.
        states: The first states.

    Returns:
        The outputs `(batch, time, ...)`, and the last states.
    """
    inputs = {name: swap(value) for name, value in inputs.items()}
    steps = tf.shape(next(iter(inputs.values())))[0]

    def at(time):
        return {name: value[time] for name, value in inputs.items()}

    blank = {
        name: tf.ensure_shape(tf.zeros(tf.shape(value)[1:], value.dtype), value.shape[1:])
        for name, value in inputs.items()
    }
    like, _ = step(**blank, states=states)  # the outputs of a step, for their types
    arrays = {name: tf.TensorArray(value.dtype, steps, element_shape=value.shape) for name, value in like.items()}

    def body(time, arrays, states):
        outputs, states = step(**at(time), states=states)
        return time + 1, {name: array.write(time, outputs[name]) for name, array in arrays.items()}, states

    _, arrays, states = tf.while_loop(lambda time, *_: time < steps, body, (tf.constant(0), arrays, states))
    return {name: swap(array.stack()) for name, array in arrays.items()}, states
