"""The user's own clips: which files and objects are read, and what they hold."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import objects, paths, table
from nlpseq.data.files.arrays import load_arrays
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.delimited import read_delimited
from nlpseq.data.files.json_rows import read_json
from nlpseq.data.files.paths import SPLIT_OF, split_of, suffix_of
from nlpseq.data.files.reading import is_json, read_table
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.clips import arrays, columns, strokes
from nlpseq.tasks.clips.arrays import ARRAYS
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions, as_frames
from nlpseq.tasks.clips.listed import of_signals, of_table
from nlpseq.tasks.clips.video import FILMS, PICTURES, has_package, read_film, read_pictures

TEXTS = (".txt", ".data", ".tra", ".tes", ".dat", ".unp", ".unipen", ".ts", ".arff")
FILES = (*paths.TABLES, *TEXTS, *ARRAYS, *FILMS)
ARRAY = re.compile(r"\s*\[\s*[\[\d.+-]")  # the begin of a JSON array of arrays or numbers
FORMS = (".ts", ".arff")  # of series, which are read rather than text files
DIMENSION = re.compile(r"Dimension\d+_")  # in the name of a file of one channel of several
NUMBERED = re.compile(r"(.*[^\W\d_])[-_. ]*\(?\d+\)?")  # the name of a file of one sequence of several
MOST_NOTES = 3  # on the files of classes
EXPECTED = "train.csv, train.npz or x_train.npy, or a folder of clips for each class"


def read(path: Path, options: ReadingOptions) -> dict[str, Part]:
    """The clips of a file or folder by split.

    Raises:
        InputError: it cannot be read, or there are no clips in it.
    """
    if not os.path.isdir(path):
        return read_file(path, options)
    path = _data_folder(path)
    if (signals := of_signals(path, options)) is not None:
        return signals
    files = _one_form([file for file in paths.files_in(path) if suffix_of(file) in FILES])
    array_files = [file for file in files if file.suffix.lower() == ".npy"]
    if any(arrays.role_of(file.stem) == "labels" for file in array_files):
        loaded = {file.stem: load_arrays(file)["x"] for file in array_files}
        return arrays.parts_of(loaded, str(path), options)
    if (parts := of_table(path, files, FILES, lambda file: one_file(file, options), options)) is not None:
        return parts
    if "train" not in paths.files_by_split(files, path):
        parts = _class_folders(path, options) or _class_arrays(files, options) or _class_files(path, files, options)
        if parts is not None:
            return parts
    split = paths.split_files(path, files, EXPECTED)
    return paths.read_splits(split, lambda file: read_file(file, options))


def _data_folder(path):
    """The folder of the data: that within folders without files, unless it is the only class."""
    inner = paths.inner(path)
    splits = any(split_of(entry.name) == "train" for entry in paths.listed(inner))
    return inner if splits or not _classes(path) else path


def _one_form(files):
    """The files in one of several forms, as of archives of series, which have each of them; no single dimensions."""
    for suffix in FORMS:
        if candidates := [file for file in files if suffix_of(file) == suffix and not DIMENSION.search(file.name)]:
            others = [file for file in files if suffix_of(file) not in FORMS and suffix_of(file) != ".txt"]
            return sorted([*candidates, *others])
    return files


def read_file(
    path: Path, options: ReadingOptions, channels: Sequence[str] | None = None, width: int | None = None
) -> dict[str, Part]:
    """The clips of a file by split; a film is one clip without label.

    Args:
        path: The file.
        options: Columns and sizes.
        channels, width: As of `nlpseq.tasks.clips.columns.clips_of`.
    """
    suffix = suffix_of(path)
    if suffix in FILMS:
        frames, notes = read_film(path, options)
        return {"train": Part([Clip(frames, None, str(path))], notes=notes)}
    if suffix in ARRAYS:
        return arrays.parts_of(load_arrays(path), str(path), options)
    content = (
        read_table(path, options.delimiter, options.encoding)
        if suffix not in TEXTS
        else read_text(path, options.encoding)
    )
    if isinstance(content, str):
        content = _of_text(content, str(path))
    if isinstance(content, Part):
        return {"train": _in_form(content, options)}
    parts = {split: columns.clips_of(part, options, channels, width) for split, part in table.by_split(content).items()}
    return {split: _in_form(part, options) for split, part in parts.items()}


def _of_text(text, place) -> Part | Table:
    if strokes.is_unipen(text):
        return strokes.read_unipen(text, place)
    if text.lstrip().startswith(("@", "#", "%")) and "@data" in text.lower():
        if re.search(r"(?im)^\s*@attribute\s", text):
            return strokes.read_arff(text, place)
        return strokes.read_ts(text, place)
    rows = columns.rows_of_text(text, place)
    if rows is None:
        raise InputError(f"{place} holds no rows of numbers, no pen strokes (UNIPEN) and no series (.ts).")
    return rows


def _in_form(part, options):
    clips = [
        Clip(as_frames(clip.frames, clip.name, options), _strided(clip.label, options), clip.name)
        for clip in part.clips
    ]
    return replace(part, clips=clips)


def _strided(label, options):
    return label[:: options.stride][: options.max_frames] if isinstance(label, list) else label


def _class_folders(folder, options) -> dict[str, Part] | None:
    """The clips of folders by class, in the folder itself or in folders of it named train, validation and test."""
    inner = [path for path in paths.listed(folder) if os.path.isdir(path)]
    roots = {split: path for path in inner if (split := split_of(path.name)) and _classes(path)} or {"train": folder}
    by_split = {split: _classes(path) for split, path in roots.items()}
    classes = list(by_split.get("train", ()))
    if len(classes) == 1 and not any(suffix_of(file) in FILES for file in paths.files_in(folder)):
        raise InputError(
            f"{folder} has one class of clips only ({classes[0]!r}): expected a folder for each of several."
        )
    if len(classes) < 2:
        return None
    return {split: _of_classes(classes, options) for split, classes in by_split.items()}


def _class_arrays(files, options) -> dict[str, Part] | None:
    """The clips of arrays `(clips, time, ...)` that are named by their class: cat.npy, dog.npy."""
    if len(files) < 2 or any(suffix_of(file) != ".npy" for file in files):
        return None
    clips = []
    for file in files:
        part = arrays.parts_of(load_arrays(file), str(file), options)["train"]
        clips += [replace(clip, label=file.stem) for clip in part.clips]
    return {"train": Part(clips, notes=[f"{files[0].parent}: each of the {len(files)} files is a class"])}


def _class_files(folder, files, options) -> dict[str, Part] | None:
    """The clips of tables without labels that are named by their class: jump.csv, run.csv."""
    if len(files) < 2 or any(suffix_of(file) not in paths.TABLES for file in files):
        return None
    try:
        parts = {paths.stem_of(file): list(read_file(file, options).values()) for file in files}
    except InputError:  # files of other kinds
        return None
    if any(clip.label is not None for contents in parts.values() for part in contents for clip in part.clips):
        return None
    if (numbered := _numbered_files(files)) is not None and not any(map(_are_wide, chain(*parts.values()))):
        part = _of_classes(numbered, options)
        note = f"{folder}: each of the {len(files)} files is a sequence, whose name begins with its class"
        return {"train": replace(part, notes=[note, *part.notes])}
    first = next(iter(parts.values()))[0]
    notes = [f"{folder}: each of the {len(files)} files is a class", *first.notes]
    width = first.width
    if width and _are_labels(ends := [_last_values(contents) for contents in parts.values()]):
        notes.append(f"the last column, {', '.join(f'{end:g}' for (end,) in ends)}, tells the file, and is not read")
        parts = {name: [_without_last(part) for part in contents] for name, contents in parts.items()}
        width -= 1
    clips = [replace(clip, label=name) for name, contents in parts.items() for part in contents for clip in part.clips]
    return {"train": Part(clips, first.channels, notes, width)}


def _numbered_files(files) -> dict[str, list[Path]] | None:
    """The files by what is before the number at the end of their names, as in run_01.csv; None without numbers."""
    classes: dict[str, list[Path]] = {}
    for file in files:
        if (match := NUMBERED.fullmatch(paths.stem_of(file))) is None:
            return None
        classes.setdefault(match[1], []).append(file)
    return classes if 1 < len(classes) <= len(files) // 2 else None


def _are_wide(part):
    """Whether there are more values in a row than rows, as if each were a sequence."""
    return bool(part.width) and part.width > len(part.clips)


def _last_values(parts):
    return {float(clip.frames[-1, -1]) for part in parts for clip in part.clips}


def _are_labels(ends):
    """Whether the last values of each file are one whole number, another one in each."""
    single = [next(iter(end)) for end in ends if len(end) == 1]
    return len(single) == len(ends) == len(set(single)) and all(value.is_integer() for value in single)


def _without_last(part):
    return replace(part, clips=[replace(clip, frames=clip.frames[:-1]) for clip in part.clips])


def _classes(folder):
    classes = [path for path in paths.listed(folder) if os.path.isdir(path) and path.name.lower() not in SPLIT_OF]
    files = {path.name: [file for file in paths.listed(path) if _is_clip(file)] for path in classes}
    return {name: listed for name, listed in files.items() if listed}


def _is_clip(path):
    """Whether a path is a file with clips, or a folder of pictures."""
    return bool(_pictures(path)) if os.path.isdir(path) else suffix_of(path) in FILES and not paths.is_notice(path)


def _pictures(folder):
    return [file for file in paths.files_in(folder) if suffix_of(file) in PICTURES]


def _of_classes(classes, options):
    """Each file of a class is a clip, or several; films that cannot be read are left out, unless none can be."""
    clips, channels, notes, damaged = [], None, [], []
    folders = {files[0].parent for files in classes.values()}
    empty = [path for folder in sorted(folders) if len(folders) > 1 for path in paths.listed(folder)
             if os.path.isdir(path) and not _pictures(path)]  # fmt: skip
    if empty:
        notes.append(f"{len(empty):,} folders without pictures are left out; the first: {empty[0]}")
    for name, listed in classes.items():
        for file in listed:
            try:
                part = one_file(file, options, channels)
            except InputError as error:
                if suffix_of(file) not in FILMS or not has_package():
                    raise
                damaged.append(str(error))
                continue
            channels, notes = channels or part.channels, [*notes, *part.notes]
            clips += [Clip(clip.frames, name, clip.name) for clip in part.clips]
    if damaged and not clips:
        raise InputError(damaged[0])
    if damaged:
        notes.insert(0, f"{plural(len(damaged), 'film is', 'films are')} left out; the first: {damaged[0]}")
    notes = list(dict.fromkeys(notes))
    remaining = [f"{len(notes) - MOST_NOTES:,} more notes of this kind on other files"] * (len(notes) > MOST_NOTES)
    return Part(clips, channels, [*notes[:MOST_NOTES], *remaining])


def one_file(
    path: Path,
    options: ReadingOptions,
    channels: Sequence[str] | None = None,
    width: int = 0,
    frame: Sequence[int] | None = None,
) -> Part:
    """The clips of a file whose labels do not count; a table without a column of sequences is one clip.

    Args:
        path: The file.
        options: Columns and sizes.
        channels, width: As of `nlpseq.tasks.clips.columns.clips_of`.
        frame: The shape of a frame, as of `arrays.clips_of_array`. Default that of one clip in the array.
    """
    if os.path.isdir(path):
        pictures = _pictures(path)
        if not pictures:
            raise InputError(f"{path} has no pictures: expected the frames of a clip, or give files.")
        frames, notes = read_pictures(pictures, options)
        return Part([Clip(frames, None, str(path))], notes=notes)
    if frame is not None and "json" in suffix_of(path) and ARRAY.match(text := read_text(path, options.encoding)):
        return Part(_of_arrays(text, str(path), options, frame))
    if suffix_of(path) not in ARRAYS:
        parts = list(read_file(path, options, channels, width).values())
        return Part([clip for part in parts for clip in part.clips], parts[0].channels, parts[0].notes)
    clips = []
    for name, values in load_arrays(path).items():
        if arrays.role_of(name) in ("labels", "lengths"):
            continue
        if frame is None:
            clips.append(Clip(as_frames(values, f"{path}, {name}", options), None, str(path)))
        else:
            clips += arrays.clips_of_array(values, str(path), frame, options)
    return Part(clips)


def text_clips(
    text: str,
    place: str,
    options: ReadingOptions,
    channels: Sequence[str] | None = None,
    width: int = 0,
    frame: Sequence[int] = (0,),
) -> Part:
    """The clips in a text, whose labels do not count: a table, or JSON of objects or of arrays of frames.

    Args:
        text, place: The text, and what it is called in messages.
        options, channels, width: As of `nlpseq.tasks.clips.columns.clips_of`.
        frame: The shape of a frame.
    """
    if ARRAY.match(text):
        return Part(_of_arrays(text, place, options, frame))
    if is_json(text):
        table = read_json(text, place)
    else:
        table = read_delimited(text, place, delimiter=options.delimiter)
    return _in_form(columns.clips_of(table, options, channels, width), options)


def _of_arrays(text, place, options, frame):
    """The clips of a JSON array of frames or of sequences, or of one in each line."""
    try:
        values = [(place, json.loads(text))]
    except (ValueError, RecursionError):
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        values = [(f"{place}, line {number}", _parsed(line, f"{place}, line {number}")) for number, line in lines]
    clips = []
    for name, value in values:
        if _depth(value) <= 1 + len(frame) and not arrays.are_rows(np.shape(value[0]) if value else (), frame):
            clips.append(Clip(as_frames(value, name, options), None, name))
        else:
            names = [f"{name}, clip {number}" for number in range(1, len(value) + 1)]
            clips += [Clip(as_frames(frames, name, options), None, name) for name, frames in zip(names, value)]
    return clips


def _parsed(line, place):
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(
            f"{place}: expected frames as JSON, such as [[0.1, 0.2], [0.3, 0.4]], got {shorten(repr(line), 40)}."
        ) from None


def _depth(value):
    depth = 0
    while isinstance(value, list) and value:
        depth, value = depth + 1, value[0]
    return depth


def of_object(data: Any, options: ReadingOptions) -> dict[str, Part]:
    """The clips of an object by split.

    Args:
        data: A tuple of clips and labels, a list of pairs, a dict of both such as {"x": ..., "y": ...}, a frame or rows
            as of a table, or a dict of these by split; clips are arrays of frames.
        options: Stride, and greatest numbers and sizes.

    Raises:
        InputError: it is none of these.
    """
    parts = objects.parts_by_split(data)
    if parts is None:
        return {"train": _part(data, "the data", options)}
    return {split: _part(part, f"the {split} data", options) for split, part in parts.items()}


def _part(data, place, options):
    if hasattr(data, "as_numpy_iterator"):
        data = list(data.as_numpy_iterator())
    if isinstance(data, Mapping) and {"frames", "labels"} <= set(map(arrays.role_of, map(str, data))):
        values = {arrays.role_of(str(name)): value for name, value in data.items()}
        if "lengths" not in values and not hasattr(values["frames"], "dtype"):
            return _part((values["frames"], values["labels"]), place, options)
        return arrays.parts_of({name: np.asarray(value) for name, value in values.items()}, place, options)["train"]
    rows = isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data)
    if rows or isinstance(data, Mapping) or hasattr(data, "columns") or hasattr(data, "column_names"):
        return _in_form(columns.clips_of(objects.training_table(data), options), options)
    if isinstance(data, list) and data and all(isinstance(row, (tuple, list)) and len(row) == 2 for row in data):
        data = [row[0] for row in data], [row[1] for row in data]
    if not isinstance(data, tuple) or len(data) != 2:
        raise InputError(
            f"{place}: expected a tuple of clips and labels, a list of pairs, or a dict of these by split."
        )
    clips, labels = data
    if not all(hasattr(values, "__len__") and getattr(values, "ndim", 1) for values in data):
        raise InputError(f"{place}: expected several clips and labels, got {shorten(repr(data), 60)}.")
    arrays.check_count(place, len(clips), len(labels), "labels")
    names = [f"{place}, clip {number}" for number in range(1, len(clips) + 1)]
    labels = labels if isinstance(labels, np.ndarray) else list(labels)
    return Part([
        Clip(as_frames(frames, name, options), arrays.label_of(labels, number), name)
        for number, (frames, name) in enumerate(zip(clips, names))
    ])  # fmt: skip
