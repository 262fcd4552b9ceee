"""Folders of recordings: a file each, with splits and labels in files, folders or names of their own."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from nlpseq.data.files import paths
from nlpseq.data.files.arrays import SUFFIXES as ARRAYS
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.anomalies.interval_files import DELIMITED, Reader, find_intervals, is_list
from nlpseq.tasks.anomalies.intervals import WORDS, bounds, with_intervals
from nlpseq.tasks.anomalies.label_files import MARKS, SEQUENCES, read_labels, with_marks, with_sequences
from nlpseq.tasks.anomalies.names import SUFFIXES, as_x, parts_of, split_in, words_of
from nlpseq.tasks.anomalies.recordings import Recording

KINDS = (  # of files of recordings; those of another kind beside them hold something else
    tuple(suffix for suffix in paths.TABLES if suffix != ".json"), (".txt", ".out", ".dat"), ARRAYS, (".json",),
)  # fmt: skip
Contents = tuple[list[Recording], tuple[str, ...], Sequence[str]]


class _Files(NamedTuple):
    """The files of a folder by what they hold.

    Attributes:
        recordings: Those of recordings.
        marks: Those of labels.
        sequences: Those of anomalies as of telemanom.
        intervals: Tables of starts and ends, by file.
        tables: Tables of other files that have been read to tell.
        notes: Sentences about files that are not used.
    """

    recordings: list[Path]
    marks: list[Path]
    sequences: list[Path]
    intervals: dict[Path, Table]
    tables: dict[Path, Table]
    notes: list[str]


def read_folder(
    path: Path, read: Callable[[Path | Table, Collection[str]], Contents], read_table: Reader
) -> tuple[dict[str, list[Recording]], tuple, list[str]]:
    """The recordings of a folder by split, the channels, and notes.

    Files, or folders of them, have the names of splits, or are all alike. Labels may be files of their own, or tables
    of intervals.

    Args:
        path: The folder.
        read: From a file or its table, and the channels of files before it, to its recordings.
        read_table: From a file to its table, or text.

    Raises:
        InputError: there are no files, or they have other channels or numbers of labels.
    """
    files = _files(path, read_table)
    splits, channels, notes = _recordings(path, files, read)
    notes = [*files.notes, *notes]
    for file in files.sequences:
        splits = with_sequences(splits, file, read_table)
    splits, part_notes = with_marks(splits, files.marks, path, read_table)
    notes += part_notes
    labelled = any(one.windows is not None for items in splits.values() for one in items)
    for file, table in files.intervals.items():
        if is_list(file) and _has_no_ends(table):
            if labelled:
                notes.append(f"{file} lists times beside recordings that have labels, and is not used")
                continue
            notes.append(f"{file}: the times are taken for those of anomalies")
        splits, part_notes = with_intervals(splits, table, file.relative_to(path))
        notes += part_notes
    return splits, channels, notes


def _has_no_ends(table):
    starts, ends = bounds(table) or ([], [])
    return starts == ends


def _files(path, read_table) -> _Files:
    """The files of a folder."""
    files = [file for file in paths.files_below(path) if paths.suffix_of(file) in SUFFIXES and not paths.is_about(file)]
    sequences = [file for file in files if file.name == SEQUENCES]
    parts = {file: set(parts_of(file.relative_to(path))) for file in files if file not in sequences}
    eventful = [file for file in parts if parts[file] & WORDS]
    others = [file for file in parts if file not in eventful and paths.suffix_of(file) in DELIMITED]
    intervals, tables = find_intervals(eventful, others, read_table)
    marks = [
        file for file in parts if file not in intervals and (parts[file] & MARKS or _is_y(file, parts, read_table))
    ]
    if len(intervals) + len(marks) == len(parts):  # all have starts and ends, as other tables may
        tables |= {file: intervals.pop(file) for file in others if file in intervals}
    files = [file for file in parts if file not in intervals and file not in marks]
    if not files:
        raise InputError(f"folder {path} has no tables: expected files such as train.csv and test.csv.")
    recordings, notes = paths.of_one_kind({file: split_in(file.relative_to(path)) for file in files}, KINDS), []
    if unused := [file for file in files if file not in recordings]:
        are = plural(len(unused), "file of another kind is", "files of another kind are")
        notes.append(f"{are} not used; the first: {unused[0]}")
    return _Files(recordings, marks, sequences, intervals, tables, notes)


def _is_y(file, files, read_table):
    """Whether a file of labels is called as one of values but for a y in the place of the x, as y_test.npy is.

    The axes of a sensor are called so too, and are no labels.
    """
    words = words_of(file.name)
    if "y" not in words or as_x(words) not in {words_of(one.name) for one in files if one.parent == file.parent}:
        return False
    try:
        read_labels(file, read_table)
    except InputError:
        return False
    return True


def _recordings(path, files, read):
    """The recordings of files by split, the channels, and notes."""
    split_files = [(split_in(file.relative_to(path)), file) for file in files.recordings]
    if not any(split == "train" for split, _ in split_files):
        split_files = [("train", file) for file in files.recordings]
    splits: dict[str, list[Recording]] = {}
    channels, notes = (), []
    for split, file in sorted(split_files, key=lambda pair: pair[0] != "train"):
        if split is None:
            notes.append(f"{file} has the name of no split, and is not used")
            continue
        items, channels, file_notes = checked(read(files.tables.get(file, file), channels), channels, file)
        if len(items) == 1:
            items = [replace(items[0], name=file.relative_to(path).as_posix())]
        splits.setdefault(split, []).extend(items)
        notes += file_notes
    return splits, channels, notes


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
        if others := [repr(name) for name in names if name not in channels]:
            notes = [*notes, f"{file}: columns that other files lack are not used: {shorten(', '.join(others))}"]
    return items, channels or names, list(notes)
