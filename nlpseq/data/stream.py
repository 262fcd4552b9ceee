"""Rows of the files of a corpus, read one by one: text, CSV, JSON lines, Parquet, TFRecord.

Only Python and, for TFRecord, TensorFlow are needed, for Parquet pyarrow; files may be compressed.
"""

import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from nlpseq.data import answer_rows
from nlpseq.data.files.table import repeated_in
from nlpseq.errors import InputError

SUFFIXES = {
    ".txt": "text", ".text": "text", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "jsonl", ".parquet": "parquet", ".tfrecord": "tfrecord", ".tfrecords": "tfrecord",
}  # fmt: skip
COMPRESSED: dict[str, Callable[[Any], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
LINES = ("text", "jsonl")  # formats that can be read from the start of any line
CUT = (*LINES, "columns")  # formats whose files are read in parts; columns from the next blank line, see `blocks`
PART = 2**26  # bytes of a part of a file of lines
GROUP = 1024  # rows that Parquet holds in memory
MOST = 1_000_000  # lines of a block


class Shard(NamedTuple):
    """A file, or a part of it.

    Attributes:
        name: Of its answers, without suffix.
        path: Of the file.
        kind: Its format.
        start, end: First byte of the part, and the byte after it; None for the end of the file.
    """

    name: str
    path: str
    kind: str
    start: int = 0
    end: int | None = None


class Row(NamedTuple):
    """A row of a file.

    Attributes:
        values: The columns by name; None if the row cannot be read.
        raw: What was read of a row that cannot be used.
        error: Why.
    """

    values: dict[str, Any] | None
    raw: str = ""
    error: str = ""


def format_of(path: str) -> str | None:
    """The format that the name of a file tells, without the suffix of a compression; None if none is known."""
    name = path.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return SUFFIXES.get(name[name.rfind(".") :]) if "." in name else None


def shards_of(
    pattern: str,
    files: Iterable[tuple[str, int]],
    kind: str | None = None,
    part: int = PART,
    formats: Callable[[str], str | None] = format_of,
) -> list[Shard]:
    """The shards of files, in the order of their names.

    Args:
        pattern: What the files match, for the error.
        files: Path and size in bytes of each.
        kind: Format of the files. Default that of their suffix.
        part: Bytes of a part of an uncompressed file of lines. Default 64 MB.
        formats: The format of a path. Default `format_of`.

    Raises:
        InputError: There is no file, or its format is not known.
    """
    ordered, shards = sorted(files), []
    if not ordered:
        raise InputError(f"no file matches `input` {pattern}: give a path, or a pattern in quotes.")
    for (path, size), name in zip(ordered, _names([path for path, _ in ordered])):
        form = kind or formats(path)
        if form is None:
            raise InputError(f"the format of {path} is not known: give `input_format`.")
        parts = 1
        if form in CUT and not path.lower().endswith(tuple(COMPRESSED)):
            parts = max(1, -(-size // part))
        for number in range(parts):
            suffix = f"-{number:05}-of-{parts:05}" if parts > 1 else ""
            end = None if number == parts - 1 else (number + 1) * part
            shards.append(Shard(name + suffix, path, form, number * part, end))
    return shards


def _names(paths):
    """The part of each path that is its own, as the name of a file."""
    names = [posixpath.basename(path) for path in paths]
    if len(set(names)) < len(names):
        common = len(posixpath.commonprefix(paths).rpartition("/")[0])
        names = [path[common:].lstrip("/").replace("/", "__") for path in paths]
    stems = [name.partition(".")[0] or name for name in names]
    return stems if len(set(stems)) == len(stems) else names


def decompressed(file: BinaryIO, path: str) -> Any:
    """The content of a file whose name tells its compression; what is cut off raises an error, unlike in Beam."""
    opener = next((opener for suffix, opener in COMPRESSED.items() if path.lower().endswith(suffix)), None)
    return contextlib.nullcontext(file) if opener is None else opener(file)


def read_rows(file: BinaryIO, kind: str, start: int = 0, end: int | None = None) -> Iterator[Row]:
    """The rows of a file.

    Args:
        file: The file, opened for reading.
        kind: "text", "csv", "tsv", "jsonl", "parquet" or "tfrecord".
        start, end: For lines: those whose first byte is in `[start, end)`.
    """
    return READERS[kind](lines_between(file, start, end) if kind in LINES else file)


def lines_between(file: BinaryIO, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The lines of a file whose first byte is in `[start, end)`, with their line ends."""
    if start:
        file.seek(start - 1)
        start = start - 1 + len(file.readline())  # the line that the part before has
    while end is None or start < end:
        line = file.readline()
        if not line:
            return
        start += len(line)
        yield line


def blocks(file: BinaryIO, start: int = 0, end: int | None = None) -> Iterator[list[bytes]]:
    """Blocks of lines, which end at blank ones: those after the first blank line that begins at `start` or later.

    Of all parts of a file, each block is in one: the last one of a part ends at the first blank line that begins at
    `end` or later.

    Raises:
        InputError: There is no blank line among a million lines.
    """
    block: list[bytes] = []
    inside, position = not start, None
    for line in lines_between(file, start):
        position = file.tell() - len(line) if position is None else position
        blank = not line.strip()
        if inside:
            block.append(line)
        if len(block) > MOST:
            raise InputError(f"{MOST:,} lines without a blank one: expected one after each sentence.")
        if blank and block:
            yield block
            block = []
        if blank and end is not None and position >= end:
            return
        inside = inside or blank
        position += len(line)
    if block:
        yield block


def _texts(lines):
    for number, line in enumerate(lines):
        text = line.decode("utf-8", "replace")
        yield Row({"text": (text.removeprefix("\ufeff") if not number else text).rstrip("\r\n")})


def _json_lines(lines):
    for line in lines:
        text = line.decode("utf-8", "replace").strip("\ufeff\r\n")
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield Row(None, text, f"no JSON: {error}")
            continue
        yield Row(values) if isinstance(values, dict) else Row(None, text, "no JSON object")


def _csv(file, delimiter=","):
    lines = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
    table = csv.reader(lines, delimiter=delimiter)
    names = None
    while True:
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(None, "", f"no CSV: {error}")
            continue
        if names is None:
            repeated = repeated_in(cells)  # which are numbered, so that none of them is taken for the one asked for
            names = [f"{name} ({number})" if name in repeated else name for number, name in enumerate(cells, start=1)]
        elif len(cells) == len(names):
            yield Row(dict(zip(names, cells)))
        elif cells:
            raw = answer_rows.comma_separated(cells).rstrip("\n")
            yield Row(None, raw, f"{len(cells)} cells, and the header has {len(names)}")


def _parquet(file):
    import pyarrow.parquet

    for batch in pyarrow.parquet.ParquetFile(file).iter_batches(GROUP):
        yield from map(Row, batch.to_pylist())


def _tfrecord(file):
    """`tf.train.Example`s, or texts; TensorFlow reads paths, so that the file is copied to this machine."""
    import tensorflow as tf

    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        for record in tf.data.TFRecordDataset(copy.name).as_numpy_iterator():
            example = tf.train.Example()
            try:
                example.ParseFromString(record)
            except Exception:  # of the class of the version of protobuf
                example.Clear()
            features = sorted(example.features.feature.items())
            if features:
                yield Row({name: _of_feature(feature) for name, feature in features})
            else:
                yield Row({"text": record.decode("utf-8", "replace")})


def _of_feature(feature):
    values = list(getattr(feature, feature.WhichOneof("kind") or "bytes_list").value)
    values = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values]
    return values[0] if len(values) == 1 else values


READERS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "text": _texts,
    "jsonl": _json_lines,
    "csv": _csv,
    "tsv": lambda file: _csv(file, "\t"),
    "parquet": _parquet,
    "tfrecord": _tfrecord,
}
