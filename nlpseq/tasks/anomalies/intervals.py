"""Anomalies in a table of their own: a row with the start and end of each, and perhaps the name of its recording."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.contents import encoding_of, opened, read_text
from nlpseq.data.files.numbers import as_numbers, is_numeric
from nlpseq.data.files.table import Table, normal, rows_table
from nlpseq.data.series.header import with_header
from nlpseq.data.series.items import item_name
from nlpseq.data.series.times import dated, looks_like_times, parse_times
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.anomalies.labels import LABEL, as_labels
from nlpseq.tasks.anomalies.names import split_in, without_suffix, words_of
from nlpseq.tasks.anomalies.recordings import Recording, united

Reader = Callable[[Path], Table | str]  # of a file, as of `read_table`, with the options of the user
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
LISTS = frozenset(("anomalies", "events", "faults", "attacks", "incidents"))  # in names of lists of times
DELIMITED = (".csv", ".tsv", ".tab", ".psv")
HEAD, LINES = 1 << 13, 12  # bytes and lines that tell whether a file of delimited values has starts and ends


def find_intervals(files: Iterable[Path], read: Reader) -> tuple[dict[Path, Table], dict[Path, Table]]:
    """Those of the files that are tables of starts and ends, and other tables that were read to tell; both by file."""
    intervals, others = {}, {}
    for file in files:
        if paths.suffix_of(file) not in paths.TABLES:
            continue
        if (windows := _windows_in(file)) is not None:
            intervals[file] = windows
            continue
        try:
            content = read(file) if _may_have_bounds(file) or _is_list(file) else None
        except InputError:  # it is refused where it is read as something else
            continue
        table = with_header(content) if isinstance(content, Table) else None
        if table is not None and _column(table, STARTS) and _column(table, ENDS):
            intervals[file] = table
        elif table is not None and (points := _points(table, file)) is not None:
            intervals[file] = points
        elif table is not None:
            others[file] = table
    return intervals, others


def _windows_in(file) -> Table | None:
    """The table of windows as of NAB: lists of pairs, or of times, by the names of recordings; None of another file."""
    if paths.suffix_of(file) != ".json":
        return None
    try:
        windows = json.loads(read_text(file))
    except (InputError, ValueError, RecursionError):
        return None
    if not isinstance(windows, dict) or {normal(name) for name in windows} & {*STARTS, *ENDS}:
        return None
    rows = []
    for name, parts in windows.items():
        pairs = (
            [part if isinstance(part, list) else [part, part] for part in parts] if isinstance(parts, list) else [[]]
        )
        if any(len(pair) != 2 or isinstance(pair[0], (list, dict)) for pair in pairs):
            return None
        rows += [[name, *pair] for pair in pairs]
    table = rows_table(str(file), rows, range(1, len(rows) + 1), unit="window", header=True)
    return replace(table, names=["name", "start", "end"]) if rows else None


def _is_list(file):
    """Whether a name tells that a file may list the times of anomalies: "anomalies.csv"."""
    return not LISTS.isdisjoint(paths.words_of(file.stem))


def _points(table, file) -> Table | None:
    """A table of the times of anomalies, which has no numbers but labels, with these as starts and ends; else None."""
    times = [name for name in table.names if looks_like_times(table.values(name))]
    numbers = [name for name in table.names if name not in times and is_numeric(table.values(name))]
    marks = [name for name in numbers if normal(name) in LABEL.usual]
    if not _is_list(file) or len(times) != 1 or len(numbers) > len(marks):
        return None
    for name in marks:
        table = table.select(np.flatnonzero(as_labels(table.values(name), table.where)).tolist())
    column, index = table.column, list(table.names).index(times[0])
    names = ["start" if name == times[0] else name for name in table.names]
    last = len(names)
    return replace(table, names=[*names, "end"], column=lambda at: column(index if at == last else at))


def _may_have_bounds(file):
    """Whether one of the first lines of delimited values names starts and ends; of other tables that is not known."""
    if paths.suffix_of(file) not in DELIMITED:
        return True
    with opened(file) as stream:
        head = stream.read(HEAD)
    lines = head.decode(encoding_of(head) or "latin-1", "replace").lower().splitlines()
    return any("start" in line and "end" in line for line in lines[:LINES])


def _column(table, names):
    """The first column with one of the names, or else with a name that ends in the first of them."""
    exact = (name for word in names for name in table.names if normal(name) == word)
    return next(exact, next((name for name in table.names if normal(name).endswith(f" {names[0]}")), None))


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
    times = _times(table) if any(one.times is not None for one in recordings) else None
    split, words = split_in(file), _owner(file)
    owners = {one.name for one in recordings if words and _owner(one.name) == words}
    last = split if split in splits else "test" if "test" in splits else "train"
    used = np.zeros(len(table), bool)
    starts, ends = (table.values(_column(table, names)) for names in (STARTS, ENDS))
    are_points = starts == ends

    def marked(one):
        rows = [row for row in range(len(table)) if owner_names is None or _keys(owner_names[row]) & _keys(one.name)]
        windows = _windows(one, table, times, rows)
        used[list(windows)] = True
        return replace(one, windows=united([*(one.windows or ()), *windows.values()], are_points))

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
    """The name of the recording of each row, None if no column has names of recordings; and a note on one without."""
    columns = [name for word in NAMES for name in table.names if normal(name) == word]
    known = {key for one in recordings for key in _keys(one.name)}
    others = [name for name in table.names if name not in columns]
    for name, enough in [*((name, any) for name in columns), *((name, all) for name in others)]:
        cells = [item_name(cell) for cell in table.values(name)]
        if enough(_keys(cell) & known for cell in cells):
            return cells, []
    if not columns:
        return None, []
    return None, [f"{table.place}: {shorten(repr(columns[0]))} names none of the recordings, and is not used"]


def _keys(name):
    """What a recording may be called: its path, the name of its file, and this without the suffix."""
    path = Path(name.lower())
    return {str(path), path.name, without_suffix(path)}


def _bounds(table):
    """The starts of all rows, then their ends."""
    return [cell for names in (STARTS, ENDS) for cell in table.values(_column(table, names))]


def _times(table) -> Any:
    """The times of starts and ends, or whole numbers, which count steps."""
    return parse_times(_bounds(table), lambda index: table.where(index % len(table)))


def _windows(one, table, times, rows) -> dict[int, tuple[int, int]]:
    """The first and last step of the anomalies in some rows by row, of those that are in the recording."""
    stamps = np.arange(len(one))
    if one.times is None:
        bounds, bad = as_numbers(_bounds(table), table.comma)
        if len(bad) or np.isnan(bounds).any():
            row = int([*bad, *np.flatnonzero(np.isnan(bounds))][0]) % len(table)
            raise InputError(f"{table.where(row)}: {one.name} has numbers of steps: give starts and ends as these.")
    elif not dated(times):
        raise InputError(f"{table.where(0)}: {one.name} has times: give starts and ends as these.")
    else:
        own = parse_times(list(one.times), table.where)
        if (own.tz is None) != (times.tz is None):  # the clock on the wall counts
            own, times = own.tz_localize(None), times.tz_localize(None)
        bounds, stamps = times.asi8, own.asi8
    windows = {}
    for row in rows:
        left, right = bounds[row], bounds[row + len(table)]
        if right < left:
            raise InputError(f"{table.where(row)}: the anomaly ends before it begins: correct it.")
        inside = np.flatnonzero((stamps >= left) & (stamps <= right))
        if len(inside):
            windows[row] = (int(inside[0]), int(inside[-1]))
    return windows
