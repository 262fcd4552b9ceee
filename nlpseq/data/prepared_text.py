"""Running text that was prepared: ids in TFRecords, in the order of the text, which is read in several places at once.

    FOLDER/train/NAME.tfrecord          the ids of a part of the text

A record holds `BLOCK` ids, the last one of a file fewer: a `tf.train.Example` with the feature "ids", integers, little
endian.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import untuned
from nlpseq.data.prepared import serialized

BLOCK = 2**16  # ids of a record


@dataclass(frozen=True)
class PreparedText:
    """A running text of ids, on disk.

    Attributes:
        folder: Where the files are.
        files: Name, number of ids and number of lines of each file, in the order of the text.
        dtype: Of the ids on disk.
        first: An id that stands before the text.
        digest: Of the corpus, for the fingerprint of a run.
    """

    folder: str
    files: tuple[tuple[str, int, int], ...]
    dtype: str
    first: int
    digest: str

    def __len__(self):
        return sum(lines for _, _, lines in self.files)

    @property
    def size(self) -> int:
        """The number of ids, the first one included."""
        return 1 + sum(size for _, size, _ in self.files)

    def read(self, start: int) -> Iterator[np.ndarray]:
        """The ids from a position on, in parts: int32 `(ids,)`."""
        if start == 0:
            yield np.array([self.first], np.int32)
        start = max(0, start - 1)  # in the files
        for name, size, _ in self.files:
            if start < size:
                records, start = divmod(start, BLOCK)
                dataset = untuned(tf.data.TFRecordDataset(str(Path(self.folder) / f"{name}.tfrecord")).skip(records))
                for record in dataset.as_numpy_iterator():
                    yield self._ids(record)[start:]
                    start = 0
            else:
                start -= size

    def _ids(self, record):
        value = tf.train.Example.FromString(record).features.feature["ids"].bytes_list.value[0]
        return np.frombuffer(value, self.dtype).astype(np.int32)

    def beginning(self, count: int) -> np.ndarray:
        """The first ids, at most `count`."""
        return _Reader(self.read(0)).take(min(count, self.size))

    def segments(self, start: Any, batch_size: int, steps: int, length: int) -> tf.data.Dataset:
        """Segments `(inputs, targets)`, each `(batch_size, length)`, of streams of `steps` ids, a multiple of `length`.

        In memory is a record of each stream.

        Args:
            start: Position of the first stream, a scalar tensor.
            batch_size: Number of streams, which follow one another in the text.
            steps: Ids of a stream.
            length: Ids of a segment.
        """

        def generate(start):
            readers = [_Reader(self.read(int(start) + number * steps)) for number in range(batch_size)]
            last = np.stack([reader.take(1) for reader in readers])
            for _ in range(steps // length):
                ids = np.concatenate([last, np.stack([reader.take(length) for reader in readers])], axis=1)
                yield ids[:, :-1], ids[:, 1:]
                last = ids[:, -1:]

        spec = tf.TensorSpec([batch_size, length], tf.int32)
        return tf.data.Dataset.from_generator(generate, args=(start,), output_signature=(spec, spec))


class _Reader:
    """Takes ids from an iterator over parts."""

    def __init__(self, parts):
        self.parts, self.left = parts, np.zeros(0, np.int32)

    def take(self, count):
        parts = [self.left]
        while sum(map(len, parts)) < count:
            parts.append(next(self.parts))
        ids = np.concatenate(parts)
        self.left = ids[count:]
        return ids[:count]


class TextWriter:
    """Writes a part of a running text.

    Args:
        folder: Folder of the parts.
        name: Of the part.
        dtype: Of the ids on disk.
    """

    def __init__(self, folder: Path, name: str, dtype: str):
        self.path, self.dtype = str(folder / f"{name}.tfrecord"), dtype
        self.file: Any = None
        self.waiting: list[np.ndarray] = []
        self.size = self.lines = 0

    def write(self, lines: tf.RaggedTensor) -> None:
        """Writes the ids of lines, ragged `(lines, None)`."""
        self.waiting.append(lines.flat_values.numpy())
        self.lines += int(lines.nrows())
        if sum(map(len, self.waiting)) >= BLOCK:
            ids = np.concatenate(self.waiting)
            full = len(ids) // BLOCK * BLOCK
            for start in range(0, full, BLOCK):
                self._record(ids[start : start + BLOCK])
            self.waiting = [ids[full:]]

    def _record(self, ids):
        self.file = self.file or tf.io.TFRecordWriter(self.path)
        self.file.write(serialized({"ids": ids.astype(self.dtype)}))
        self.size += len(ids)

    def close(self) -> list[int]:
        """Writes what waits, and ends the file; returns the numbers of ids and lines."""
        ids = np.concatenate([np.zeros(0, np.int32), *self.waiting])
        if len(ids):
            self._record(ids)
        if self.file is not None:
            self.file.close()
        return [self.size, self.lines]
