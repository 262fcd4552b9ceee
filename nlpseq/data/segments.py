"""Segments of long texts, for truncated backpropagation through time.

Gradients flow within a segment, and the state is carried from segment to segment
(Williams and Peng 1990). In a `stateful` layer Keras carries it:

    for inputs, targets in continuous_segments(ids, batch_size=20, length=35):
        model.train_on_batch(inputs, targets)
    layer.reset_state()

With `return_state=True` it is passed by hand, and `tf.stop_gradient` truncates:

    for part in split_time(sequences, 35):
        outputs, *states = layer(part, initial_state=[tf.stop_gradient(s) for s in states])
"""

from typing import Any

import tensorflow as tf

from nlpseq.data.batching import ready
from nlpseq.data.prepared_text import PreparedText
from nlpseq.errors import InputError, in_range


def continuous_segments(ids, batch_size: int, length: int) -> tf.data.Dataset:
    """Batches of a text in which each row continues the same row of the batch before.

    The text is split into `batch_size` streams of equal length, and the streams into
    segments. The remainder, at most `batch_size` ids, is dropped.

        targets[b, t] = inputs[b, t + 1]

    Args:
        ids: the text, integers `(n,)`.
        batch_size: number of streams, 1 or more.
        length: steps of a segment, 1 or more; the last one may be shorter.

    Returns:
        `tf.data.Dataset` of `(inputs, targets)`, each `(batch_size, steps)`, of known cardinality.

    Raises:
        InputError: the text is too short for the streams.

    Example:

    >>> for inputs, targets in continuous_segments(range(9), batch_size=2, length=3):
    ...     print(inputs.numpy().tolist(), targets.numpy().tolist())
    [[0, 1, 2], [4, 5, 6]] [[1, 2, 3], [5, 6, 7]]
    [[3], [7]] [[4], [8]]
    """
    in_range("batch_size", batch_size, 1)
    in_range("length", length, 1)
    ids = tf.convert_to_tensor(ids)
    steps = (int(ids.shape[0]) - 1) // batch_size
    if steps < 1:
        raise InputError(
            f"a text of {ids.shape[0]} ids is too short for {batch_size} streams, which need "
            f"{batch_size + 1}: give more text or a smaller `batch_size`."
        )
    return ready(_segments(*_streams(ids, batch_size, steps), steps, length), -(-steps // length))


def shifted_segments(ids, batch_size: int, length: int, seed: int = 0) -> tf.data.Dataset:
    """As `continuous_segments`, with a random offset in each epoch, for training.

    Because of the offset the text is not split at the same positions in every epoch. All
    segments have `length` steps; ids before and after them are dropped.

    Args:
        ids: the text, integers `(n,)`, or a `nlpseq.data.prepared_text.PreparedText`, which is read from disk.
        batch_size, length: as of `continuous_segments`.
        seed: of the offsets.

    Returns:
        `tf.data.Dataset` of `((inputs, first), targets)`: int `(batch_size, length)`, and int32
        `(batch_size,)`, 1 in the first segment of an epoch, else 0; of known cardinality and shapes.

    Raises:
        InputError: the text is too short for the streams.
    """
    in_range("batch_size", batch_size, 1)
    in_range("length", length, 1)
    tensor: Any = None if isinstance(ids, PreparedText) else tf.convert_to_tensor(ids)
    size = int(tensor.shape[0]) if tensor is not None else ids.size
    count = (size - length) // batch_size // length
    if count < 1:
        raise InputError(
            f"a text of {size:,} tokens is too short for {batch_size} streams in segments of {length}: "
            f"give {(batch_size + 1) * length:,} or more, or a smaller `batch_size` or `steps`."
        )
    steps = count * length

    def epoch(random):
        start = random % (size - batch_size * steps)
        if tensor is None:
            return mark_first(ids.segments(start, batch_size, steps, length))
        return mark_first(_segments(*_streams(tensor[start:], batch_size, steps), steps, length))

    offsets = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).take(1)
    segments = offsets.flat_map(epoch).map(
        lambda inputs, targets: (
            (tf.ensure_shape(inputs[0], [batch_size, length]), tf.ensure_shape(inputs[1], [batch_size])),
            tf.ensure_shape(targets, [batch_size, length]),
        )
    )
    return ready(segments, count)


def mark_first(segments: tf.data.Dataset) -> tf.data.Dataset:
    """Segments `(inputs, targets)` as `((inputs, first), targets)`; `first` `(batch_size,)` is 1 in the first one."""

    def mark(number, batch):
        inputs, targets = batch
        first = tf.fill(tf.shape(inputs)[:1], tf.cast(number == 0, tf.int32))  # a number for each row can be split
        return (inputs, tf.ensure_shape(first, inputs.shape[:1])), targets

    return segments.enumerate().map(mark)


def _streams(ids, batch_size, steps):
    """Inputs and targets `(batch_size, steps)`; each row continues the row before."""
    size = batch_size * steps
    return tf.reshape(ids[:size], (batch_size, steps)), tf.reshape(ids[1 : size + 1], (batch_size, steps))


def _segments(inputs, targets, steps, length):
    starts = tf.data.Dataset.range(0, steps, length)
    return starts.map(lambda start: (inputs[:, start : start + length], targets[:, start : start + length]))


def split_time(sequences, length: int) -> list:
    """Sequences `(batch, time, ...)` as a list of segments of `length` steps; the last may be shorter.

    Example:

    >>> [part.shape for part in split_time(np.zeros((2, 7, 3)), 3)]
    [(2, 3, 3), (2, 3, 3), (2, 1, 3)]
    """
    in_range("length", length, 1)
    return [sequences[:, start : start + length] for start in range(0, sequences.shape[1], length)]
