"""Batches of sounds of similar length, some of them joined, in an order that is a function of seed and pass."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import generated, training_order
from nlpseq.tasks.speech.sounds import padded

MOST_JOINED = 7  # utterances of a string
PAUSE = 0.6  # seconds between two joined utterances, at most
PAUSE_LEVEL = 0.01  # of the noise in a pause, of the greatest amplitude of the utterance


def capacity(most: int) -> int:
    """Columns of label batches, for a few of which the loss is compiled: 8, 16, 24, 32, 48, 64, 96, ..."""
    size = 8
    while size < most:
        size += max(8, 2 ** (size.bit_length() - 2))
    return size


class Batches:
    """Batches `((audio, lengths), labels)`: float32 `(batch, samples)`, int32 `(batch,)`, int32 `(batch, capacity)`.

    Args:
        examples: `nlpseq.tasks.speech.data.Utterances`.
        labels: The ids of each text, lists; those of joined ones follow one another.
        first: Id that is left out where a text begins with it, the space before its first word.
        batch_size: Examples in a batch.
        rate: Samples a second.
        splice: Share of utterances that are joined. Default 0.
        seed: Of the order; None for the order of the examples. Default None.
    """

    def __init__(
        self, examples: Any, labels: list, first: int, batch_size: int, rate: int, splice: float = 0.0,
        seed: int | None = None,
    ):  # fmt: skip
        self.examples, self.labels, self.first = examples, labels, first
        self.batch_size, self.rate, self.seed = batch_size, rate, seed
        self.lengths = examples.lengths
        self.sizes = _sizes(len(examples), splice, seed or 0)
        most = int(max(self.sizes)) * max(map(len, labels), default=1)
        self.capacity = capacity(most)

    def dataset(self) -> tf.data.Dataset:
        """The batches, of known cardinality; each iteration of a dataset is the next pass."""
        passes = itertools.count()
        specs = (
            (tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.int32)),
            tf.TensorSpec([None, self.capacity], tf.int32),
        )
        return generated(lambda: self._pass(next(passes)), specs, -(-len(self.sizes) // self.batch_size))

    def _pass(self, number) -> Iterator[tuple]:
        if self.seed is None:
            for start in range(0, len(self.examples), self.batch_size):
                yield self._batch([[i] for i in range(start, min(start + self.batch_size, len(self.examples)))], None)
            return
        random = np.random.default_rng([self.seed, number, 23])
        groups = self._groups(random)
        lengths = np.array([self.lengths[group].sum() for group in groups])
        for batch in training_order(lengths, self.batch_size, self.seed, number):
            yield self._batch([groups[at] for at in batch], random)

    def _groups(self, random):
        """The utterances of each string, mostly of one speaker."""
        order = random.permutation(len(self.examples))
        if self.sizes.max() > 1:
            speakers = np.array([str(fields.get("speaker", "")) for fields in self.examples.fields])
            order = order[np.argsort(speakers[order], kind="stable")]
        return np.split(order, np.cumsum(random.permutation(self.sizes))[:-1])

    def _batch(self, groups, random):
        sounds = [self._joined(group, random) for group in groups]
        labels = np.full([len(sounds), self.capacity], -1, np.int32)
        for row, group in zip(labels, groups):
            ids = [i for at in group for i in self.labels[at]]
            ids = ids[1:] if ids[:1] == [self.first] else ids
            row[: len(ids)] = ids
        return padded(sounds), labels

    def _joined(self, group, random):
        """The sounds of a string with pauses between them, in which there is silence or a little noise."""
        sounds = [self.examples.audio[at] for at in group]
        if len(sounds) == 1:
            return sounds[0]
        parts = [self._pause(sounds[0], random)]
        for sound in sounds:
            parts += [sound, self._pause(sound, random)]
        return np.concatenate(parts)

    def _pause(self, sound, random):
        count = int(random.uniform(0, PAUSE) * self.rate)
        level = random.choice([0.0, 1.0]) * random.random() * PAUSE_LEVEL * np.abs(sound).max(initial=0.0)
        return (level * random.standard_normal(count)).astype(np.float32)


def _sizes(count, splice, seed):
    """How many utterances each string has, int `(strings,)`; the same numbers in every pass."""
    if not splice or count < 2:
        return np.ones(count, int)
    random = np.random.default_rng([seed, 7])
    left, sizes = int(splice * count), []
    while left > 1:
        sizes.append(min(left, int(random.integers(2, MOST_JOINED + 1))))
        left -= sizes[-1]
    return np.array([*sizes, *[1] * (count - sum(sizes))])
