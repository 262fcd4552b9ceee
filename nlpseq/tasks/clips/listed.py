"""Folders whose clips are described elsewhere: in a table of files and labels, or in files of channels and labels."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import SPLIT_COLUMNS, Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.data.series.header import with_header
from nlpseq.errors import InputError, plural
from nlpseq.tasks.clips.cells import label_name
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions, as_frames
from nlpseq.tasks.clips.roles import LABEL

SIGNALS = "inertial signals"  # folder of UCI's recordings of smartphones
NAMES = "activity_labels.txt"  # with the name of each number of a class
SPLITS = ("train", "test")
WORDS = frozenset(("label", "labels", "metadata", "meta", "annotations", "index", "list", "classes", "targets"))


def of_table(
    folder: Path, files: Sequence[Path], suffixes: Sequence[str], read: Callable[[Path], Part], options: ReadingOptions
):
    """The clips of the files that a table of the folder names, by split; None if none does.

    Tables that cannot be read are left out.

    Args:
        folder: The files are in it, or in a folder in it, with their suffix in the table or without.
        files: Of the folder. Tables that may name others have a word such as label or the name of a split in theirs.
        suffixes: Of files of clips.
        read: From a file to its clips, whose labels do not count.
        options: Delimiter and encoding of tables.
    """
    inner = [path for path in paths.listed(folder) if os.path.isdir(path)]
    tables = [file for file in files if paths.suffix_of(file) in paths.TABLES and _describes(file.name)]
    parts: dict[str, Part] = {}
    for path in tables if inner or len(files) > len(tables) else ():
        try:
            content = read_table(path, options.delimiter, options.encoding)
        except InputError:  # which is raised again if it is read as clips
            continue
        table = with_header(content) if isinstance(content, Table) else None
        if table is None or not table.header or len(table.names) < 2 or not len(table):
            continue
        roots = [folder, *inner]
        free = [name for name in table.names if normal(name) not in LABEL.usual]
        names = [name for name in free if _file(roots, table.values(name)[0], suffixes)]
        for split, part in _rows(table, names[0], path, roots, suffixes, read).items() if names else ():
            parts[split] = part if split not in parts else Part([*parts[split].clips, *part.clips], part.channels)
    return parts if "train" in parts else None


def _describes(name):
    return paths.split_of(name) is not None or not WORDS.isdisjoint(paths.words_of(name))


def _rows(table, name, path, roots, suffixes, read) -> dict[str, Part]:
    """The clips of the rows of a table by split."""
    others = [other for other in table.names if other != name]
    words = {normal(other): other for other in reversed(others)}
    label = next((words[word] for word in LABEL.usual if word in words), others[0] if len(others) == 1 else None)
    if label is None:
        raise InputError(f"{path} names files and has no column of labels: call one of its columns label.")
    split = next((words[word] for word in SPLIT_COLUMNS if word in words), None)
    splits: list[Any] = table.values(split) if split else [paths.split_of(path.name) or "train"] * len(table)
    clips: dict[str, list[Clip]] = {}
    channels = None
    for row, (cell, kind, where) in enumerate(zip(table.values(name), table.values(label), splits)):
        file = _file(roots, cell, suffixes)
        if file is None:
            raise InputError(f"{table.where(row)}: there is no file {str(cell)!r}: add it, or remove the row.")
        part = read(file)
        channels = channels or part.channels
        clips.setdefault(paths.SPLIT_OF.get(str(where).lower(), "train"), []).extend(
            Clip(clip.frames, label_name(kind), clip.name) for clip in part.clips
        )
    return {split: Part(members, channels) for split, members in clips.items()}


def _file(roots, cell, suffixes) -> Path | None:
    """The file, or folder of pictures, that a cell names."""
    text = "" if is_missing(cell) else str(cell).strip()
    for root in roots if text else ():
        for suffix in ("", *suffixes):
            place = root / f"{text}{suffix}"
            if os.path.isfile(place) or (not suffix and place != root and os.path.isdir(place)):
                return place
    return None


def of_signals(folder: Path, options: ReadingOptions) -> dict[str, Part] | None:
    """The clips of UCI's recordings of smartphones: a file for each channel with a clip in each line, and labels.

    The folder has `train` and `test`, each with a folder `Inertial Signals` and a file such as `y_train.txt`; numbers
    of classes are named in `activity_labels.txt` if it is there. None of another folder.
    """
    inner = {path.name.lower(): path for path in paths.listed(folder) if os.path.isdir(path)}
    channels = {split: _channel_files(inner[split]) for split in SPLITS if split in inner}
    if not channels.get("train"):
        return None
    names = {}
    if os.path.isfile(folder / NAMES):
        pairs = (line.split(None, 1) for line in read_text(folder / NAMES).splitlines() if line.strip())
        names = {pair[0]: pair[-1].strip() for pair in pairs}
    return {split: _signals(inner[split], split, files, names, options) for split, files in channels.items() if files}


def _channel_files(folder):
    inner = next((path for path in paths.listed(folder) if normal(path.name) == SIGNALS), None)
    files = [] if inner is None else [file for file in paths.files_in(inner) if paths.suffix_of(file) == ".txt"]
    return {file.stem.removesuffix(f"_{folder.name}"): file for file in files}


def _signals(folder, split, files, names, options) -> Part:
    labels = folder / f"y_{folder.name}.txt"
    if not os.path.isfile(labels):
        raise InputError(f"{folder} has no {labels.name}: expected the label of each line of its signals.")
    kinds = [names.get(label_name(word), label_name(word)) for word in read_text(labels, options.encoding).split()]
    columns = [_matrix(file, len(kinds), options) for file in files.values()]
    if len({column.shape for column in columns}) > 1:
        raise InputError(f"{folder}: the files of signals have lines of unequal length: make them equal.")
    frames = np.stack(columns, axis=2)
    place = f"{folder}, {split}"
    clips = [
        Clip(as_frames(rows, f"{place}, line {number}", options), kind, f"{place}, line {number}")
        for number, (rows, kind) in enumerate(zip(frames, kinds), start=1)
    ]
    return Part(clips, tuple(files))


def _matrix(file, rows, options):
    try:
        values = np.array(
            [line.split() for line in read_text(file, options.encoding).splitlines() if line.strip()], float
        )
    except ValueError:
        raise InputError(f"{file}: expected lines of numbers, all of one length.") from None
    if len(values) != rows:
        raise InputError(f"{file} has {plural(len(values), 'line')}, and there are {plural(rows, 'label')}.")
    return values.astype(np.float32)
