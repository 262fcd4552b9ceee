"""Padded batches of encoded examples of similar length, in an order that is a function of seed and pass."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

POOL = 256  # batches whose examples are sorted together by length


def pad(ids: tf.RaggedTensor, value: int = 0) -> tf.Tensor:
    """Pads to the length of the longest row, and to one step at least.

    Args:
        ids: ragged `(batch, None, ...)`.
        value: of the padding.

    Returns:
        Tensor `(batch, length, ...)` of the same dtype.
    """
    longest = tf.reduce_max(tf.concat([ids.row_lengths(), [1]], axis=0))
    return ids.to_tensor(value, shape=tf.stack([-1, longest, *ids.shape[2:]]))


def training_order(lengths: np.ndarray, batch_size: int, seed: int, number: int) -> list[np.ndarray]:
    """The examples of each batch of a pass over the data, a function of the arguments alone.

    1. The examples are shuffled.
    2. Those that do not fill a batch are put aside: they are the last batch.
    3. The others are divided into pools of up to `POOL` batches. A pool is sorted by length and cut
       into batches. Of equal targets every second length is sorted by sources in reverse, so that
       neighbours are similar in both.
    4. The batches are shuffled.

    Args:
        lengths: int `(examples,)` or, first the one whose steps cost more, `(examples, 2)`.
        batch_size: Examples in a batch, 1 or more.
        seed: Of all passes, 0 or more.
        number: Of the pass, 0 or more.

    Returns:
        Indices `(batch_size,)` of each batch; every example is in one batch.

    Example:

    >>> [batch.tolist() for batch in training_order(np.array([5, 1, 5, 1, 9]), 2, seed=0, number=0)]
    [[3, 2], [0, 4], [1]]
    """
    lengths = lengths.reshape(len(lengths), -1)
    random = np.random.default_rng([seed, number])
    order = random.permutation(len(lengths))
    count = len(order) // batch_size  # of full batches
    full, rest = np.split(order, [count * batch_size])
    batches = []
    for pool in np.array_split(full.reshape(count, batch_size), max(1, -(-count // POOL))):
        batches += list(_by_length(pool.ravel(), lengths).reshape(pool.shape))
    return [batches[number] for number in random.permutation(count)] + [rest] * bool(len(rest))


def _by_length(examples, lengths):
    first, *others = lengths[examples].T
    return examples[np.lexsort([*(np.where(first % 2, -other, other) for other in others), first])]


def training_batches(ids: tf.RaggedTensor, labels: Any, batch_size: int, seed: int) -> tf.data.Dataset:
    """Shuffled batches of examples of similar length.

    The dataset's first iteration is pass 0 of `training_order`, its second one pass 1, and so on. Of
    a new dataset `.repeat().skip(n)` therefore continues after n batches.

    Args:
        ids: ragged `(examples, None, ...)`.
        labels: `(examples,)`, or one for each step, ragged `(examples, None)`.
        batch_size: Examples in a batch; only the last one of a pass may have fewer.
        seed: Of the shuffling.

    Returns:
        `tf.data.Dataset` of `(ids (batch, length, ...), labels)`, of known cardinality;
        labels `(batch,)`, or `(batch, length)` with -1 for padding.
    """
    lengths = ids.row_lengths().numpy()
    if isinstance(labels, tf.RaggedTensor):  # targets, whose steps cost more than those of inputs
        lengths = np.stack([labels.row_lengths().numpy(), lengths], axis=1)
    passes = itertools.count()
    return _dataset(ids, labels, batch_size, lambda: training_order(lengths, batch_size, seed, next(passes)))


def evaluation_batches(ids: tf.RaggedTensor, labels: Any, batch_size: int) -> tf.data.Dataset:
    """Batches as of `training_batches`, but in the order of the examples."""
    size = int(ids.nrows())
    parts = [np.arange(start, min(start + batch_size, size)) for start in range(0, size, batch_size)]
    return _dataset(ids, labels, batch_size, lambda: parts)


def _dataset(ids, labels, batch_size, order: Callable[[], list[np.ndarray]]):
    labels = labels if isinstance(labels, tf.RaggedTensor) else np.asarray(labels)
    columns = [
        Rows.of(column, padding) if isinstance(column, tf.RaggedTensor) else column
        for column, padding in ((ids, 0), (labels, -1))
    ]

    def batches():
        for examples in order():
            yield tuple(column[examples] for column in columns)

    specs = tuple(tf.TensorSpec([None, *column.shape[1:]], column.dtype) for column in (ids, labels))
    return generated(batches, specs, -(-len(columns[0]) // batch_size))


def generated(batches: Callable[[], Iterator], specs: Any, count: int) -> tf.data.Dataset:
    """The dataset of the batches of a generator, of known cardinality.

    Args:
        batches: Called for each pass; its iterator gives nested NumPy arrays.
        specs: The `tf.TensorSpec`s of a batch.
        count: Batches in a pass.
    """
    return ready(tf.data.Dataset.from_generator(lambda: _ahead(batches()), output_signature=specs), count)


def _ahead(batches: Iterator) -> Iterator:
    """The batches, each made in a thread while the one before it is used.

    Where operations are deterministic, tf.data prefetches nothing from a generator, which might have side effects.
    """
    with ThreadPoolExecutor(1, "batches") as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def ready(batches: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """The batches, of known cardinality; two of them are made in advance unless operations are deterministic."""
    return untuned(batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2))


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset without a thread that tunes it.

    Such a thread sleeps up to a minute, and deleting an iterator waits until it wakes up.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


class Rows:
    """Rows of different lengths, indexed by examples: a padded array.

    Args:
        values: The items of all rows, `(items, ...)`.
        lengths: Of the rows, int `(examples,)`.
        padding: What follows a row that is shorter than the longest one.
    """

    def __init__(self, values: np.ndarray, lengths: np.ndarray, padding: int):
        self.values = np.concatenate([values, np.full((1, *values.shape[1:]), padding, values.dtype)])
        self.starts, self.lengths, self.padding = np.cumsum(lengths) - lengths, lengths, padding

    @classmethod
    def of(cls, rows: tf.RaggedTensor, padding: int) -> "Rows":
        """The rows of a ragged tensor `(examples, None, ...)`."""
        return cls(rows.flat_values.numpy(), rows.row_lengths().numpy(), padding)

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, examples):
        steps = np.arange(max(1, self.lengths[examples].max()))
        places = self.starts[examples, np.newaxis] + steps
        return self.values[np.where(steps < self.lengths[examples, np.newaxis], places, len(self.values) - 1)]

    def joined(self, first: "Rows", examples: np.ndarray) -> "Rows":
        """Some rows of `first`, then these."""
        rows = [first.values[first.starts[i] : first.starts[i] + first.lengths[i]] for i in examples.tolist()]
        lengths = np.concatenate([first.lengths[examples], self.lengths])
        return Rows(np.concatenate([*rows, self.values[:-1]]), lengths, self.padding)
