"""Lists of tensors that a loop writes and another reads."""

from typing import Any

import tensorflow as tf


def is_one(count: Any) -> bool:
    """Whether a count is one, and this is known."""
    return isinstance(count, int) and count == 1


class Lists:
    """Lists of tensors of one shape each, that a loop writes and another reads.

    A list of one tensor, if that is known, is None and then the tensor.
    """

    @staticmethod
    def new(shape, dtype, count):
        if is_one(count):
            return None
        return tf.raw_ops.TensorListReserve(element_shape=shape, num_elements=count, element_dtype=dtype)

    @staticmethod
    def write(handle, at, value):
        if handle is None:
            return value
        return tf.raw_ops.TensorListSetItem(input_handle=handle, index=at, item=value)

    @staticmethod
    def read(handle, at, shape, dtype, static):
        if handle.dtype != tf.variant:
            return handle
        value = tf.raw_ops.TensorListGetItem(input_handle=handle, index=at, element_shape=shape, element_dtype=dtype)
        return tf.ensure_shape(value, static)

    @staticmethod
    def stack(handle, shape, dtype, static):
        """All of them; what was not written is zero."""
        if handle.dtype != tf.variant:
            return handle[tf.newaxis]
        value = tf.raw_ops.TensorListStack(
            input_handle=handle, element_shape=shape, element_dtype=dtype, num_elements=-1
        )
        return tf.ensure_shape(value, [None, *static])
