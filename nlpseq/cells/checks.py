"""Checks of shapes and values, with one sentence each in eager code, in graphs and in symbolic builds."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import keras
import tensorflow as tf

from nlpseq.errors import InputError


def check(holds: tf.Tensor, message: str, value: Any = None) -> list[tf.Operation]:
    """Raises an error unless the bool tensor `holds`: at once if its value is known, else when the graph runs.

    XLA compiles checks away; a program that it compiles as a whole must not depend on them.

    Args:
        holds: The condition, a scalar.
        message: The error, with "%s" for the value.
        value: Tensor that the message shows.

    Returns:
        Control dependencies of what must not run if the condition is False.

    Raises:
        InputError: the condition is known to be False.
    """
    static = tf.get_static_value(holds)
    if static is None:
        before, _, after = message.partition("%s")
        return [tf.debugging.Assert(holds, [message] if value is None else [before, value, after])]
    if not static:
        raise InputError(message if value is None else message % tf.get_static_value(value))
    return []


def check_dense(sequences: Any, owner: str) -> None:
    """Raises an `InputError` for ragged or sparse sequences."""
    if isinstance(sequences, tf.RaggedTensor):
        remedy = "pass its `to_tensor()`, with a mask from `tf.sequence_mask` of its `row_lengths()`"
        raise InputError(f"{owner} needs dense sequences, got a ragged tensor", remedy)
    if isinstance(sequences, tf.SparseTensor):
        raise InputError(f"{owner} needs dense sequences, got a sparse tensor", "pass its `tf.sparse.to_dense`")


def check_mask(mask: Any, sequences: tf.Tensor, owner: str) -> tf.Tensor:
    """The mask of sequences as a bool tensor.

    Args:
        mask: `(batch, time)`, True or a number other than zero for real steps; or a list that holds it.
        sequences: `(batch, time, ...)`, or both time-major.
        owner: What the error names, such as "layer 'gru_1'".

    Raises:
        InputError: it has another shape. In a graph unknown sizes raise `tf.errors.InvalidArgumentError`.
    """
    mask = tf.cast(keras.tree.flatten(mask)[0], bool)
    expected = check_mask_shape(mask.shape, sequences.shape, owner)
    if not (expected.is_fully_defined() and mask.shape.is_fully_defined()):
        same = tf.reduce_all(tf.shape(mask) == tf.shape(sequences)[:2])
        message = f"`mask` of {owner} must have one value for each step, got the shape %s."
        with tf.control_dependencies(check(same, message, tf.shape(mask))):
            mask = tf.identity(mask)
    return tf.ensure_shape(mask, expected)


def check_mask_shape(mask: Sequence, sequences: Sequence, owner: str) -> tf.TensorShape:
    """The first two axes of the shape of sequences, with which the shape of the mask must agree: see `check_mask`."""
    actual, expected = tf.TensorShape(mask), tf.TensorShape(sequences[:2])
    if actual.rank != 2 or not expected.is_compatible_with(actual):
        raise InputError(
            f"`mask` of {owner} must have one value for each step, {readable(expected)}, got the shape "
            f"{readable(actual)}."
        )
    return expected


def checked_lengths(length: tf.Tensor, padded: tf.Tensor) -> tf.Tensor:
    """The lengths of padded sequences.

    Args:
        length: int32 `(batch,)`.
        padded: `(batch, time, ...)`.

    Raises:
        InputError: one is below 0 or above the number of steps; in a graph a `tf.errors.InvalidArgumentError`.
    """
    steps = tf.shape(padded)[1]
    right = tf.reduce_all((length >= 0) & (length <= steps))
    message = "each length must be 0 or more and at most the number of steps, which is %s."
    with tf.control_dependencies(check(right, message, steps)):
        return tf.identity(length)


def check_shape(value: Any, expected: Sequence, name: str, meaning: str, owner: str) -> None:
    """Raises an error unless a tensor has a shape; in a graph unknown sizes raise `tf.errors.InvalidArgumentError`.

    Args:
        value: The tensor, or a `keras.KerasTensor`, of which what is known is checked.
        expected: Sizes of the axes: ints, int tensors, or None for any.
        name: The argument.
        meaning: What the axes are, as in "(batch, time)".
        owner: What the error names.

    Raises:
        InputError: the shape is another one.
    """
    known_sizes = [None if size is None else tf.get_static_value(size) for size in expected]
    actual, static = tf.TensorShape(value.shape), tf.TensorShape([None if n is None else int(n) for n in known_sizes])
    if not actual.is_compatible_with(static):
        raise InputError(
            f"`{name}` of {owner} must have the shape {meaning}, {readable(static)}, got {readable(actual)}."
        )
    if isinstance(value, keras.KerasTensor):
        return
    sizes = [
        (axis, n)
        for axis, n in enumerate(expected)
        if n is not None and (actual.rank is None or None in (actual[axis], known_sizes[axis]))
    ]
    if sizes:
        shape = tf.shape(value)
        same = tf.reduce_all([shape[axis] == size for axis, size in sizes])
        check(same, f"`{name}` of {owner} must have the shape {meaning} of its other arguments, got %s.", shape)


def check_states(states: Sequence, sizes: Sequence[int], batch: int | None, rows: tf.Tensor, owner: str) -> list:
    """The states as tensors, one row for each row of the inputs.

    Args:
        states: Tensors `(batch, size)`.
        sizes: The size of each state.
        batch, rows: The static and the dynamic number of rows of the inputs.
        owner: What the error names.

    Raises:
        InputError: one has another shape. In a graph unknown sizes raise `tf.errors.InvalidArgumentError`.
    """
    states = [tf.convert_to_tensor(state) for state in states]
    for number, (state, size) in enumerate(zip(states, sizes, strict=True)):
        check_state_shape(state.shape, batch, size, number, owner)
        if batch is None or not state.shape.is_fully_defined():
            same = tf.reduce_all(tf.shape(state) == tf.stack([rows, size]))
            message = (
                f"state {number} of {owner} must have a row of {size} for each row of the inputs, got the shape %s."
            )
            check(same, message, tf.shape(state))
    return states


def check_state_shape(shape: Sequence, batch: int | None, size: int, number: int, owner: str) -> None:
    """Raises an error unless the shape of a state is `(batch, size)`: see `check_states`."""
    actual, expected = tf.TensorShape(shape), tf.TensorShape([batch, size])
    if not actual.is_compatible_with(expected):
        raise InputError(
            f"state {number} of {owner} must have the shape {readable(expected)}, a row for each row of the inputs, "
            f"got {readable(actual)}."
        )


def check_sizes(state_size: Any, output_size: Any, count: int, owner: str) -> None:
    """Raises an `InputError` unless a cell has `count` states, each `(batch, size)`, and the first is its output."""
    sizes = state_size if isinstance(state_size, (list, tuple)) else [state_size]
    if len(sizes) != count or not all(isinstance(size, Integral) for size in sizes):
        raise InputError(
            f"`state_size` of {owner} must hold a number for each of its `states`, {count}, got {state_size}."
        )
    if output_size != sizes[0]:
        raise InputError(
            f"`output_size` of {owner} must be the size of its first state, which is the output, {sizes[0]}, "
            f"got {output_size}."
        )


def check_new_states(new: Any, states: Sequence[tf.Tensor], owner: str) -> list[tf.Tensor]:
    """What the `transition` of a cell returned, a list of tensors with shapes and dtypes of the states before.

    Raises:
        InputError: it is not a list of as many tensors, or one has another shape or dtype.
    """
    problem, count = f"`transition` of {owner} must return", len(states)
    needed = f"a list of {count} state{'s' if count > 1 else ''}"
    if not isinstance(new, (list, tuple)):
        raise InputError(f"{problem} {needed}, got {'a tensor' if tf.is_tensor(new) else repr(new)}.")
    if len(new) != count:
        raise InputError(f"{problem} {needed}, got {len(new)}.")
    new = [tf.convert_to_tensor(state) for state in new]
    for number, (after, before) in enumerate(zip(new, states)):
        if not after.shape.is_compatible_with(before.shape) or after.dtype != before.dtype:
            kinds = (f"{readable(state.shape)} of {state.dtype.name}" for state in (before, after))
            raise InputError(f"{problem} state {number} as it was before the step, {', got '.join(kinds)}.")
    return new


def readable(shape: tf.TensorShape) -> str:
    """A shape for a message, as in "(None, 3)"."""
    return "(unknown)" if shape.rank is None else str(tuple(shape))
