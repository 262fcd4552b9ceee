"""Folders of recordings: a file each, with splits and labels in files, folders or names of their own."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.arrays import SUFFIXES, load_array
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.header import with_header
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.anomalies.intervals import find_intervals, with_intervals
from nlpseq.tasks.anomalies.labels import LABEL, as_labels
from nlpseq.tasks.anomalies.recordings import Recording, Windows, windows_of

FILES = (*paths.TABLES, ".txt", ".out", ".dat", *SUFFIXES)
MARKS = frozenset(("label", "labels"))  # words in the names of files of labels
SEQUENCES = "labeled_anomalies.csv"  # of NASA's telemanom
Contents = tuple[list[Recording], tuple[str, ...], Sequence[str]]


def read_folder(path: Path, read: Callable[[Path], Contents]) -> tuple[dict[str, list[Recording]], tuple, list[str]]:
    """The recordings of a folder by split, the channels, and notes.

    Files, or folders of them, have the names of splits, or are all alike. Labels may be files of their own, whose path
    is that of a recording but for the word "label" ("labels.npy" is that of the only one), or a table of intervals.

    Raises:
        InputError: there are no files, or they have other channels or numbers of labels.
    """
    files = [file for file in paths.files_below(path) if paths.suffix_of(file) in FILES and not paths.is_about(file)]
    sequences = next((_sequences(file) for file in files if file.name == SEQUENCES), {})
    intervals = find_intervals(files)
    files = [file for file in files if file not in intervals]
    marked = {_words(file, path): file for file in files if not MARKS.isdisjoint(_parts(file, path))}
    files = [file for file in files if file not in marked.values() and file.name != SEQUENCES]
    if not files:
        raise InputError(f"folder {path} has no tables: expected files such as train.csv and test.csv.")
    split_files = [(_split(file, path), file) for file in files]
    if not any(split == "train" for split, _ in split_files):
        split_files = [("train", file) for file in files]
    splits: dict[str, list[Recording]] = {}
    notes, channels, used = [], (), set()
    for split, file in sorted(split_files, key=lambda pair: pair[0] != "train"):
        if split is None:
            notes.append(f"{file} has the name of no split, and is not used")
            continue
        items, channels, file_notes = checked(read(file), channels, file)
        if len(items) == 1:
            items = [replace(items[0], name=file.relative_to(path).as_posix())]
            if (labels := marked.get(_words(file, path))) is not None:
                items, used = [_labelled(items[0], labels)], {*used, labels}
            elif sequences and split != "train":
                items = [replace(items[0], windows=sequences.get(file.stem, ()))]
        splits.setdefault(split, []).extend(items)
        notes += file_notes
    for table in intervals.values():
        split = "test" if "test" in splits else "train"
        splits[split], interval_notes = with_intervals(splits[split], table)
        notes += interval_notes
    tested = splits.get("test", splits["train"])
    alone = [labels for words, labels in marked.items() if not words and labels not in used]
    if len(alone) == 1 and len(tested) == 1 and tested[0].windows is None:
        tested[0], used = _labelled(tested[0], alone[0]), {*used, *alone}
    if unused := [file for file in marked.values() if file not in used]:
        are = plural(len(unused), "file of labels is that of no recording", "files of labels are those of no recording")
        notes.append(f"{are}, and not used; the first: {unused[0]}")
    return splits, channels, notes


def _parts(file, folder):
    return re.split(r"[\W_]+", file.relative_to(folder).as_posix().lower())


def _words(file, folder):
    """The words of a path without those that say that it has labels, and without its suffix."""
    return tuple(word for word in _parts(file.with_suffix(""), folder) if word not in MARKS)


def _split(file, folder):
    return paths.split_of(file.relative_to(folder).parts[0]) or paths.split_of(file.name)


def checked(contents: Contents, channels: tuple[str, ...], file: object) -> tuple[list[Recording], tuple, list[str]]:
    """What was read of a file, whose channels must be those of the others, `channels` if there are any."""
    items, names, notes = contents
    if channels and names != channels:
        places = [names.index(name) for name in channels if name in names]
        if len(places) < len(channels):
            lacking = next(name for name in channels if name not in names)
            raise InputError(
                f"{file} has no column {shorten(repr(lacking))} of numbers as the other files have: give files with "
                "the same columns, or name them with `values`."
            )
        items = [replace(one, values=one.values[:, places]) for one in items]
    return items, channels or names, list(notes)


def _labelled(recording, file):
    """A recording with the labels of a file, a number or word for each step."""
    labels = read_labels(file)
    if len(labels) != len(recording):
        raise InputError(
            f"{file} has {plural(len(labels), 'label')}, and {recording.name} {plural(len(recording), 'step')}: give "
            "a label for each step."
        )
    return replace(recording, windows=windows_of(labels))


def read_labels(file: Path) -> np.ndarray:
    """The labels in a file of their own, bool `(steps,)`: an array, a line each, or a column of a table.

    Raises:
        InputError: they are not 0 or 1.
    """
    if paths.suffix_of(file) == ".npy":
        labels = load_array(file)
        return np.asarray(labels.reshape(len(labels), -1).any(axis=1))
    content = read_table(file)
    if isinstance(content, Table):
        content = with_header(content)
        usual = [name for name in content.names if normal(name) in LABEL.usual]
        cells = content.values((usual or list(content.names))[-1 if not usual else 0])
        return as_labels(cells, content.where) > 0
    lines = [line.replace(",", " ").split()[-1] for line in content.splitlines() if line.strip()]
    return as_labels(lines, lambda row: f"{file}, line {row + 1}") > 0


def _sequences(file) -> dict[str, Windows]:
    """The anomalies of each recording in a table with columns `chan_id` and `anomaly_sequences`."""
    table = with_header(table) if isinstance(table := read_table(file), Table) else None
    names = [] if table is None else [normal(name) for name in table.names]
    if table is None or not {"chan id", "anomaly sequences"} <= set(names):
        raise InputError(f"{file}: expected columns chan_id and anomaly_sequences.")
    places = [table.column(names.index(name)) for name in ("chan id", "anomaly sequences")]
    sequences: dict[str, list[tuple[int, int]]] = {}
    for row, (name, cell) in enumerate(zip(*places)):
        try:
            pairs = [(int(left), int(right)) for left, right in ast.literal_eval(str(cell))]
        except (ValueError, SyntaxError, TypeError):
            raise InputError(
                f"{table.where(row)}: expected pairs as [[1, 9], [20, 30]], got {shorten(cell)!r}."
            ) from None
        sequences.setdefault(str(name), []).extend(pairs)
    return {name: tuple(sorted(pairs)) for name, pairs in sequences.items()}
