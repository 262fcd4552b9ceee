"""Corpora that were prepared: ids in sharded TFRecords, which are read in an order that needs no memory of the whole.

    FOLDER/plan.json                                how the corpus is prepared, and from which files
    FOLDER/prepared.json                            what was prepared: kind, sizes, labels, preprocessor
    FOLDER/train/NAME-of-SHARD.tfrecord             the training examples whose shard was drawn at random
    FOLDER/validation.jsonl, test.jsonl             rows that are held out, as they were

A record holds up to `BLOCK` examples: a `tf.train.Example` with the features "ids", "lengths" and "labels" and, if
there are several labels for each example, "label_lengths"; integers, little endian, lengths of 32 bits and the others
of as few as they need. Since the shard of an example is drawn when it is written, a shard is a random sample of the
corpus: to shuffle shards, and the examples within each, shuffles them all.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import Rows, generated, training_order
from nlpseq.errors import InputError
from nlpseq.paths import as_path

FORMAT = 2  # of the folder
BLOCK = 256  # examples of a record
SHARD = 32 * 2**20  # bytes of ids that become a shard, about
FILE = "prepared.json"
SIZES = "<i4"  # of lengths


def integers(count: int) -> str:
    """The smallest dtype of the numbers below `count`, or of -1 too.

    >>> integers(30_000), integers(40_000)
    ('<i2', '<i4')
    """
    return "<i2" if count <= 2**15 else "<i4"


@dataclass(frozen=True)
class Layout:
    """What the training examples of a corpus consist of.

    Attributes:
        ids, labels: Dtypes of ids and labels, of `integers`.
        columns: Ids of each token; 0 if a token is an id.
        several: Whether each example has a sequence of labels, else it has one.
    """

    ids: str
    labels: str
    columns: int = 0
    several: bool = False

    @property
    def token(self) -> tuple[int, ...]:
        """The shape of the ids of a token."""
        return (self.columns,) if self.columns else ()

    def shards(self, tokens: int) -> int:
        """The number of shards of so many tokens."""
        return max(1, -(-tokens * max(1, self.columns) * np.dtype(self.ids).itemsize // SHARD))


@dataclass(frozen=True)
class PreparedExamples:
    """The training examples of a prepared corpus, on disk.

    Attributes:
        folder: Where the shards are.
        sizes: Examples of each shard.
        layout: `Layout`.
        digest: Of the corpus, for the fingerprint of a run.
    """

    folder: str
    sizes: tuple[int, ...]
    layout: Layout
    digest: str

    def __len__(self):
        return sum(self.sizes)

    def shard(self, number: int) -> tuple[Rows, Any]:
        """The ids and labels of a shard, `Rows`; of one label for each example an array `(examples,)`."""
        files = sorted(map(str, Path(self.folder).glob(f"*-of-{number:05}.tfrecord")))
        parts = [self._block(record) for record in tf.data.TFRecordDataset(files).as_numpy_iterator()]
        ids, lengths, labels, label_lengths = (np.concatenate(column) for column in zip(*parts))
        rows = Rows(ids.reshape(-1, *self.layout.token), lengths, 0)
        return rows, Rows(labels, label_lengths, -1) if self.layout.several else labels

    def _block(self, record):
        features = tf.train.Example.FromString(record).features.feature
        dtypes = {"ids": self.layout.ids, "lengths": SIZES, "labels": self.layout.labels, "label_lengths": SIZES}
        columns = {name: features[name].bytes_list.value for name in dtypes}
        return [np.frombuffer(value[0] if value else b"", dtypes[name]) for name, value in columns.items()]

    def blocks(self) -> Iterator[tuple[tf.RaggedTensor, np.ndarray]]:
        """Ragged ids and labels, a shard at a time, in the order of the files."""
        for number in self._filled():
            rows, labels = self.shard(number)
            ids = tf.RaggedTensor.from_row_lengths(rows.values[:-1].astype(np.int32), rows.lengths)
            yield ids, np.asarray(labels, np.int32)

    def batches(self, batch_size: int, seed: int) -> tf.data.Dataset:
        """Shuffled batches `(ids, labels)` of similar lengths, as `nlpseq.data.training_batches` gives them.

        In memory are a shard and, of the shard before, the examples that did not fill a batch.
        """
        passes = itertools.count()
        labels = [None, None] if self.layout.several else [None]
        specs = tf.TensorSpec([None, None, *self.layout.token], tf.int32), tf.TensorSpec(labels, tf.int32)
        return generated(lambda: self._pass(batch_size, seed, next(passes)), specs, -(-len(self) // batch_size))

    def _filled(self):
        return [number for number, size in enumerate(self.sizes) if size]

    def _pass(self, batch_size, seed, number):
        """The batches of one pass, a function of seed and number alone; only the last one may be smaller."""
        order = np.random.default_rng([seed, number]).permutation(self._filled())
        before, left = (), np.zeros(0, np.int64)
        for place, shard in enumerate(order.tolist()):
            columns = self.shard(shard)
            if len(left):
                columns = tuple(_joined(old, left, new) for old, new in zip(before, columns))
            parts = training_order(_lengths(*columns), batch_size, seed, number * 2**20 + place)
            last = place == len(order) - 1 or len(parts[-1]) == batch_size
            before, left = columns, left[:0] if last else parts.pop()
            for part in parts:
                yield tuple(column[part].astype(np.int32) for column in columns)


def _lengths(ids, labels):
    """As `nlpseq.data.training_batches` sorts by: of labels, if there are several, and of ids."""
    return np.stack([labels.lengths, ids.lengths], axis=1) if isinstance(labels, Rows) else ids.lengths


def _joined(old, examples, new):
    """Some examples of a shard, and all of the next one."""
    return new.joined(old, examples) if isinstance(new, Rows) else np.concatenate([old[examples], new])


class ShardWriters:
    """Writes examples to the shards of a prepared corpus, a random one for each.

    Args:
        folder: Folder of the shards.
        name: Of what is written, such as that of the file it comes from.
        shards: Number of shards.
        seed: Of the choice.
        layout: `Layout`.

    Attributes:
        sizes: Examples written to each shard.
    """

    def __init__(self, folder: Path, name: str, shards: int, seed: int, layout: Layout):
        self.folder, self.name, self.layout = folder, name, layout
        self.random = np.random.default_rng([seed, *name.encode()])
        self.waiting: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(shards)]
        self.files: dict[int, Any] = {}
        self.sizes = [0] * shards

    def write(self, ids: tf.RaggedTensor, labels: Any) -> None:
        """Writes examples: ragged ids `(examples, None, ...)`; labels `(examples,)`, or ragged `(examples, None)`."""
        several = isinstance(labels, tf.RaggedTensor)
        targets = _split(labels) if several else np.asarray(labels)[:, np.newaxis]
        shards = self.random.integers(len(self.sizes), size=len(targets)).tolist()
        for shard, row, target in zip(shards, _split(ids), targets):
            self.waiting[shard].append((row, target))
            if len(self.waiting[shard]) == BLOCK:
                self._flush(shard)

    def _flush(self, shard):
        rows, labels = zip(*self.waiting[shard])
        if shard not in self.files:
            self.files[shard] = tf.io.TFRecordWriter(str(self.folder / f"{self.name}-of-{shard:05}.tfrecord"))
        values = {
            "ids": np.concatenate(rows).astype(self.layout.ids),
            "lengths": np.array([len(row) for row in rows], SIZES),
            "labels": np.concatenate(labels).astype(self.layout.labels),
        }
        if self.layout.several:
            values["label_lengths"] = np.array([len(row) for row in labels], SIZES)
        self.files[shard].write(serialized(values))
        self.sizes[shard] += len(rows)
        self.waiting[shard] = []

    def close(self) -> list[int]:
        """Writes what waits, and ends the files; returns `sizes`."""
        for shard, rows in enumerate(self.waiting):
            if rows:
                self._flush(shard)
        for file in self.files.values():
            file.close()
        return self.sizes


def _split(rows: tf.RaggedTensor) -> Sequence[np.ndarray]:
    return np.split(rows.flat_values.numpy(), rows.row_splits.numpy()[1:-1])


def serialized(values: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as a `tf.train.Example`."""
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.tobytes()])) for name, value in values.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


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
