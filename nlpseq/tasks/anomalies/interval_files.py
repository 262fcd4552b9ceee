"""Which files of a folder list anomalies: tables of starts and ends, lists of times, and windows as of NAB."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.contents import encoding_of, opened, read_text
from nlpseq.data.files.numbers import is_numeric
from nlpseq.data.files.table import Table, normal, rows_table
from nlpseq.data.files.values import is_number
from nlpseq.data.series.header import with_header
from nlpseq.data.series.times import looks_like_times, parse_times
from nlpseq.errors import InputError
from nlpseq.tasks.anomalies.intervals import ENDS, STARTS, bounds
from nlpseq.tasks.anomalies.labels import LABEL, as_labels

Reader = Callable[[Path], Table | str]  # of a file, as of `read_table`, with the options of the user
LISTS = frozenset(("anomalies", "events", "faults", "attacks", "incidents"))  # in names of lists of times
DELIMITED = (".csv", ".tsv", ".tab", ".psv")
FEWEST_ROWS = 10  # of measured values of periods with a start and an end
HEAD, LINES = 1 << 13, 12  # bytes and lines that tell whether a file of delimited values has starts and ends


def find_intervals(
    eventful: Sequence[Path], rest: Sequence[Path], read: Reader
) -> tuple[dict[Path, Table], dict[Path, Table]]:
    """Those of the files that are tables of starts and ends, and other tables that were read to tell; both by file.

    Of the files whose name does not tell that they are about anomalies, those with a row for each period are none.
    """
    intervals, others = {}, {}
    for file in (*eventful, *rest):
        if paths.suffix_of(file) not in paths.TABLES:
            continue
        if (windows := _windows_in(file)) is not None:
            intervals[file] = windows
            continue
        try:
            content = read(file) if _may_have_bounds(file) or is_list(file) else None
        except InputError:  # it is refused where it is read as something else
            continue
        table = with_header(content) if isinstance(content, Table) else None
        if table is not None and bounds(table) is not None and not (file in rest and _has_equal_steps(table)):
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
    if not isinstance(windows, dict) or not all(isinstance(parts, list) for parts in windows.values()):
        return None
    if {normal(name) for name in windows} & {*STARTS, *ENDS}:
        return None
    rows = [
        [name, *(part if isinstance(part, list) else (part, part) if isinstance(part, str) else ())]
        for name, parts in windows.items()
        for part in parts
    ]
    cells = [cell for row in rows for cell in row[1:]]
    if not rows or any(len(row) != 3 for row in rows) or not (looks_like_times(cells) or all(map(is_number, cells))):
        return None
    table = rows_table(str(file), rows, range(1, len(rows) + 1), unit="window", header=True)
    return replace(table, names=["name", "start", "end"])


def _has_equal_steps(table):
    """Whether most rows of a table of starts and ends begin one step behind the one before, as measured values do."""
    starts, _ = bounds(table) or ([], [])
    if len(starts) < FEWEST_ROWS:
        return False
    try:
        times = parse_times(starts, table.where)
    except InputError:
        return False
    _, counts = np.unique(np.diff(np.asarray(times, np.int64)), return_counts=True)
    return 2 * counts.max() > len(starts)


def is_list(file: Path) -> bool:
    """Whether a name tells that a file may list the times of anomalies: "anomalies.csv"."""
    return not LISTS.isdisjoint(paths.words_of(file.stem))


def _points(table, file) -> Table | None:
    """A table of the times of anomalies, which has no numbers but labels, with these as starts and ends; else None."""
    times = [name for name in table.names if looks_like_times(table.values(name))]
    numbers = [name for name in table.names if name not in times and is_numeric(table.values(name))]
    marks = [name for name in numbers if normal(name) in LABEL.usual]
    if not is_list(file) or len(times) != 1 or len(numbers) > len(marks):
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
