"""The order of batch and time in a sequence, and reading and writing a sequence step by step."""

from dataclasses import dataclass

import tensorflow as tf

from nlpseq.engine.tensor_lists import Lists


@dataclass(frozen=True)
class Layout:
    """Sequences `(batch, time, ...)` or `(time, batch, ...)`; nothing is transposed.

    Attributes:
        axis: the time axis, 1 or 0.
    """

    axis: int

    def steps(self, sequence: tf.Tensor) -> tf.Tensor:
        """The number of steps, a scalar tensor."""
        return tf.shape(sequence)[self.axis]

    def static_steps(self, sequence: tf.Tensor) -> int | None:
        """The number of steps if it is known statically, else None."""
        return sequence.shape[self.axis]

    def shape(self, steps: int | tf.Tensor, like: tf.Tensor, width: int) -> list:
        """The shape of a sequence of `steps` steps `(batch of like, width)`."""
        batch = like.shape[0] if like.shape[0] is not None else tf.shape(like)[0]
        return [steps, batch, width] if self.axis == 0 else [batch, steps, width]

    def read(self, sequence: tf.Tensor, at: int | tf.Tensor) -> tf.Tensor:
        """The step `at`, `(batch, ...)`."""
        return sequence[at] if self.axis == 0 else sequence[:, at]

    def broadcast_masks(self, masks):
        """Masks `(batch, features)`, a list of them or None, in a shape that broadcasts with sequences."""
        if masks is None:
            return None
        return tf.nest.map_structure(lambda mask: tf.expand_dims(mask, self.axis), masks)

    def slice_steps(self, sequence: tf.Tensor, start: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
        """The `length` steps from `start`."""
        shape = sequence.shape.as_list()
        shape[self.axis] = length if isinstance(length, int) else None
        # XLA makes a slice of size -1 from an unknown start out of a copy twice as large.
        sizes = tf.shape(sequence)
        size = [sizes[i] if extent is None else extent for i, extent in enumerate(shape)]
        size[self.axis] = length
        return tf.ensure_shape(tf.slice(sequence, self._position(start, sequence), size), shape)

    def pad(self, sequence: tf.Tensor, extra: int | tf.Tensor) -> tf.Tensor:
        """The sequence with `extra` steps of zeros, or False, at the end."""
        amounts = [[0, 0]] * len(sequence.shape)
        amounts[self.axis] = [0, extra]
        padded, shape = tf.pad(sequence, amounts), sequence.shape.as_list()
        is_static = isinstance(extra, int) and shape[self.axis] is not None
        shape[self.axis] = shape[self.axis] + extra if is_static else None
        padded.set_shape(shape)
        return padded

    def first(self, sequence: tf.Tensor, steps: int | tf.Tensor) -> tf.Tensor:
        """The first `steps` steps."""
        return sequence[:steps] if self.axis == 0 else sequence[:, :steps]

    def previous(self, start: tf.Tensor, sequence: tf.Tensor, reverse: bool) -> tf.Tensor:
        """The value before each step: `start` `(batch, units)` at the first, then the steps but the last."""
        start = tf.expand_dims(tf.cast(start, sequence.dtype), self.axis)
        if reverse:
            joined = tf.concat([sequence, start], self.axis)
            joined = joined[1:] if self.axis == 0 else joined[:, 1:]
        else:
            joined = self.first(tf.concat([start, sequence], self.axis), self.steps(sequence))
        return tf.ensure_shape(joined, sequence.shape)

    def delay(self, sequence: tf.Tensor, distance: int, reverse: bool, fill: float) -> tf.Tensor:
        """The value `distance` steps before each step, `fill` where there is none."""
        amounts = [[0, 0]] * len(sequence.shape)
        amounts[self.axis] = [0, distance] if reverse else [distance, 0]
        padded = tf.pad(sequence, amounts, constant_values=fill)
        if not reverse:
            return self.first(padded, self.steps(sequence))
        return padded[distance:] if self.axis == 0 else padded[:, distance:]

    # Writing step by step

    def empty(self, steps: int | tf.Tensor, like: tf.Tensor, dtype: tf.DType, width: int | None = None):
        """An array for a sequence, each step with the shape of `like`, or with `width` columns.

        It is written in the order of iterations because ONNX has no other loops: tf2onnx ignores the
        index of a write.
        """
        width = like.shape[-1] if width is None else width
        return tf.TensorArray(dtype, size=steps, element_shape=[like.shape[0], width])

    def finish(self, array: tf.TensorArray, reverse: bool, like: tf.Tensor | None = None) -> tf.Tensor:
        """The sequence as a tensor, once all steps are written, from the end to the start if `reverse`.

        There may be no steps if `like`, whose batch is that of each step, is given.
        """
        stacked = stack(array, reverse, like)
        return stacked if self.axis == 0 else swap(stacked)

    def finish_segments(self, array: tf.TensorArray, steps, like: tf.Tensor, width: int, reverse: bool) -> tf.Tensor:
        """The sequence as a tensor, once all segments are written, from the end to the start if `reverse`."""
        segments = stack(array, reverse)  # (count, time, batch, width) or (count, batch, time, width)
        if self.axis == 1:
            segments = tf.transpose(segments, (1, 0, 2, 3))
        return tf.reshape(segments, self.shape(steps, like, width))

    def _position(self, start, sequence):
        """The index of the first element of the step `start`."""
        position = [0] * len(sequence.shape)
        position[self.axis] = start
        return position


def stack(array: tf.TensorArray, reverse: bool, like: tf.Tensor | None = None) -> tf.Tensor:
    """What was written, in the order of time; nothing may be if `like` has the sizes that elements lack statically."""
    shape = array.element_shape
    if like is None or shape.is_fully_defined() or array.flow.dtype != tf.variant:
        stacked = array.stack()
    else:  # the method of the array refuses to stack nothing where the batch is not known statically
        sizes = [tf.shape(like)[axis] if size is None else size for axis, size in enumerate(shape)]
        stacked = Lists.stack(array.flow, sizes, array.dtype, shape)
    return tf.reverse(stacked, [0]) if reverse else stacked


def swap(sequence: tf.Tensor) -> tf.Tensor:
    """Batch-major to time-major, and back."""
    return transpose(sequence, 1, 0)


def transpose(sequence: tf.Tensor, *order: int) -> tf.Tensor:
    """A sequence with its first axes in this order, and the others after them."""
    axes = [*order, *range(len(order), len(sequence.shape))]
    if sequence.dtype != tf.bool:
        return tf.transpose(sequence, axes)
    # oneDNN does not transpose bool without AVX-512, and TensorFlow then logs an error; a cast would be moved behind.
    return tf.not_equal(tf.transpose(tf.where(sequence, 1.0, 0.0), axes), 0.0)
