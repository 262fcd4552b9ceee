"""The user's own files: rows of named columns from `.tsv`, `.csv` and `.jsonl`.

They are read straight into memory rather than through a TFDS builder: a builder
keeps a prepared copy, which would go on being used after the file has changed.
"""

import csv
import json
import os
from pathlib import Path

from nlpseq.errors import InputError, suggest

ROW_SUFFIXES = (".tsv", ".csv", ".jsonl")
SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testb"),
}


def is_path(dataset, suffixes):
    """Whether the name is a path of a file or folder rather than the name of a dataset."""
    looks = Path(dataset).suffix.lower() in suffixes or dataset.startswith((".", "/", "~"))
    return looks or os.path.exists(dataset)  # unlike Path.exists, also for a name too long


def split_files(dataset, words, expected):
    """The files of a dataset path, by split: a file is all "train", a folder has one a split.

    Args:
        dataset: the path.
        words: from the path of a file of the folder to the words of its name that may say
            which split it is; none where it is no file of the dataset.
        expected: names of a training file, for the error where there is none.
    """
    path = Path(dataset).expanduser()
    if not os.path.isdir(path):
        return {"train": path}
    found = {}
    for file in sorted(path.iterdir()):
        splits = [name for name, stems in SPLIT_NAMES.items() if set(stems) & set(words(file))]
        if len(splits) != 1 or not file.is_file():
            continue
        if splits[0] in found:
            names = f"{found[splits[0]].name} and {file.name}"
            raise InputError(f"folder {path} has {names} for one split: keep one of them.")
        found[splits[0]] = file
    if "train" not in found:
        raise InputError(f"folder {path} has no training file: expected {expected}.")
    return found


def cannot_read(path, error):
    """The `InputError` of an `OSError`."""
    return InputError(f"cannot read {path}: {error.strerror.lower()}.")


def read_bytes(path):
    """What a file holds, or an `InputError`."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from None


def read_lines(path):
    """The lines of a text file in UTF-8; other bytes are replaced."""
    text = read_bytes(path).decode("utf-8-sig", "replace")
    return lines_of(text) if text else []


def lines_of(text):
    """The lines of a text, however they end; a form feed and the like ends none."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def row_files(dataset):
    """The files of rows of a dataset path, by split."""
    found = split_files(dataset, _stem, "train.tsv, train.csv or train.jsonl")
    for path in found.values():
        if path.suffix.lower() not in ROW_SUFFIXES:
            raise InputError(f"{path} is not a folder, nor a file whose name ends in {', '.join(ROW_SUFFIXES)}.")
    return found


def _stem(path):
    return (path.stem,) if path.suffix in ROW_SUFFIXES else ()


def read_rows(path, columns):
    """The named columns of a file, as a list of tuples of strings.

    Args:
        path: a `.tsv` (no quoting) or `.csv` file with a header, or a `.jsonl`
            file of one object a line. Bytes that are not UTF-8 are replaced.
        columns: the names of the columns to read.

    Raises:
        InputError: the file is missing, empty, or a row lacks a column.
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


def _delimited_rows(path, file, columns):
    csv.field_size_limit(2**31 - 1)
    tabs = path.suffix.lower() == ".tsv"
    quoting = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    reader = csv.reader(file, delimiter="\t" if tabs else ",", quoting=quoting)
    header = next(reader, None)
    if header is None:
        raise InputError(f"{path} is empty: expected a header with {_names(columns)}.")
    for column in columns:
        _check_column(path, column, header)
    places = [header.index(column) for column in columns]
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise InputError(f"{path}, line {reader.line_num}: expected {len(header)} columns, got {len(row)}.")
        yield tuple(row[place] for place in places)


def _json_rows(path, file, columns):
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
            f"{place}: there is no column {column!r}; name the columns with --text and --label: "
            f"{suggest(column, list(present))}"
        )


def _names(columns):
    return "columns " + " and ".join(repr(column) for column in columns)
