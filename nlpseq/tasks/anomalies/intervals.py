"""Anomalies in a table of their own: a row with the start and end of each, and perhaps the name of its recording."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.items import item_name
from nlpseq.data.series.times import dated, parse_times
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.anomalies.names import split_in, without_suffix, words_of
from nlpseq.tasks.anomalies.recordings import Recording, united

WORDS = frozenset((
    "label", "labels", "anomaly", "anomalies", "interval", "intervals", "window", "windows", "event", "events", "fault",
    "faults", "attack", "attacks", "incident", "incidents",
))  # fmt: skip
STARTS, ENDS = (
    (word, f"{word} time", f"{word} timestamp", f"{word} date", f"{word} datetime", f"{word} index", f"{word} step",
     f"{word}time", *(f"{kind} {word}" for kind in ("anomaly", "event", "fault", "attack", "incident", "root cause")))
    for word in ("start", "end")
)  # fmt: skip
NAMES = ("file", "filename", "file name", "name", "series", "recording", "item", "machine", "chan id", "id")
OF_ANOMALIES = ("name", "id")  # which also may be those of the anomalies


def bounds(table: Table) -> tuple[list, list] | None:
    """The cells of starts and ends, in columns that are called so; None of other tables."""
    names = [_column(table, words) for words in (STARTS, ENDS)]
    return None if None in names else (table.values(str(names[0])), table.values(str(names[1])))


def _column(table, words):
    return next((name for word in words for name in table.names if normal(name) == word), None)


def with_intervals(
    splits: Mapping[str, Sequence[Recording]], table: Table, file: Path
) -> tuple[dict[str, list[Recording]], list[str]]:
    """The recordings with the anomalies of a table beside those that they have, and notes.

    Starts and ends are times, both included, or numbers of steps from 0 where a recording has no times. Anomalies
    belong to the recordings that a column names, or the name of the table, which may tell the split too; without one
    times are those of all splits, and numbers of steps those of the test split.

    Args:
        splits: The recordings by split.
        table: Of starts and ends.
        file: Its path in the folder of the recordings.

    Raises:
        InputError: A start or an end is none, or an anomaly ends before it begins.
    """
    recordings = [one for items in splits.values() for one in items]
    owner_names, notes = _names(table, recordings)
    starts, ends = bounds(table) or ([], [])
    times = _times(table, [*starts, *ends]) if starts and any(one.times is not None for one in recordings) else None
    split, words = split_in(file), _owner(file)
    owners = {one.name for one in recordings if words and _owner(one.name) == words}
    last = split if split in splits else "test" if "test" in splits else "train"
    used = np.zeros(len(table), bool)

    def marked(one):
        rows = [row for row in range(len(table)) if owner_names is None or _keys(owner_names[row]) & _keys(one.name)]
        windows = _windows(one, table, [*starts, *ends], times, rows) if rows else {}
        used[list(windows)] = True
        return replace(one, windows=united([*(one.windows or ()), *windows.values()], touching=starts == ends))

    def is_meant(part, one):
        if owners and one.name not in owners:
            return False
        return part == last or (split not in splits and one.times is not None and dated(times))

    result = {part: [marked(one) if is_meant(part, one) else one for one in items] for part, items in splits.items()}
    outside = np.flatnonzero(~used).tolist()
    if outside:
        are = plural(len(outside), "anomaly is", "anomalies are")
        notes.append(f"{table.place}: {are} in no recording: {table.places(outside)}")
    return result, notes


def _owner(path):
    """The words of a path by which a recording and its table of anomalies are alike."""
    return words_of(path, {*WORDS, *paths.SPLIT_OF})


def _names(table, recordings) -> tuple[list[str] | None, list[str]]:
    """The name of the recording of each row, None if no column has names of recordings; and a note on one without.

    Different files or machines that are none of the recordings are those of others, whose anomalies are in none.
    """
    columns = [name for word in NAMES for name in table.names if normal(name) == word]
    known = {key for one in recordings for key in _keys(one.name)}
    others = [name for name in table.names if name not in columns]
    for name, enough in [*((name, any) for name in columns), *((name, all) for name in others)]:
        cells = [item_name(cell) for cell in table.values(name)]
        if enough(_keys(cell) & known for cell in cells):
            return cells, []
    if not columns:
        return None, []
    for name in columns:
        cells = [item_name(cell) for cell in table.values(name)]
        if normal(name) not in OF_ANOMALIES and len(set(cells)) > 1:
            return cells, []
    return None, [f"{table.place}: {shorten(repr(columns[0]))} names none of the recordings, and is not used"]


def _keys(name):
    """What a recording may be called: its path, the name of its file, and this without the suffix."""
    path = Path(name.lower())
    return {str(path), path.name, without_suffix(path)}


def _times(table, cells) -> Any:
    """The times of starts and ends, or whole numbers, which count steps."""
    return parse_times(cells, lambda index: table.where(index % len(table)))


def _windows(one, table, cells, times, rows) -> dict[int, tuple[int, int]]:
    """The first and last step of the anomalies in some rows by row, of those that are in the recording."""
    stamps = np.arange(len(one))
    if one.times is None:
        edges, bad = as_numbers(cells, table.comma)
        if len(bad) or np.isnan(edges).any():
            row = int([*bad, *np.flatnonzero(np.isnan(edges))][0]) % len(table)
            raise InputError(f"{table.where(row)}: {one.name} has numbers of steps: give starts and ends as these.")
    elif not dated(times):
        raise InputError(f"{table.where(0)}: {one.name} has times: give starts and ends as these.")
    else:
        own = parse_times(list(one.times), table.where)
        if (own.tz is None) != (times.tz is None):  # the clock on the wall counts
            own, times = own.tz_localize(None), times.tz_localize(None)
        edges, stamps = times.asi8, own.asi8
    windows = {}
    for row in rows:
        left, right = edges[row], edges[row + len(table)]
        if right < left:
            raise InputError(f"{table.where(row)}: the anomaly ends before it begins: correct it.")
        inside = np.flatnonzero((stamps >= left) & (stamps <= right))
        if len(inside):
            windows[row] = (int(inside[0]), int(inside[-1]))
    return windows
