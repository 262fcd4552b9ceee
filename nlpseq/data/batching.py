"""Padded batches of encoded examples, in few different lengths."""

from collections.abc import Sequence

import tensorflow as tf

POOL = 50  # batches that are sorted together by length


def length_buckets(longest: int, shortest: int = 16) -> list[int]:
    """The lengths to which batches are padded: 16, 32, 48, 64, 96, 128, 192, ... up to `longest`.

    Example:

    >>> length_buckets(100)
    [16, 32, 48, 64, 96, 100]
    """
    buckets = []
    while not buckets or buckets[-1] < longest:
        last = buckets[-1] if buckets else 0
        step = max(shortest, 2 ** (last.bit_length() - 2)) if last else shortest
        buckets.append(min(last + step, max(longest, 1)))
    return buckets


def pad(ids: tf.RaggedTensor, buckets: Sequence[int], value: int = 0) -> tf.Tensor:
    """Pads to the first bucket that is as long as the longest row.

    Args:
        ids: ragged `(batch, None, ...)`.
        buckets: lengths, as of `length_buckets`.
        value: of the padding.

    Returns:
        Tensor `(batch, length, ...)` of the same dtype.
    """
    longest = tf.cast(tf.reduce_max(tf.concat([ids.row_lengths(), [1]], axis=0)), tf.int32)
    sizes = tf.constant(buckets, tf.int32)
    index = tf.minimum(tf.reduce_sum(tf.cast(sizes < longest, tf.int32)), len(buckets) - 1)
    return ids.to_tensor(value, shape=tf.stack([-1, sizes[index], *ids.shape[2:]]))


def training_batches(
    examples: tf.data.Dataset, size: int, batch_size: int, buckets: Sequence[int], seed: int
) -> tf.data.Dataset:
    """Shuffled batches of one size, of examples of similar length.

    Full batches in few lengths keep the number of shapes, and so of compilations,
    small: the last batch of an epoch is completed with examples from its start. The
    order differs between epochs and is determined by the seed.

    Args:
        examples: `tf.data.Dataset` of `(ids (None, ...), label)`; a label is a number,
            or one number per step, `(None,)`.
        size: the number of examples.
        batch_size: of every batch; smaller only where there are fewer examples.
        buckets: padded lengths, as of `length_buckets`.
        seed: of the shuffling.

    Returns:
        `tf.data.Dataset` of `(ids (batch, length, ...), labels)`, of known cardinality;
        labels `(batch,)`, or `(batch, length)` with -1 for padding.
    """
    batch_size = min(batch_size, size)
    count = -(-size // batch_size)
    examples = examples.shuffle(size, seed=seed, reshuffle_each_iteration=True)
    pools = examples.repeat(2).take(count * batch_size).ragged_batch(POOL * batch_size)
    batches = pools.map(_by_length).unbatch().ragged_batch(batch_size)
    batches = batches.map(lambda ids, label: _padded(ids, label, buckets))
    batches = batches.shuffle(POOL, seed=seed, reshuffle_each_iteration=True)
    return _finish(batches, count)


def evaluation_batches(
    examples: tf.data.Dataset, size: int, batch_size: int, buckets: Sequence[int]
) -> tf.data.Dataset:
    """Batches as of `training_batches`, but in the order of the examples; the last one may be smaller."""
    batches = examples.ragged_batch(batch_size)
    batches = batches.map(lambda ids, label: _padded(ids, label, buckets))
    return _finish(batches, -(-size // batch_size))


def _padded(ids, label, buckets):
    if isinstance(label, tf.RaggedTensor):
        label = pad(label, buckets, -1)
    return pad(ids, buckets), label


def _by_length(ids, label):
    """Sorts a pool by length: first by that of ragged labels, whose steps cost more than those of inputs."""
    length = ids.row_lengths()
    if isinstance(label, tf.RaggedTensor):
        length += label.row_lengths() * (tf.reduce_max(length) + 1)
    order = tf.argsort(length)
    return tf.gather(ids, order), tf.gather(label, order)


def _finish(batches, count):
    options = tf.data.Options()
    options.deterministic = True
    cardinality = tf.data.experimental.assert_cardinality(count)
    return batches.apply(cardinality).prefetch(tf.data.AUTOTUNE).with_options(options)
