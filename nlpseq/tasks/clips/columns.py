"""Clips in tables: what the columns are, and the sequences of tables whose rows are frames."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nlpseq.data.files import table as tables
from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Role, Table, normal
from nlpseq.errors import InputError, plural
from nlpseq.tasks.clips.cells import NOT_CHANNELS, OWNERS, label_name, numbers_of
from nlpseq.tasks.clips.frames import Clip, How, Part
from nlpseq.tasks.clips.wide_rows import of_cells, of_rows

LABEL = Role("label", (
    "label", "labels", "class", "class name", "activity", "activity name", "activity label", "gesture", "action",
    "target", "digit", "category", "letter", "character", "word", "sign", "movement", "motion", "exercise", "emotion",
    "speaker", "surface", "event", "phase", "behaviour", "behavior", "output",
))  # fmt: skip
SEQUENCE = Role("sequence", (
    "sequence", "sequence id", "sequenceid", "seq", "seq id", "series", "series id", "clip", "clip id", "sample",
    "sample id", "window", "window id", "segment", "segment id", "trial", "trial id", "recording", "recording id",
    "session", "session id", "case", "case id", "instance", "instance id", "example", "example id", "video",
    "video id", "file", "filename", "file name", "gesture id", "motion id", "track", "track id", "drawing",
    "drawing id", "episode", "episode id", "skeleton", "skeleton id", "id",
))  # fmt: skip
TIME = Role("time", (
    "time", "timestamp", "time step", "timestep", "t", "frame", "frame number", "frame id", "step", "tick",
    "measurement number", "time s", "time ms", "seconds", "ms", "index", "dim time",
))  # fmt: skip
ROLES = (SEQUENCE, TIME, LABEL)


def clips_of(table: Table, how: How, channels: Sequence[str] | None = None, width: int | None = None) -> Part:
    """The clips in a table.

    Rows are frames if there is a column of sequences or of time, or if empty lines separate the sequences; else each
    row is a sequence.

    Args:
        table: The table.
        how: Columns that the user named.
        channels: Names of the channels of the training data. Default None, all columns that hold numbers.
        width: Number of values in a row if rows are sequences, and 0 if they are frames, as of `Part`. Default None,
            which is found out.

    Raises:
        InputError: a column is missing, or a value is no number.
    """
    table, roles = _roles(table, how)
    if not len(table) or not table.names or _is_header(table):
        raise InputError(f"{table.place} holds no frames: expected rows of numbers below the header.")
    part = _part_of(table, roles, how, channels, width)
    return replace(part, notes=[table.note, *part.notes]) if table.note else part


def _part_of(table, roles, how, channels, width) -> Part:
    times = _times(table, roles.get("time"))
    cells = [name for name in table.names if isinstance(table.values(name)[0], (list, tuple))]
    if cells:
        return of_cells(table, roles.get("label"), cells)
    if width == 0 or (width is None and ("sequence" in roles or times is not None or table.breaks)):
        return _of_frames(table, roles, times, how, channels)
    return of_rows(table, roles, how, width)


def _is_header(table):
    """Whether the only row is one of names."""
    return len(table) == 1 and not table.header and all(len(as_numbers(table.values(n))[1]) for n in table.names)


def _roles(table: Table, how: How) -> tuple[Table, dict[str, Any]]:
    """The table with its header, and the names of the columns of each role that there are."""
    given: dict[str, Any] = {role.argument: getattr(how, role.argument) for role in ROLES}
    sequence = given.pop("sequence")
    names = [*str(sequence).split(",")] if sequence else []
    table = tables.with_names(table, ROLES, {**given, "sequence": names[0] if names else None})
    roles: dict[str, Any] = {}
    for role in (TIME, LABEL):
        if given[role.argument]:
            roles[role.argument] = tables.find_columns(table, [role], given)[1][role.argument]
    if names:
        role = [SEQUENCE]
        roles["sequence"] = [tables.find_columns(table, role, {"sequence": name})[1]["sequence"] for name in names]
    named = {normal(name): name for name in reversed(table.names)} if table.header else {}
    for role in ROLES:
        usual = next((named[word] for word in role.usual if word in named and named[word] not in roles.values()), None)
        if role.argument not in roles and usual is not None:
            usual = tables.the_only(table, usual, role.argument)
            roles[role.argument] = [usual] if role is SEQUENCE else usual
    if "sequence" in roles:
        roles["sequence"] += [named[word] for word in OWNERS if word in named and named[word] not in roles["sequence"]]
    return table, roles


def _times(table, name):
    """The times of the rows; None without a column of times that can be sorted."""
    if name is None:
        return None
    values = numbers_of(table, name, strict=False)
    return None if values is None or np.isnan(values).any() else values


def _of_frames(table, roles, times, how, wanted) -> Part:
    """A clip for each sequence, in the order in which they begin."""
    keys = _keys(table, roles.get("sequence"), times)
    if "sequence" in roles and "label" in roles and times is not None and _repeated(keys, times):
        keys = _keys(table, [*roles["sequence"], roles["label"]], times)  # numbered anew for each label
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[inverse]  # number of the sequence of each row
    order = np.lexsort((np.zeros(len(rank)) if times is None or "sequence" not in roles else times, rank))
    names, values, said = _channels(table, roles, how, wanted)
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))
    labels = table.values(roles["label"]) if "label" in roles else None
    owners = {name: table.values(name) for name in roles.get("sequence", ())}
    clips = []
    for rows in np.split(order, starts[1:]):
        label = None if labels is None else _label([labels[row] for row in rows])
        name = _name(table, owners, rows[0]) if len(starts) > 1 else table.place
        clips.append(Clip(values[rows], label, name))
    if "sequence" not in roles and len(clips) > 1:
        what = "empty lines" if table.breaks else f"{roles.get('time')!r}, where it falls" if times is not None else ""
        said.append(f"{table.place}: {len(clips):,} sequences" + f", separated by {what}" * bool(what))
    return Part(clips, names, said)


def _keys(table, columns, times):
    """A number for each row, equal within a sequence."""
    if columns:
        parts = [np.unique(np.array(list(map(str, table.values(name)))), return_inverse=True)[1] for name in columns]
        return np.unique(np.stack(parts, axis=1), axis=0, return_inverse=True)[1].ravel()
    begins = np.zeros(len(table), int)
    begins[[row for row in table.breaks if row < len(table)]] = 1
    if times is not None and not table.breaks:
        begins[1:] |= np.diff(times) < 0
    return np.cumsum(begins)


def _repeated(keys, times):
    """Whether a sequence has two rows at one time."""
    pairs = np.stack([keys, times], axis=1)
    return len(np.unique(pairs, axis=0)) < len(pairs)


def _name(table, owners, row):
    """What the sequence of a row is called: the values of the columns that tell it from others, or its line."""
    if not owners:
        return table.where(row)
    return f"{table.place}, " + ", ".join(f"{name} {values[row]}" for name, values in owners.items())


def _label(values):
    """The label of a sequence, or a list of those of its frames if they differ; None if it has none."""
    names = [label_name(value) for value in values]
    different = set(names)
    return names[0] if len(different) == 1 else names


def _channels(table, roles, how, wanted) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Names and values `(rows, channels)` of the channels."""
    taken = {*roles.get("sequence", ()), roles.get("time"), roles.get("label")}
    given = wanted or (how.channels.split(",") if how.channels and not how.channels.isdigit() else None)
    said, columns = [], {}
    if given and (table.header or not wanted):
        role = Role("channels", ())
        for name in given:
            column = tables.find_columns(table, [role], {"channels": name})[1]["channels"]
            columns[name] = numbers_of(table, column)
    else:
        for name in table.names:
            if name in taken or (table.header and normal(name) in NOT_CHANNELS):
                continue
            values = numbers_of(table, name, strict=False)
            if values is None or np.isnan(values).all():
                said.append(f"the column {name!r} holds no numbers and is not read")
            else:
                columns[name] = values
    if not columns:
        raise InputError(f"{table.place} has no columns of numbers beside sequence, time and label", "give `channels`")
    return tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float32), said


