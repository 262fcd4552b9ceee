"""Which rows of a table are one sequence, in which order, and with which label."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Table
from nlpseq.data.series.times import parse_times
from nlpseq.errors import InputError
from nlpseq.tasks.clips.cells import label_name
from nlpseq.tasks.clips.roles import Columns

NEAR = 0.1  # share of the range of the times
LEAST_RUN = 2  # rows of a label one after another, on average, from which they are a sequence


def times_of(table: Table, name: str | None, is_chosen: bool) -> tuple[np.ndarray | None, list[str]]:
    """The times of the rows as numbers, and notes; None if there is no such column, or it holds others.

    Args:
        table: The table.
        name: Of the column; numbers, or dates and times of any usual form.
        is_chosen: Whether the user named it.

    Raises:
        InputError: a cell of a column that the user named is not a time.
    """
    if name is None:
        return None, []
    values = table.values(name)
    numbers, bad = as_numbers(values)
    if not len(bad) and not np.isnan(numbers).any():
        return numbers, []
    try:
        times = parse_times(values, table.where)
    except InputError as error:
        if is_chosen:
            raise
        return None, [f"rows are read in the order of the file: {error}"]
    return (times if isinstance(times, np.ndarray) else times.asi8), []


def telling(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """Those of several columns that tell sequences apart, without those with which each row would be one."""
    chosen: list[str] = []
    for name in names:
        if len(np.unique(_numbers(table, [*chosen, name]))) < len(table):
            chosen.append(name)
    return tuple(chosen)


def sequences_of(table: Table, columns: Columns, times: np.ndarray | None) -> tuple[list[np.ndarray], list[str]]:
    """The rows of each sequence in the order of time, in the order in which they begin, and a note.

    Without a column of sequences a new one begins behind an empty line, where the time falls, and where the owner
    changes; unless the time always begins anew, also where the label changes if there is an owner, or if no time falls.
    """
    if columns.sequence:
        keys, notes = _keys(table, columns, times), []
    else:
        begins, where = _begins(table, columns, times)
        keys = np.cumsum(begins)
        notes = [f"{table.place}: {keys[-1] + 1 - keys[0]:,} sequences; a new one begins {where}"] if where else []
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[inverse]  # number of the sequence of each row
    order = np.lexsort((np.zeros(len(rank)) if times is None or not columns.sequence else times, rank))
    return np.split(order, np.flatnonzero(np.diff(rank[order])) + 1), notes


def _keys(table, columns, times):
    """A number for each row, equal within a sequence; a time that occurs twice shows that labels count anew."""
    identifiers = [*columns.sequence, *columns.owners]
    keys = _numbers(table, identifiers)
    if columns.label and times is not None and len(np.unique(np.stack([keys, times], axis=1), axis=0)) < len(keys):
        keys = _numbers(table, [*identifiers, columns.label])
    return keys


def _numbers(table, names):
    parts = [np.unique(np.array(list(map(str, table.values(name)))), return_inverse=True)[1] for name in names]
    return np.unique(np.stack(parts, axis=1), axis=0, return_inverse=True)[1].ravel()


def _begins(table, columns, times):
    """Whether a sequence begins at each row, and a phrase that says where."""
    begins = np.zeros(len(table), bool)
    begins[[row for row in table.breaks if row < len(table)]] = True
    if begins.any():
        return begins, "behind each empty line"
    falls = np.diff(times, prepend=times[0]) < 0 if times is not None else begins
    changes = {name: _changes(table.values(name)) for name in columns.owners}
    if columns.label and not _restarts(times, falls) and (changes or not falls.any()):
        runs = _changes(table.values(columns.label))
        if LEAST_RUN * (runs.sum() + 1) <= len(table):
            changes[columns.label] = runs
    changing = " or ".join(repr(name) for name, at in changes.items() if at.any())
    where = [f"where {changing} changes"] * bool(changing) + [f"where {columns.time!r} falls"] * bool(falls.any())
    return np.any([falls, *changes.values()], axis=0), " or ".join(where)


def _restarts(times, falls):
    """Whether the time begins anew wherever it falls, near its least value, as a count of frames does."""
    return falls.any() and times[falls].max() - times.min() <= NEAR * np.ptp(times)


def _changes(values):
    """Whether each value is unlike the one before it; a missing one is like it."""
    changes, last = [], label_name(values[0])
    for name in map(label_name, values):
        changes.append(name is not None and last is not None and name != last)
        last = last if name is None else name
    return np.array(changes)


def labels_of(table: Table, name: str | None, sequences: list[np.ndarray]) -> tuple[list[Any], list[str]]:
    """The label of each sequence, or a list of those of its frames if they differ in one of them; and a note.

    If no sequence has two labels, one in any row is that of all rows.
    """
    if name is None:
        return [None] * len(sequences), []
    names = [label_name(value) for value in table.values(name)]
    rows = [[names[row] for row in sequence] for sequence in sequences]
    labels_by_sequence = [set(labels) - {None} for labels in rows]
    if any(len(labels) > 1 for labels in labels_by_sequence):
        return [labels[0] if len(set(labels)) == 1 else labels for labels in rows], []
    partly = sum(None in labels for labels, one in zip(rows, labels_by_sequence) if one)
    note = f"{table.place}: {partly:,} sequences have their label in some rows only; it is that of the whole sequence"
    return [next(iter(labels), None) for labels in labels_by_sequence], [note] * bool(partly)
