"""`read_series`: from a file, a frame or rows to a table with its header, and to series."""

from __future__ import annotations

import numbers
import os
from pathlib import Path
from typing import Any, get_args

import numpy as np

from nlpseq.data.files import arrays, paths
from nlpseq.data.files.blanks import read_columns
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, by_split
from nlpseq.data.files.tsf import read_tsf
from nlpseq.data.series.calendar_columns import unfolded
from nlpseq.data.series.file_series import of_files
from nlpseq.data.series.header import with_header
from nlpseq.data.series.roles import Columns
from nlpseq.data.series.row_series import series_of_rows
from nlpseq.data.series.series import Duplicates, SeriesTable
from nlpseq.data.series.time_rows import series_of_times
from nlpseq.data.series.two_headers import long_frame, long_table
from nlpseq.errors import InputError, one_of
from nlpseq.paths import as_path

KINDS = ((*paths.TABLES, ".txt", ".tsf"), arrays.SUFFIXES)  # of files of series


def read_series(
    data: Any,
    columns: Columns | None = None,
    *,
    frequency: str | None = None,
    time_zone: str | None = None,
    duplicates: Duplicates = "error",
    grid: bool = True,
    channels: bool = False,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> SeriesTable:
    """Reads series from a file, a frame or rows.

    Shapes: long, a row for each time (and item), with covariates or without; wide, a column for each series, with
    times or without; wide, a row for each series, whose columns are times or only numbered, or one cell holds the list
    of all values.

    Args:
        data: Path of a CSV, TSV, Parquet, Excel, JSON or .tsf file; a frame of pandas or Polars, whose index may be the
            times; a list of rows or a dict of columns; or a `nlpseq.data.files.table.Table`.
        columns: Which columns are meant. Default those with usual names.
        frequency: Name of the step, as of pandas. Default the step that is found.
        time_zone: Zone of times without one, or to which the others are converted. Default that of the file.
        duplicates: As of `in_order`.
        grid: Whether series get equal steps, with NaN where a time is missing; else their times stay as they are.
        channels: Whether columns of numbers are channels of one series, else series of their own.
        delimiter, encoding: Of files, as of the other readers.

    Returns:
        `SeriesTable`; its notes have not been printed.

    Raises:
        InputError: the data cannot be read as series; the message names the line.

    Example:

    >>> table = read_series({"day": ["2024-01-01", "2024-01-03", "2024-01-02"], "y": [1.0, 3.0, 2.0]})
    >>> table.series[0].columns["value"].tolist(), table.frequency.name, table.notes
    ([1.0, 2.0, 3.0], 'D', ('the dict: 1 row stands after a later one: times are sorted',))
    """
    one_of("duplicates", duplicates, get_args(Duplicates))
    columns, frequency = columns or Columns(), frequency and frequency.strip()
    table = unfolded(long_table(with_header(table_of(data, delimiter, encoding))), columns)
    if not len(table):
        raise InputError(f"{table.place} holds no rows: expected times and numbers.")
    rows = series_of_rows(table, columns, frequency, time_zone)
    if rows is not None:
        return rows
    return series_of_times(table, columns, frequency, time_zone, duplicates, grid, channels)


def split_tables(path: Path, delimiter: str | None = None, encoding: str | None = None) -> dict[str, Table]:
    """The tables by split of a file, perhaps with a column of splits, or of a folder.

    The folder has a file, or a folder with one file, for each split, or several files with the same columns.
    """
    if not os.path.isdir(path):
        return by_split(table_of(path, delimiter, encoding))
    files = _tables_in(path)
    folders = {paths.split_of(inner.name): inner for inner in paths.listed(path) if os.path.isdir(inner)}
    if "train" in folders and not paths.files_by_split(files, path):
        inner = {split: _tables_in(folder) for split, folder in folders.items() if split}
        if all(len(tables) == 1 for tables in inner.values()):
            return {split: table_of(tables[0], delimiter, encoding) for split, tables in inner.items()}
    try:
        chosen = paths.split_files(path, files, "train.csv")
    except InputError:
        if any(paths.split_of(file.name) for file in files):
            raise
        whole = of_files(path, files, [with_header(table_of(file, delimiter, encoding)) for file in files])
        if whole is None:
            raise
        return by_split(whole)
    return {split: table_of(file, delimiter, encoding) for split, file in chosen.items()}


def _tables_in(folder):
    """The tables of a folder, or its arrays if there are no tables, or if only arrays have training in a name."""
    files = [file for file in paths.files_in(folder) if not paths.is_about(file)]
    return paths.of_one_kind({file: paths.split_of(file.name) for file in files}, KINDS)


def table_of(data: Any, delimiter: str | None = None, encoding: str | None = None) -> Table:
    """The table of a file or an object, whose header may still have to be found."""
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, os.PathLike)):
        path = as_path(data)
        if paths.suffix_of(path) == ".tsf":
            return read_tsf(read_text(path, encoding), str(path))
        if paths.suffix_of(path) in arrays.SUFFIXES:
            return _of_array(arrays.load_array(path, most_axes=3), str(path))
        content = read_table(path, delimiter, encoding)
        return content if isinstance(content, Table) else read_columns(content, str(path), delimiter)
    from nlpseq.data.files import objects

    return objects.training_table(_of_numbers(_with_index(data)))


def _of_array(array, place):
    """The table of an array `(steps,)`, `(steps, series)` or `(steps, series, features)`, of which the first counts."""
    values = array[..., 0] if array.ndim == 3 else array.reshape(len(array), -1)
    names = ["value"] if values.shape[1] == 1 else [str(number) for number in range(1, values.shape[1] + 1)]
    table = columns_table(place, dict(zip(names, values.T.tolist())))
    if array.ndim < 3 or array.shape[2] == 1:
        return table
    return table.with_note(f"{place} is {' x '.join(map(str, array.shape))} numbers: the first of the last axis counts")


def _of_numbers(data):
    """Values alone as one column; arrays of unequal length, or a list of arrays, as a series each."""
    rows = data.tolist() if hasattr(data, "tolist") and not hasattr(data, "columns") else data
    if isinstance(rows, (list, tuple)) and rows and all(isinstance(one, numbers.Number) for one in rows):
        return {"value": list(rows)}
    items = dict(enumerate(data, start=1)) if isinstance(data, list) else data
    if not isinstance(items, dict) or not items or not all(_is_series(one) for one in items.values()):
        return data
    if isinstance(data, dict) and len({len(one) for one in data.values()}) == 1:
        return data
    return [{"item": str(name), "value": np.asarray(one, float).tolist()} for name, one in items.items()]


def _is_series(values):
    """Whether values are an array of numbers, of NumPy or pandas."""
    return getattr(values, "ndim", 0) == 1 and getattr(getattr(values, "dtype", None), "kind", "") in ("f", "i", "u")


def _with_index(data):
    """A frame of pandas whose times are its index, with these as a column; a series of pandas as a frame."""
    if type(data).__module__.startswith("pandas") and hasattr(data, "index"):
        if not hasattr(data, "columns"):
            data = data.to_frame(data.name or "value")
        data = long_frame(data)
        if type(data.index).__name__ != "RangeIndex":
            names = [name or ("time" if number == len(data.index.names) - 1 else "item")
                     for number, name in enumerate(data.index.names)]  # fmt: skip
            data = data.rename_axis(names).reset_index()
    return data
