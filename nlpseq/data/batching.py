"""Encoded examples to padded batches of few shapes."""

import tensorflow as tf

POOL = 50  # batches that are sorted together by length


def length_buckets(longest, shortest=16):
    """The padded lengths of batches: 16, 32, 48, 64, 96, 128, 192, ... up to `longest`."""
    buckets = []
    while not buckets or buckets[-1] < longest:
        last = buckets[-1] if buckets else 0
        step = max(shortest, 2 ** (last.bit_length() - 2)) if last else shortest
        buckets.append(min(last + step, max(longest, 1)))
    return buckets


def pad(ids, buckets, value=0):
    """Pads ragged `(batch, None, ...)` ids with a value to the first bucket that holds them."""
    longest = tf.cast(tf.reduce_max(tf.concat([ids.row_lengths(), [1]], axis=0)), tf.int32)
    sizes = tf.constant(buckets, tf.int32)
    index = tf.minimum(tf.reduce_sum(tf.cast(sizes < longest, tf.int32)), len(buckets) - 1)
    return ids.to_tensor(value, shape=tf.stack([-1, sizes[index], *ids.shape[2:]]))


def training_batches(examples, size, batch_size, buckets, seed):
    """Shuffled batches of one size, of examples of similar length.

    Whole batches in few lengths keep the number of shapes, and so of
    compilations, small: the last batch of an epoch is filled up with examples
    from its beginning. The order differs by epoch and is fixed by the seed.

    Args:
        examples: `tf.data.Dataset` of `(ids (None, ...), label)`; a label is a number,
            or one a step, `(None,)`.
        size: the number of examples.
        batch_size: of every batch; smaller only where there are fewer examples.
        buckets: padded lengths, as of `length_buckets`.
        seed: of the shuffling.

    Returns:
        `tf.data.Dataset` of `(ids (batch, length, ...), labels)`, of known length; labels
        `(batch,)`, or `(batch, length)` with -1 for padding.
    """
    batch_size = min(batch_size, size)
    count = -(-size // batch_size)
    examples = examples.shuffle(size, seed=seed, reshuffle_each_iteration=True)
    pools = examples.repeat(2).take(count * batch_size).ragged_batch(POOL * batch_size)
    batches = pools.map(_by_length).unbatch().ragged_batch(batch_size)
    batches = batches.map(lambda ids, label: _padded(ids, label, buckets))
    batches = batches.shuffle(POOL, seed=seed, reshuffle_each_iteration=True)
    return _finish(batches, count)


def evaluation_batches(examples, size, batch_size, buckets):
    """Batches in the order of the examples, the last one as small as it is."""
    batches = examples.ragged_batch(batch_size)
    batches = batches.map(lambda ids, label: _padded(ids, label, buckets))
    return _finish(batches, -(-size // batch_size))


def _padded(ids, label, buckets):
    if isinstance(label, tf.RaggedTensor):
        label = pad(label, buckets, -1)
    return pad(ids, buckets), label


def _by_length(ids, label):
    """Sorted by length: by that of the labels first, which cost the more where there is one a step."""
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
