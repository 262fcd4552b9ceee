"""Readers of the user's files: rows of named columns from `.tsv`, `.csv` and `.jsonl`.

Files are read into memory rather than through a TFDS builder, which would cache a
prepared copy and keep using it after the file has changed.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nlpseq.errors import InputError, suggest

ROW_SUFFIXES = (".tsv", ".csv", ".jsonl")
SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testb"),
}


def is_path(dataset: str, suffixes: Sequence[str] = ()) -> bool:
    """Whether `dataset` is a path of a file or folder rather than the name of a TFDS dataset."""
    has_form_of_path = Path(dataset).suffix.lower() in suffixes or dataset.startswith((".", "/", "~"))
    return has_form_of_path or os.path.exists(dataset)  # unlike Path.exists, no error for long names


def split_files(dataset: str, words: Callable[[Path], Sequence[str]], expected: str) -> dict[str, Path]:
    """The files of a dataset by split: a single file is "train", a folder has one file per split.

    Args:
        dataset: path of the file or folder.
        words: from the path of a file in the folder to the words of its name that may name
            its split; empty if the file does not belong to the dataset.
        expected: examples of names of a training file, for the error if there is none.

    Raises:
        InputError: the folder has no training file, or two files for one split.
    """
    path = Path(dataset).expanduser()
    if not os.path.isdir(path):
        return {"train": path}
    paths = {}
    for file in sorted(path.iterdir()):
        splits = [name for name, stems in SPLIT_NAMES.items() if set(stems) & set(words(file))]
        if len(splits) != 1 or not file.is_file():
            continue
        if splits[0] in paths:
            names = f"{paths[splits[0]].name} and {file.name}"
            raise InputError(f"folder {path} has {names} for one split: keep one of them.")
        paths[splits[0]] = file
    if "train" not in paths:
        raise InputError(f"folder {path} has no training file: expected {expected}.")
    return paths


def cannot_read(path, error: OSError) -> InputError:
    """The `InputError` for an `OSError`."""
    return InputError(f"cannot read {path}: {error.strerror.lower()}.")


def read_bytes(path) -> bytes:
    """The content of a file; raises an `InputError` if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from None


def read_lines(path) -> list[str]:
    """The lines of a UTF-8 text file; invalid bytes become U+FFFD."""
    text = read_bytes(path).decode("utf-8-sig", "replace")
    return lines_of(text) if text else []


def lines_of(text: str) -> list[str]:
    """The lines of a text, which end in "\\n" or "\\r\\n" and, unlike in `str.splitlines`, nothing else."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def row_files(dataset: str) -> dict[str, Path]:
    """The `.tsv`, `.csv` and `.jsonl` files of a dataset by split."""
    paths = split_files(dataset, _stem, "train.tsv, train.csv or train.jsonl")
    for path in paths.values():
        if path.suffix.lower() not in ROW_SUFFIXES:
            raise InputError(f"{path} is not a folder, nor a file whose name ends in {', '.join(ROW_SUFFIXES)}.")
    return paths


def _stem(path):
    return (path.stem,) if path.suffix in ROW_SUFFIXES else ()


def read_rows(path: Path, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The named columns of a file, as a list of tuples of strings.

    Args:
        path: a `.tsv` (no quoting) or `.csv` file with a header, or a `.jsonl`
            file with one object per line. Invalid UTF-8 bytes become U+FFFD.
        columns: the names of the columns to read.

    Raises:
        InputError: the file is missing or empty, or a row lacks a column.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            read = _json_rows if path.suffix.lower() == ".jsonl" else _delimited_rows
            rows = list(read(path, file, columns))
    except OSError as error:
        raise cannot_read(path, error) from None
    except csv.Error as error:
        raise InputError(f"cannot read {path}: {error}.") from None
    if not rows:
        raise InputError(f"{path} holds no rows: expected at least one with {_names(columns)}.")
    return rows


def _delimited_rows(path, file, columns) -> Iterator[tuple[str, ...]]:
    csv.field_size_limit(2**31 - 1)
    tabs = path.suffix.lower() == ".tsv"
    quoting = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    reader = csv.reader(file, delimiter="\t" if tabs else ",", quoting=quoting)
    header = next(reader, None)
    if header is None:
        raise InputError(f"{path} is empty: expected a header with {_names(columns)}.")
    for column in columns:
        _check_column(path, column, header)
    indices = [header.index(column) for column in columns]
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise InputError(f"{path}, line {reader.line_num}: expected {len(header)} columns, got {len(row)}.")
        yield tuple(row[index] for index in indices)


def _json_rows(path, file, columns) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: not a JSON object ({error}).") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: expected a JSON object, got {line.strip()!r}.")
        for column in columns:
            _check_column(f"{path}, line {number}", column, row)
            if row[column] is None:
                raise InputError(f"{path}, line {number}: column {column!r} is null: give a value.")
        yield tuple(str(row[column]) for column in columns)


def _check_column(place, column, present):
    if column not in present:
        raise InputError(
            f"{place}: there is no column {column!r}; name the columns with `text` and `label`: "
            f"{suggest(column, list(present))}"
        )


def _names(columns):
    return "columns " + " and ".join(repr(column) for column in columns)
