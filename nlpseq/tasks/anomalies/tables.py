"""Recordings in files: tables of numbers with times and labels, and the folders of NAB."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.arrays import load_array
from nlpseq.data.files.columns import Role, find_columns, the_only
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.delimited import read_delimited
from nlpseq.data.files.numbers import as_numbers, parse_numbers
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series import Columns, read_series
from nlpseq.data.series.header import with_header
from nlpseq.data.series.times import dated, parse_times
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.tasks.anomalies.names import named_in
from nlpseq.tasks.anomalies.recordings import Recording, day_of, windows_of

LABEL = Role("label", (
    "label", "labels", "anomaly", "is anomaly", "anomalies", "anomalous", "is anomalous", "outlier", "is outlier",
    "attack", "fault", "failure", "ground truth", "changepoint", "class", "normal/attack", "event",
))  # fmt: skip
CHANGES = ("changepoint", "changepoints", "change point")  # columns of marks that are no values
NORMAL, ANOMALOUS = (
    ("normal", "nominal", "no", "false", "n", "ok", "good", "benign"),
    ("anomaly", "attack", "yes", "true", "y"),
)
MOST_SHOWN = 10_000  # rows that tell what a column holds
MOST_KINDS = 99  # of anomalies that are numbered
WINDOWS = ("combined_windows.json", "windows.json")  # of NAB's folder labels


def read_recordings(
    data: Any,
    time: Any = None,
    values: Any = None,
    label: Any = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> tuple[list[Recording], tuple[str, ...], tuple[str, ...]]:
    """The recordings of a table, the names of their channels, and notes.

    Args:
        data: Path of a table, or an object, as of `nlpseq.data.series.read_series`: a row for each time, columns of
            numbers, which are the channels, and a column of labels or none. Rows are taken in the order of their
            times; of rows with the same time the first is taken, if they are few.
        time, values, label: Columns, by name or by number from 1; `values` may be several, separated by commas.
            Default those with usual names, and all other columns of numbers as values.
        delimiter, encoding: Of files.

    Raises:
        InputError: The file cannot be read so; the message names the line.
    """
    if isinstance(data, (str, os.PathLike)):
        data = _table_of(as_path(data), delimiter, encoding)
    role = LABEL if label is None else Role("label", (normal(label),))
    if isinstance(data, Table):
        data = _with_numbers(data, role, label)
    table = read_series(
        data,
        Columns(time=time, value=values, others=(role,)),
        duplicates="few",
        grid=False,
        channels=True,
        delimiter=delimiter,
        encoding=encoding,
    )
    channels = tuple(name for name in table.values if normal(name) not in CHANGES)
    return [_recording(one, channels, table.place) for one in table.series], channels, table.notes


def _table_of(path, delimiter, encoding) -> Table:
    """The table of a file; of an array a column for each channel; of one line of numbers a column."""
    if paths.suffix_of(path) == ".npy":
        columns = np.atleast_2d(load_array(path).T).tolist()
        names = [str(number) for number in range(1, len(columns) + 1)]
        return Table(str(path), names, lambda index: columns[index], range(1, len(columns[0]) + 1), "step", False)
    content = read_table(path, delimiter, encoding)
    if isinstance(content, Table):
        return content
    if named_in(path.name) is not None:
        cells = content.split()
        lines = range(1, len(cells) + 1)
        return Table(str(path), ["value"], lambda index: cells, lines, "value")
    return read_delimited(content, str(path), ".txt", delimiter)


def _with_numbers(table: Table, role: Role, label: Any) -> Table:
    """The table with words such as "Normal" and "Attack" in the column of labels as 0 and 1."""
    if not len(table):
        return table
    if table.header is None and {normal(column[0]) for column in map(table.column, range(len(table.names)))} & {
        *role.usual
    }:
        table = table.with_header()
    if label is None and _has_labels_last(table):
        table = replace(table, names=["value", "label"], header=True)
        table = table.with_note(f"{table.place}: the last column, of 0 and 1 alone, is taken for labels")
    names = [normal(name) for name in table.names]
    index = next((names.index(word) for word in role.usual if word in names), None)
    if index is None and label is not None:
        table, columns = find_columns(table, [role], {"label": label})
        index = list(table.names).index(columns["label"])
    if index is None and (index := _words_of_state(table)) is not None:
        table = with_header(table)
        names = [*table.names[:index], "label", *table.names[index + 1 :]]
        table = replace(table, names=names, header=True).with_note(
            f"{table.place}: `label` is the column {table.names[index]!r}"
        )
    if index is None:
        return table
    the_only(table, table.names[index], "label")
    column = table.column
    numbers = as_labels(column(index), table.where).tolist()
    kinds = sorted({str(cell).strip() for cell, number in zip(column(index), numbers) if number == 1})
    if len(kinds) > 1 or (kinds and normal(kinds[0]) not in ("1", "1.0", "-1", "-1.0", *ANOMALOUS)):
        table = table.with_note(f"{table.place}: anomalies are the labels {shorten(', '.join(map(repr, kinds)))}")
    return replace(table, column=lambda at: numbers if at == index else column(at))


def _words_of_state(table):
    """The only column of words of which one is "normal", else None."""
    shown = [set(map(str, table.column(index)[:MOST_SHOWN])) for index in range(len(table.names))]
    places = [index for index, cells in enumerate(shown) if _has_normal(cells)]
    return places[0] if len(places) == 1 else None


def _has_normal(cells):
    """Whether different cells are a few words of which one is "normal"; most columns, of numbers, are told at once."""
    if not any("normal" in cell.casefold() for cell in cells):
        return False
    words = set(map(normal, cells))
    return "normal" in words and len(words) <= MOST_KINDS


def _has_labels_last(table):
    """Whether a table of two columns without header has numbers, and beside them 0 and 1, of which 1 is rarer."""
    if len(table.names) != 2 or with_header(table).header:
        return False
    first, last = (as_numbers(table.column(index))[0] for index in (0, 1))
    return set(last.tolist()) == {0.0, 1.0} and last.mean() < 0.5 and len(np.unique(first)) > 2


def as_labels(cells: Sequence[Any], where: Callable[[int], str]) -> np.ndarray:
    """Cells as 0 or 1, int `(steps,)`: numbers, of which 0 and empty ones are normal, or words.

    Of -1 and 1 alone the rarer one is that of anomalies. Of words those such as "normal" are normal, and if there are
    some, all others are kinds of anomalies; so are whole numbers above 0, if most are 0.

    Raises:
        InputError: a cell is neither; `where` tells its place.
    """
    words = [normal(cell).strip(". ") for cell in cells]
    known = any(word in NORMAL for word in words)
    numbers = np.array([_as_label(cell, word, known) for cell, word in zip(cells, words)])
    most = MOST_KINDS if 2 * np.count_nonzero(numbers == 0) >= len(numbers) else 1
    bad = np.flatnonzero(~((numbers == np.round(numbers)) & (numbers >= -1) & (numbers <= most)))
    if len(bad):
        raise InputError(
            f"{where(int(bad[0]))}: expected a label of 0 or 1, got {shorten(repr(cells[bad[0]]), 40)}",
            "name the column of labels with `label`",
        )
    if set(numbers.tolist()) == {-1, 1}:  # of outlier detectors, some of which mark anomalies with -1: the rarer one
        numbers = numbers if (numbers == 1).mean() <= 0.5 else -numbers
    return np.clip(numbers, 0, 1).astype(int)


def _as_label(cell, word, known):
    """The number of a label, NaN for a word that is none; of other words beside normal ones 1."""
    if word in NORMAL or not word:
        return 0.0
    if word in ANOMALOUS:
        return 1.0
    try:
        return float(str(cell).strip())
    except ValueError:
        return 1.0 if known else np.nan


def _recording(series, channels, place):
    values = np.stack([series.columns[name] for name in channels], axis=1)
    labels = series.columns.get("label")
    windows = None if labels is None else windows_of(np.nan_to_num(labels) > 0)
    name = series.item or Path(place).name
    if labels is None and (window := named_in(name)) is not None and window.window and window.window[1] < len(series):
        windows = (window.window,)
    times = [str(time) for time in series.times] if dated(series.times) else None
    return Recording(name, values, windows, 0, times, _day(series.times))


def is_nab(path: Path) -> bool:
    """Whether a folder is one as of NAB: `data/` with tables, and `labels/combined_windows.json`."""
    return os.path.isdir(path / "data") and any(os.path.isfile(path / "labels" / name) for name in WINDOWS)


def read_nab(path: Path) -> list[Recording]:
    """The recordings of a folder as of NAB, all rows in the order of the files, which are not always that of times.

    Raises:
        InputError: A file is missing or has other columns; a window is outside of its series.
    """
    labels = next(path / "labels" / name for name in WINDOWS if os.path.isfile(path / "labels" / name))
    try:
        windows = dict(json.loads(read_text(labels)))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{labels} is no JSON object of windows ({error}): expected that of NAB.") from None
    files = [file for file in paths.files_below(path / "data") if paths.suffix_of(file) == ".csv"]
    names = [file.relative_to(path / "data").as_posix() for file in files]
    missing = sorted(set(windows) - set(names))
    if missing:
        raise InputError(f"{labels} has windows of {missing[0]}, which is not in {path / 'data'}: add it.")
    if not files:
        raise InputError(f"{path / 'data'} has no .csv file: expected those of the series.")
    return [_nab_recording(file, name, windows, labels) for file, name in zip(files, names)]


def _nab_recording(file, name, windows: Mapping[str, Any], labels):
    import pandas as pd

    table = read_table(file)
    if not isinstance(table, Table):
        raise InputError(f"{file} is no table: expected columns timestamp and value.")
    table, columns = find_columns(table, [Role("time", ("timestamp", "time")), Role("value", ("value",))], {})
    times = parse_times(table.values(columns["time"]), table.where)
    values = parse_numbers(table, columns["value"])
    stamps = np.asarray(getattr(times, "values", times))
    ranges = tuple(_range(pair, stamps, f"{labels}, {name}", pd) for pair in windows.get(name, ()))
    return Recording(name, values[:, np.newaxis], ranges, 0, [str(time) for time in times], _day(times))


def _day(times):
    """The steps of a day of times of pandas; 0 of counted steps."""
    return day_of(times.as_unit("s").asi8.astype(float)) if dated(times) else 0


def _range(pair, stamps, where, pd) -> tuple[int, int]:
    """The first and last index of a window that is given by its times."""
    try:
        left, right = (np.datetime64(pd.Timestamp(time)) for time in pair)
    except (TypeError, ValueError):
        raise InputError(f"{where}: expected windows of two times, got {shorten(repr(pair), 60)}.") from None
    if right < left:
        raise InputError(f"{where}: the window from {left} to {right} ends before it begins.")
    inside = np.flatnonzero((stamps >= left) & (stamps <= right))
    if not len(inside):
        raise InputError(f"{where}: the window from {left} to {right} is outside of the series.")
    return int(inside[0]), int(inside[-1])
