"""Anomalies in a table of their own: a row with the start and end of each, and perhaps the name of its recording."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.header import with_header
from nlpseq.data.series.times import parse_times
from nlpseq.errors import InputError, plural
from nlpseq.tasks.anomalies.recordings import Recording

WORDS = frozenset((
    "label", "labels", "anomaly", "anomalies", "interval", "intervals", "window", "windows", "event", "events", "fault",
    "faults", "attack", "attacks", "incident", "incidents",
))  # fmt: skip
STARTS, ENDS = (
    (word, f"{word} time", f"{word} timestamp", f"{word} date", f"{word} datetime", f"{word} index", f"anomaly {word}",
     f"{word}time", f"{word} step")
    for word in ("start", "end")
)  # fmt: skip
NAMES = ("file", "filename", "file name", "name", "series", "recording", "item", "machine", "chan id", "id")


def find_intervals(files: Sequence[Path]) -> dict[Path, Table]:
    """Those of the files that are tables of starts and ends."""
    tables = {}
    for file in files:
        words = paths.words_of(file.stem)
        if paths.suffix_of(file) in paths.TABLES and not WORDS.isdisjoint(words):
            content = read_table(file)
            table = with_header(content) if isinstance(content, Table) else None
            if table is not None and _column(table, STARTS) and _column(table, ENDS):
                tables[file] = table
    return tables


def _column(table, names):
    return next((name for word in names for name in table.names if normal(name) == word), None)


def with_intervals(recordings: Sequence[Recording], table: Table) -> tuple[list[Recording], list[str]]:
    """The recordings with the anomalies of a table, by name if it has names, and a note on those that are in none.

    Starts and ends are times, both included, or numbers of steps from 0 where a recording has no times.

    Raises:
        InputError: A start or an end is none, or an anomaly ends before it begins.
    """
    name = _column(table, NAMES)
    owners = [Path(str(cell)).stem.lower() for cell in table.values(name)] if name else None
    bounds = [_times(table, names) for names in (STARTS, ENDS)]
    used = np.zeros(len(table), bool)
    marked = []
    for one in recordings:
        first, last = (_places(one, times, table) for times in bounds)
        stamps = np.arange(len(one)) if one.times is None else parse_times(list(one.times), table.where).asi8
        windows = []
        for row, (left, right) in enumerate(zip(first, last)):
            if owners is not None and owners[row] != Path(one.name).stem.lower():
                continue
            if right < left:
                raise InputError(f"{table.where(row)}: the anomaly ends before it begins: correct it.")
            inside = np.flatnonzero((stamps >= left) & (stamps <= right))
            if len(inside):
                windows.append((int(inside[0]), int(inside[-1])))
                used[row] = True
        marked.append(replace(one, windows=tuple(sorted(windows))))
    outside = np.flatnonzero(~used).tolist()
    note = (
        f"{table.place}: {plural(len(outside), 'anomaly is', 'anomalies are')} in no recording: {table.places(outside)}"
    )
    return marked, [note] if outside else []


def _times(table, names):
    """The times or numbers of steps in the first column of one of these names."""
    return parse_times(table.values(_column(table, names)), table.where)


def _places(one, times, table):
    """Starts or ends in the units of a recording: nanoseconds, or steps."""
    if hasattr(times, "asi8") != (one.times is not None):
        kinds = "times" if one.times is not None else "numbers of steps"
        raise InputError(f"{table.where(0)}: {one.name} has {kinds}: give starts and ends as these.")
    return np.asarray(getattr(times, "asi8", times))
