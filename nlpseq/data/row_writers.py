"""Rows written one by one to a file: CSV, JSON lines, Parquet, TFRecord."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from nlpseq.data import answer_rows
from nlpseq.data.stream import GROUP

FORMATS = {"csv": ".csv", "tsv": ".tsv", "jsonl": ".jsonl", "parquet": ".parquet", "tfrecord": ".tfrecord"}


@contextlib.contextmanager
def row_writer(file: BinaryIO, kind: str, separator: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes a row to a file.

    Args:
        file: The file, opened for writing.
        kind: "csv", "tsv", "jsonl", "parquet" or "tfrecord".
        separator: Between the texts of a list in a cell of a table.
    """
    if kind == "jsonl":
        yield _line_writer(file)
    elif kind in ("csv", "tsv"):
        yield _table_writer(
            file, answer_rows.comma_separated if kind == "csv" else answer_rows.tab_separated, separator
        )
    else:
        with (_record_writer if kind == "tfrecord" else _parquet_writer)(file) as write:
            yield write


def _line_writer(file):
    def write(row):
        file.write((answer_rows.json_text(row) + "\n").encode("utf-8", "replace"))

    return write


def _table_writer(file, line, separator):
    """The first row decides the columns: answers of one export have the same."""
    names: list[str] = []

    def write(row):
        texts = dict(answer_rows.cells(row, separator))
        if not names:
            names.extend(texts)
            file.write(line(names).encode())
        file.write(line([texts.get(name, "") for name in names]).encode("utf-8", "replace"))

    return write


@contextlib.contextmanager
def _record_writer(file):
    import tensorflow as tf

    with tempfile.NamedTemporaryFile() as copy:
        with tf.io.TFRecordWriter(copy.name) as records:
            yield lambda row: records.write(_example(row))
        shutil.copyfileobj(copy, file)


def _example(row):
    """A row as a `tf.train.Example`, serialized; scores by class are features of their own."""
    import tensorflow as tf

    def feature(value):
        values = value if isinstance(value, list) else [value]
        if values and all(isinstance(item, float) for item in values):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        if values and all(isinstance(item, int) for item in values):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        encoded = [str(item).encode("utf-8", "replace") for item in values if item is not None]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))

    features = tf.train.Features(feature={name: feature(value) for name, value in _flat(row)})
    return tf.train.Example(features=features).SerializeToString()


def _flat(row, prefix=""):
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@contextlib.contextmanager
def _parquet_writer(file):
    import pyarrow
    import pyarrow.parquet

    rows, writers = [], []

    def flush():
        table = pyarrow.Table.from_pylist(rows, schema=writers[0].schema if writers else None)
        if not writers:
            writers.append(pyarrow.parquet.ParquetWriter(file, table.schema))
        writers[0].write_table(table)
        rows.clear()

    def write(row):
        rows.append(row)
        if len(rows) == GROUP:
            flush()

    yield write
    if rows:
        flush()
    for writer in writers:
        writer.close()