def _is_number(value):
    try:
        float(value)
    except (ValueError, TypeError):
        return False
    return True


def rows_of_text(text: str, place: str) -> Table | None:
    """The table of a text whose lines are numbers between blanks, commas or semicolons; None if it is none."""
    rows, lines, breaks = [], [], set()
    for number, line in enumerate(text.splitlines(), start=1):
        values = re.split(r"\s*[,;\t]\s*|\s+", line.strip().rstrip(",;"))
        if values == [""]:
            breaks.add(len(rows))
            continue
        rows.append(values)
        lines.append(number)
    widths = {len(row) for row in rows}
    if not rows or len(rows[0]) < 2 or not all(map(_is_number, rows[-1][:-1])):
        return None
    if len(widths) > 1:
        width = max(widths)
        wrong = next(i for i, row in enumerate(rows) if len(row) != len(rows[0]))
        raise InputError(
            f"{place}, line {lines[wrong]}: expected {plural(len(rows[0]), 'value')} as in the first line, got "
            f"{len(rows[wrong])} (the longest has {width}): complete the rows."
        )
    breaks -= {0, len(rows)}
    table = tables.rows_table(place, rows, lines, header=None, breaks=breaks)
    return table if not all(map(_is_number, rows[0][:-1])) else replace(table, header=False)
