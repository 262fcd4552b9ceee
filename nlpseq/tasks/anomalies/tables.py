"""Recordings in files: tables of numbers with times and labels, and the folders of NAB."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.arrays import SUFFIXES, load_array
from nlpseq.data.files.blanks import read_columns
from nlpseq.data.files.columns import Role, find_columns
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.numbers import parse_numbers
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series import Columns, read_series
from nlpseq.data.series.reading import table_of
from nlpseq.data.series.times import dated, parse_times
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.tasks.anomalies.labels import with_labels
from nlpseq.tasks.anomalies.names import named_in
from nlpseq.tasks.anomalies.recordings import Recording, day_of, windows_of

CHANGES = ("changepoint", "changepoints", "change point")  # columns of marks that are no values
WINDOWS = ("combined_windows.json", "windows.json")  # of NAB's folder labels


def read_recordings(
    data: Any,
    time: Any = None,
    values: Any = None,
    label: Any = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    channels: Collection[str] = (),
) -> tuple[list[Recording], tuple[str, ...], tuple[str, ...]]:
    """The recordings of a table, the names of their channels, and notes.

    Args:
        data: Path of a table, or an object, as of `nlpseq.data.series.read_series`: a row for each time, columns of
            numbers, which are the channels, and a column of labels or none. Rows are taken in the order of their
            times; of rows with the same time the first is taken, if they are few.
        time, values, label: Columns, by name or by number from 1; `values` may be several, separated by commas.
            Default those with usual names, and all other columns of numbers as values; `label` may be "none".
        delimiter, encoding: Of files.
        channels: Names of the channels of other files, which are no labels.

    Raises:
        InputError: The file cannot be read so; the message names the line.
    """
    is_path = isinstance(data, (str, os.PathLike))
    table = _table_of(as_path(data), delimiter, encoding) if is_path else table_of(data)
    table, role = with_labels(table, label, values, channels)
    columns = Columns(time=time, value=values, others=() if role is None else (role,))
    table = read_series(table, columns, duplicates="few", grid=False, channels=True)
    others = tuple(name for name in table.values if normal(name) not in CHANGES)
    names = others if values is None and others else tuple(table.values)
    recordings, notes = [_recording(one, names, table.place) for one in table.series], table.notes
    unused = dict.fromkeys(name.partition("=")[0] for name in (*table.covariates, *table.statics))
    if values is None and (texts := [repr(name) for name in unused if normal(name) not in CHANGES]):
        notes = (*notes, f"{table.place}: columns without numbers are not used: {shorten(', '.join(texts))}")
    return recordings, names, notes


def _table_of(path, delimiter, encoding) -> Table:
    """The table of a file; of an array a column for each channel; of one line of numbers a column."""
    if paths.suffix_of(path) in SUFFIXES:
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
    return read_columns(content, str(path), delimiter)


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
