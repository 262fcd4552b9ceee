"""Clips in tables whose rows are sequences: lists in cells, or the values of all steps side by side."""

import re
from typing import Any

import numpy as np

from nlpseq.data.files.table import Table, normal
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.clips.cells import NOT_CHANNELS, label_name, numbers_of
from nlpseq.tasks.clips.frames import Clip, How, Part


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


def of_rows(table: Table, roles: dict[str, Any], how: How, width: int | None) -> Part:
    """A clip for each row; the columns are named by channel and number, or stand in the order of time.

    Args:
        table: The table.
        roles: Names of the columns by role, "label" and "time".
        how: Columns that the user named.
        width: As of `nlpseq.tasks.clips.columns.clips_of`.

    Raises:
        InputError: no column holds numbers, or `channels` does not divide them.
    """
    label = roles.get("label")
    if label is None and len(table.names) != width:
        label = _guessed_label(table)
    skipped = {label, roles.get("time")}
    columns = [n for n in table.names if n not in skipped and not (table.header and normal(n) in NOT_CHANNELS)]
    read = {name: numbers_of(table, name, strict=False) for name in columns}
    read = {name: values for name, values in read.items() if values is not None}
    if not read:
        raise InputError(f"{table.place} has no columns of numbers: expected sequences.")
    names, order = _named_channels(list(read), how, table)
    values = np.stack([read[name] for name in order], axis=1).astype(np.float32)
    values = values.reshape(len(table), -1, len(names))
    labels = table.values(label) if label else [None] * len(table)
    clips = [
        Clip(_without_end(frames), label_name(name), table.where(row))
        for row, (frames, name) in enumerate(zip(values, labels))
    ]
    channels = plural(len(names), "channel")
    remedy = "; set `channels` if more stand side by side, or `sequence` if rows are frames" if len(names) == 1 else ""
    said = f"{table.place}: each row is a sequence of {plural(values.shape[1], 'frame')} of {channels}{remedy}"
    guessed = [f"the label is the column {label}"] if label and not roles.get("label") else []
    return Part(clips, names, [said, *guessed], len(order))


def _named_channels(columns, how, table):
    """The names of the channels, and the columns in the order of time and channel.

    `x1 y1 x2 y2`, and `x1 x2 y1 y2`, are two channels; without such names `channels` tells how many stand side by side.
    """
    if how.channels and how.channels.isdigit():
        count = int(how.channels)
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


def _guessed_label(table):
    """The last column of a table without a named label, or the first, if it holds few different values."""
    if table.header and len(table.names) > 1:
        candidates = [
            name for name in (table.names[-1], table.names[0]) if numbers_of(table, name, strict=False) is None
        ]
        if candidates:
            return candidates[0]
    for name in (table.names[-1], table.names[0]):
        different = {label_name(value) for value in table.values(name)}
        names = all(text is None or re.fullmatch(r"[+-]?\d+|\D.*", text) for text in different)
        if names and 2 <= len(different) <= max(2, len(table) // 3):
            return name
    return None


def _without_end(frames):
    """A sequence without the missing frames at its end; one at least."""
    real = np.flatnonzero(~np.isnan(frames).all(axis=1))
    return frames[: real[-1] + 1 if len(real) else 1]
