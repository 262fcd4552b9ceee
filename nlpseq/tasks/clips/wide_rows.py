"""Clips in tables whose rows are sequences: lists in cells, or the values of all steps side by side."""

import re
from typing import Any

import numpy as np

from nlpseq.data.files.table import Table
from nlpseq.data.series.times import looks_like_times
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.clips.cells import label_name, numbers_of
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions
from nlpseq.tasks.clips.roles import Columns, is_channel


def of_cells(table: Table, label: str | None, names: list[str]) -> Part:
    """A clip for each row with a list in a cell: the frames, or with several such columns a channel each."""
    names = [name for name in names if name != label]
    if not names:
        raise InputError(f"{table.place} has no column of frames beside the label: expected lists of numbers.")
    columns = [table.values(name) for name in names]
    labels: list[Any] = table.values(label) if label else [None] * len(table)
    clips = []
    for row, (values, name) in enumerate(zip(zip(*columns), labels)):
        if not all(isinstance(value, (list, tuple)) for value in values):
            raise InputError(f"{table.where(row)}: expected a list of numbers in {shorten(', '.join(names), 60)}.")
        frames = values[0] if len(names) == 1 else list(zip(*values))
        clip_label = [label_name(item) for item in name] if isinstance(name, (list, tuple)) else label_name(name)
        clips.append(Clip(frames, clip_label, table.where(row)))  # `as_frames` makes an array of them
    return Part(clips, tuple(names) if len(names) > 1 else None)


def of_rows(table: Table, columns: Columns, options: ReadingOptions, width: int | None) -> Part:
    """A clip for each row; the columns are named by channel and number, or stand in the order of time.

    Args:
        table: The table.
        columns: What the columns hold.
        options: Columns that the user named.
        width: As of `nlpseq.tasks.clips.columns.clips_of`.

    Raises:
        InputError: no column holds numbers, or `channels` does not divide them.
    """
    label = columns.label
    free = [name for name in table.names if name not in columns.all and is_channel(table, name)]
    if label is None and len(table.names) != width:
        label = _guessed_label(table, free)
    read = {name: numbers_of(table, name, strict=False) for name in free if name != label}
    read = {name: values for name, values in read.items() if values is not None}
    if not read:
        raise InputError(f"{table.place} has no columns of numbers: expected sequences.")
    names, order = _named_channels(list(read), options, table)
    values = np.stack([read[name] for name in order], axis=1).astype(np.float32)
    values = values.reshape(len(table), -1, len(names))
    labels = table.values(label) if label else [None] * len(table)
    clips = [
        Clip(_without_end(frames), label_name(name), table.where(row))
        for row, (frames, name) in enumerate(zip(values, labels))
    ]
    channels = plural(len(names), "channel")
    remedy = "; set `channels` if more stand side by side, or `sequence` if rows are frames" if len(names) == 1 else ""
    note = f"{table.place}: each row is a sequence of {plural(values.shape[1], 'frame')} of {channels}{remedy}"
    guessed = [f"the label is the column {label}"] if label and not columns.label else []
    return Part(clips, names, [note, *guessed], len(order))


def _named_channels(columns, options, table):
    """The names of the channels, and the columns in the order of time and channel.

    `x1 y1 x2 y2`, and `x1 x2 y1 y2`, are two channels; without such names `channels` tells how many stand side by side.
    """
    if options.channels and options.channels.isdigit():
        count = int(options.channels)
        if not count or len(columns) % count:
            values = plural(len(columns), "value")
            raise InputError(
                f"{table.place} has {values} in a row, no multiple of {plural(count, 'channel')}",
                "give another number of `channels`",
            )
        return tuple(map(str, range(1, count + 1))), columns
    parts = [re.fullmatch(r"(.*?)[ _\-.]?(\d+)", name.strip()) for name in columns] if table.header else []
    times: dict[str, list] = {}
    for name, match in zip(columns, parts):
        times.setdefault(match.group(1) if match else "", []).append((int(match.group(2)) if match else -1, name))
    if len(times) < 2 or len({len(rows) for rows in times.values()}) > 1 or len(times) == len(columns):
        return ("value",), columns
    ordered = [sorted(rows) for rows in times.values()]
    return tuple(times), [name for step in zip(*ordered) for _, name in step]


def _guessed_label(table, free):
    """The last column of a table without a named label, or the first, if it holds few different values."""
    ends = (free[-1], free[0]) if len(free) > 1 else ()
    different = {name: {label_name(value) for value in table.values(name)} for name in ends}
    texts = [name for name in ends if table.header and numbers_of(table, name, strict=False) is None]
    for name in texts:
        if len(different[name]) <= max(2, len(table) // 2) and not looks_like_times(table.values(name)):
            return name
    for name in ends:
        names = all(text is None or re.fullmatch(r"[+-]?\d+|\D.*", text) for text in different[name])
        if names and 2 <= len(different[name]) <= max(2, len(table) // 3):
            return name
    return None


def _without_end(frames):
    """A sequence without the missing frames at its end; one at least."""
    real = np.flatnonzero(~np.isnan(frames).all(axis=1))
    return frames[: real[-1] + 1 if len(real) else 1]
