"""Where time lies in a sequence, and how a sequence is read and written step by step."""

from dataclasses import dataclass

import keras
import tensorflow as tf


@dataclass(frozen=True)
class Layout:
    """Sequences `(batch, time, ...)` or `(time, batch, ...)`; nothing is transposed.

    Attributes:
        axis: that of time, 1 or 0.
        in_place: whether a sequence is written as one tensor, which XLA does in place;
            otherwise it is a `tf.TensorArray`.
    """

    axis: int
    in_place: bool

    def steps(self, sequence):
        """The number of steps, a scalar tensor."""
        return tf.shape(sequence)[self.axis]

    def static_steps(self, sequence):
        """The number of steps where it is known, else None."""
        return sequence.shape[self.axis]

    def shape(self, steps, like, width):
        """The shape of a sequence of steps `(batch of like, width)`."""
        batch = like.shape[0] if like.shape[0] is not None else tf.shape(like)[0]
        return [steps, batch, width] if self.axis == 0 else [batch, steps, width]

    def read(self, sequence, at):
        """One step, `(batch, ...)`."""
        return sequence[at] if self.axis == 0 else sequence[:, at]

    def spread(self, masks):
        """Masks `(batch, features)`, or a list of one a gate or None, to multiply sequences with."""
        if masks is None:
            return None
        return tf.nest.map_structure(lambda mask: tf.expand_dims(mask, self.axis), masks)

    def cut(self, sequence, start, length):
        """The `length` steps from `start`."""
        shape = sequence.shape.as_list()
        shape[self.axis] = length if isinstance(length, int) else None
        # XLA makes a slice of size -1 from an unknown start out of a copy twice as large.
        sizes = tf.shape(sequence)
        size = [sizes[i] if known is None else known for i, known in enumerate(shape)]
        size[self.axis] = length
        return tf.ensure_shape(tf.slice(sequence, self._at(start, sequence), size), shape)

    def pad(self, sequence, extra):
        """With `extra` steps of zeros, or False, at the end; an int where it is known."""
        amounts = [[0, 0]] * len(sequence.shape)
        amounts[self.axis] = [0, extra]
        padded, shape = tf.pad(sequence, amounts), sequence.shape.as_list()
        known = isinstance(extra, int) and shape[self.axis] is not None
        shape[self.axis] = shape[self.axis] + extra if known else None
        padded.set_shape(shape)
        return padded

    def first(self, sequence, steps):
        """The first `steps` steps."""
        return sequence[:steps] if self.axis == 0 else sequence[:, :steps]

    def shifted(self, start, later, reverse):
        """What stands before each step: `start` `(batch, units)`, then `later` without its last."""
        start = tf.expand_dims(tf.cast(start, later.dtype), self.axis)
        if reverse:
            joined = tf.concat([later, start], self.axis)
            joined = joined[1:] if self.axis == 0 else joined[:, 1:]
        else:
            joined = self.first(tf.concat([start, later], self.axis), self.steps(later))
        return tf.ensure_shape(joined, later.shape)

    def delayed(self, sequence, distance, reverse, fill):
        """What stands `distance` steps before each step, `fill` where that is nothing."""
        amounts = [[0, 0]] * len(sequence.shape)
        amounts[self.axis] = [0, distance] if reverse else [distance, 0]
        padded = tf.pad(sequence, amounts, constant_values=fill)
        if not reverse:
            return self.first(padded, self.steps(sequence))
        return padded[distance:] if self.axis == 0 else padded[:, distance:]

    # Sequences in the making

    def empty(self, steps, like, dtype, width=None):
        """A sequence to be written, each step of the shape of `like` or of `width` columns."""
        width = like.shape[-1] if width is None else width
        if self.in_place:
            # XLA refuses to write into no steps, even in a loop that never runs.
            return tf.zeros(self.shape(tf.maximum(steps, 1), like, width), dtype)
        return tf.TensorArray(dtype, size=steps, element_shape=[like.shape[0], width])

    def write(self, sequence, at, value):
        """The sequence with a step written."""
        if not self.in_place:
            return sequence.write(at, value)
        value = tf.expand_dims(value, self.axis)
        return keras.ops.slice_update(sequence, self._at(at, sequence), value)

    def written(self, sequence, steps):
        """The tensor, once every one of the steps is written."""
        if self.in_place:
            return self.first(sequence, steps)
        stacked = sequence.stack()
        return stacked if self.axis == 0 else swap(stacked)

    # The same, segment by segment

    def empty_segments(self, count, length, like, dtype, width):
        """A sequence to be written, `count` segments of `length` steps of `width` columns."""
        if self.in_place:
            return self.empty(count * length, like, dtype, width)
        return tf.TensorArray(dtype, size=count)

    def write_segment(self, sequence, start, segment, length):
        """The sequence with the segment written that starts at the step `start`."""
        if self.in_place:
            return keras.ops.slice_update(sequence, self._at(start, sequence), segment)
        return sequence.write(start // length, segment)

    def written_segments(self, sequence, steps, like, width):
        """The tensor, once every segment is written."""
        if self.in_place:
            return self.first(sequence, steps)
        segments = sequence.stack()  # (count, time, batch, width) or (count, batch, time, width)
        if self.axis == 1:
            segments = tf.transpose(segments, (1, 0, 2, 3))
        return tf.reshape(segments, self.shape(steps, like, width))

    def _at(self, start, sequence):
        where = [0] * len(sequence.shape)
        where[self.axis] = start
        return where


def swap(sequence):
    """Batch-major to time-major, and back."""
    return tf.transpose(sequence, [1, 0, *range(2, len(sequence.shape))])
