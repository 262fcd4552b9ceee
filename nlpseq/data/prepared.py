"""Corpora that were prepared: ids in sharded TFRecords, which are read in an order that needs no memory of the whole.

    FOLDER/prepared.json                    kind, sizes, labels, preprocessor
    FOLDER/train/NAME-of-SHARD.tfrecord     the training examples whose shard was drawn at random
    FOLDER/validation.jsonl, test.jsonl     rows that are held out, as they were

A record holds up to `BLOCK` examples: a `tf.train.Example` with the features "ids", "lengths" and "labels", each
int32, little endian. Since the shard of an example is drawn when it is written, a shard is a random sample of the
corpus: to shuffle shards, and the examples within each, shuffles them all.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import generated, training_order
from nlpseq.errors import InputError
from nlpseq.paths import as_path

BLOCK = 256  # examples of a record
SHARD = 64 * 2**20  # bytes of text that become a shard, about
FILE = "prepared.json"


@dataclass(frozen=True)
class PreparedExamples:
    """The training examples of a prepared corpus, on disk.

    Attributes:
        folder: Where the shards are.
        sizes: Examples of each shard.
        columns: Ids of each token.
        digest: Of the corpus, for the fingerprint of a run.
    """

    folder: str
    sizes: tuple[int, ...]
    columns: int
    digest: str

    def __len__(self):
        return sum(self.sizes)

    def shard(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids `(tokens, columns)`, lengths `(examples,)` and labels `(examples,)` of a shard, all int32."""
        files = sorted(map(str, Path(self.folder).glob(f"*-of-{number:05}.tfrecord")))
        parts = [_block(record) for record in tf.data.TFRecordDataset(files).as_numpy_iterator()]
        ids, lengths, labels = (np.concatenate(column) for column in zip(*parts))
        return ids.reshape(-1, self.columns), lengths, labels

    def blocks(self) -> Iterator[tuple[tf.RaggedTensor, np.ndarray]]:
        """Ragged ids and labels, a shard at a time, in the order of the files."""
        for number in range(len(self.sizes)):
            ids, lengths, labels = self.shard(number)
            yield tf.RaggedTensor.from_row_lengths(ids, lengths), labels

    def batches(self, batch_size: int, seed: int) -> tf.data.Dataset:
        """Shuffled batches `(ids, labels)` of similar lengths, as `nlpseq.data.training_batches` gives them.

        In memory are a shard and, of the shard before, the examples that did not fill a pool of batches.
        """
        passes = itertools.count()
        specs = (tf.TensorSpec([None, None, self.columns], tf.int32), tf.TensorSpec([None], tf.int32))
        return generated(lambda: self._pass(batch_size, seed, next(passes)), specs, -(-len(self) // batch_size))

    def _pass(self, batch_size, seed, number):
        """The batches of one pass, a function of seed and number alone; only the last one may be smaller."""
        order = np.random.default_rng([seed, number]).permutation(len(self.sizes))
        left: list[tuple[np.ndarray, int]] = []
        for place, shard in enumerate(order.tolist()):
            ids, lengths, labels = self.shard(shard)
            rows = left + list(zip(np.split(ids, np.cumsum(lengths)[:-1]), labels.tolist()))
            parts = training_order(np.array([len(row) for row, _ in rows]), batch_size, seed, number * 2**20 + place)
            last = parts.pop() if place < len(order) - 1 and len(parts[-1]) < batch_size else ()
            left = [rows[index] for index in last]
            for part in parts:
                yield _padded([rows[index][0] for index in part], [rows[index][1] for index in part], self.columns)


def _block(record):
    features = tf.train.Example.FromString(record).features.feature
    return [np.frombuffer(features[name].bytes_list.value[0], "<i4") for name in ("ids", "lengths", "labels")]


def _padded(rows, labels, columns):
    ids = np.zeros((len(rows), max(1, *map(len, rows)), columns), np.int32)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return ids, np.array(labels, np.int32)


class ShardWriters:
    """Writes examples to the shards of a prepared corpus, a random one for each.

    Args:
        folder: Folder of the shards.
        name: Of what is written, such as that of the file it comes from.
        shards: Number of shards.
        seed: Of the choice.

    Attributes:
        sizes: Examples written to each shard.
    """

    def __init__(self, folder: Path, name: str, shards: int, seed: int):
        self.folder, self.name = folder, name
        self.random = np.random.default_rng([seed, *name.encode()])
        self.waiting: list[list[tuple[np.ndarray, int]]] = [[] for _ in range(shards)]
        self.files: dict[int, Any] = {}
        self.sizes = [0] * shards

    def write(self, ids: Sequence[np.ndarray], labels: np.ndarray) -> None:
        """Writes examples: ids `(length, columns)` and a label of each."""
        shards = self.random.integers(len(self.sizes), size=len(labels)).tolist()
        for shard, row, label in zip(shards, ids, labels.tolist()):
            self.waiting[shard].append((row, label))
            if len(self.waiting[shard]) == BLOCK:
                self._flush(shard)

    def _flush(self, shard):
        rows, labels = zip(*self.waiting[shard])
        if shard not in self.files:
            self.files[shard] = tf.io.TFRecordWriter(str(self.folder / f"{self.name}-of-{shard:05}.tfrecord"))
        values = {"ids": np.concatenate(rows), "lengths": [len(row) for row in rows], "labels": labels}
        features = {
            name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[np.asarray(value, "<i4").tobytes()]))
            for name, value in values.items()
        }
        example = tf.train.Example(features=tf.train.Features(feature=features))
        self.files[shard].write(example.SerializeToString())
        self.sizes[shard] += len(rows)
        self.waiting[shard] = []

    def close(self) -> None:
        """Writes what waits, and ends the files."""
        for shard, rows in enumerate(self.waiting):
            if rows:
                self._flush(shard)
        for file in self.files.values():
            file.close()


def read_description(folder: str | Path) -> dict[str, Any]:
    """What `prepared.json` says.

    Raises:
        InputError: The folder holds no prepared corpus.
    """
    path = as_path(folder) / FILE
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        raise InputError(
            f"{folder} holds no prepared corpus: expected a folder with {FILE}, as `nlpseq prepare` writes it."
        ) from None
