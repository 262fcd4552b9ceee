"""A table with a row for each series: its values are the columns of numbers, or a list in one cell."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from nlpseq.data.files.numbers import as_numbers, is_numeric, parse_numbers
from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.data.series.frequency import Frequency
from nlpseq.data.series.gridding import UNDATED
from nlpseq.data.series.items import FEW_KEYS, item_names
from nlpseq.data.series.missing import trimmed, with_values
from nlpseq.data.series.roles import ITEM, TIME, VALUE, Columns, given_columns, names_in
from nlpseq.data.series.series import Series, SeriesTable, on_grid
from nlpseq.data.series.times import dated, looks_like_times, parse_times
from nlpseq.errors import InputError, shorten

ROW_SERIES = 8  # columns of numbers from which a row is taken for a series
START = ("start", "start time", "start date", "start timestamp")


@dataclass(frozen=True)
class _Rows:
    """Series that are rows: a list of values for each, and of each covariate.

    Attributes:
        items: Name of each series.
        statics: Texts by name, one for each series.
        values: float64 `(times,)` of each series.
        covariates: By name, as the values.
        starts: Cells of the first times, if the table has them.
        names: Names of the columns of the values if they are times.
        frequency: Name of the step, if the table has it.
        horizon: Steps that are to be forecast, if the table says so; else 0.
    """

    items: list
    statics: dict[str, list]
    values: list[np.ndarray]
    covariates: dict[str, list[np.ndarray]]
    starts: list | None = None
    names: list[str] | None = None
    frequency: str | None = None
    horizon: int = 0


def series_of_rows(table: Table, columns: Columns, frequency: str | None, time_zone: str | None) -> SeriesTable | None:
    """The series of a table whose rows are series, arguments as of `read_series`; None if its rows are not."""
    rows = _rows_of_lists(table, columns) or _rows_of_numbers(table, columns)
    if rows is None:
        return None
    for row, values in enumerate(rows.values):
        if np.isinf(values).any():
            raise InputError(f"{table.where(row)}: a number is infinite: leave it empty if the value is missing.")
    times = _times(table, rows, time_zone)
    step = _step(table, rows, times, frequency)
    series = [_series(table, rows, row, times, step) for row in range(len(rows.items))]
    series, notes = with_values(table.place, series, ("value",))
    series = [trimmed(one, tuple(one.columns)) for one in series]
    covariates, statics = tuple(rows.covariates), tuple(rows.statics)
    notes = [table.note, *notes] if table.note else notes
    if frequency and not dated(times):
        notes.append(UNDATED.format(table.place))
    return SeriesTable(
        table.place, series, step, ("value",), covariates, statics, {}, tuple(notes), horizon=rows.horizon
    )


def _times(table, rows, time_zone):
    """The times of all columns, or the first time of each row; None if steps are only counted."""
    names = rows.names
    if names is not None:
        return parse_times(names, lambda index: f"{table.place}, column {names[index]!r}", time_zone)
    return None if rows.starts is None else parse_times(rows.starts, table.where, time_zone)


def _step(table, rows, times, frequency) -> Frequency:
    if not dated(times):
        return Frequency()
    name = frequency or rows.frequency
    if name:
        return Frequency.of(name)
    step = None if rows.names is None else Frequency.detect([times])
    if not step:
        raise InputError(f"{table.place}: the step between values is not known", "set `frequency`, such as h or D")
    return step


def _series(table, rows, row, times, step) -> Series:
    """The series of a row; covariates and values are as long as the longest of them."""
    columns = {"value": rows.values[row], **{name: cells[row] for name, cells in rows.covariates.items()}}
    length = max(map(len, columns.values()))
    columns = {name: np.concatenate([x, np.full(length - len(x), np.nan)]) for name, x in columns.items()}
    texts = {name: str(cells[row]) for name, cells in rows.statics.items()}
    item = rows.items[row]
    if rows.names is not None and step.unit and length:
        series, _ = on_grid(Series(item, times[:length], columns, texts), step, lambda line: table.place)
    else:
        first = 0 if times is None else times[0 if rows.names is not None else row]
        series = Series(item, step.times(first, length), columns, texts)
    return replace(series, lines=np.full(len(series), table.lines[row]))


def _rows_of_lists(table, columns) -> _Rows | None:
    """Rows whose cells are lists of values; None if no column holds lists."""
    lists = [name for index, name in enumerate(table.names) if _is_list(table.column(index)[0])]
    candidates = [name for name in lists if columns.value in (None, "") or normal(name) == normal(columns.value)]
    usual = next((word for word in VALUE.usual for name in candidates if normal(name) == word), None)
    value = next((name for name in candidates if usual is None or normal(name) == usual), None)
    if value is None:
        return None
    starts = next((name for name in table.names if normal(name) in (*START, normal(columns.time or "start"))), None)
    step = next((name for name in table.names if normal(name) in ("freq", "frequency")), None)
    ahead = next((name for name in table.names if normal(name) in ("horizon", "prediction length")), None)
    items, statics = _labels_of(table, columns, {*lists, starts, step, ahead})
    chosen = names_in(columns.covariates)
    covariates = {}
    rows = _list_columns(table, value).get(str(value))
    if rows is None:
        row = next((row for row, cell in enumerate(table.values(value)) if _numbers_of(cell) is None), 0)
        raise InputError(f"{table.where(row)}: {str(value)!r} must be a list of numbers, or null where one is missing.")
    for name in lists:
        if name == value or (chosen is not None and normal(name) not in map(normal, chosen)):
            continue
        numbers = _list_columns(table, name)
        if all(len(cell) >= len(row) for cells in numbers.values() for cell, row in zip(cells, rows)):
            covariates |= numbers
        else:  # as static categories are
            statics[str(name)] = [str(list(cell)) for cell in table.values(name)]
    first_times = None if starts is None else table.values(starts)
    frequency = step and str(table.values(step)[0])
    return _Rows(items, statics, rows, covariates, first_times, frequency=frequency, horizon=_horizon(table, ahead))


def _horizon(table, name):
    """The largest whole number of a column; 0 if there is none, or it holds others."""
    numbers = as_numbers(table.values(name))[0] if name is not None else np.zeros(0)
    return int(numbers.max()) if len(numbers) and (numbers >= 1).all() and (numbers == np.round(numbers)).all() else 0


def _is_list(cell):
    return isinstance(cell, (list, tuple)) or bool(getattr(cell, "shape", ()))


def _list_columns(table, name) -> dict[str, list[np.ndarray]]:
    """The numbers of a column of lists by row; of lists of lists, as of dynamic features, a column for each."""
    lists = [_numbers_of(cell) for cell in table.values(name)]
    rows = [row for row in lists if row is not None]
    unlike = any(row.ndim != rows[0].ndim or (row.ndim > 1 and len(row) != len(rows[0])) for row in rows)
    if unlike or len(rows) < len(lists):
        return {}
    if rows[0].ndim == 1:
        return {str(name): rows}
    return {f"{name} {number + 1}": [row[number] for row in rows] for number in range(len(rows[0]))}


def _numbers_of(cell):
    """The numbers of a list, None if it is none, or holds something else."""
    if not _is_list(cell):
        return None
    try:
        return _numbers(cell)
    except (TypeError, ValueError):
        return None


def _numbers(cell):
    if len(cell) and _is_list(cell[0]):
        return np.stack([_numbers(part) for part in cell])
    return np.array([np.nan if is_missing(value) or value == "NaN" else float(value) for value in cell], float)


def _rows_of_numbers(table, columns) -> _Rows | None:
    """Rows whose columns of numbers are the steps; None if the columns do not look so."""
    if columns.time not in (None, ""):
        return None
    texts, numbers = [], []
    for index, name in enumerate(table.names):
        (numbers if is_numeric(table.column(index)) else texts).append(name)
    if any(looks_like_times(table.values(name)) for name in texts):
        return None
    dated = [name for name in table.names if looks_like_times([str(name)]) or re.fullmatch(r"[12]\d{3}", str(name))]
    times = None
    if len(dated) >= max(2, 0.5 * len(table.names)):
        numbers, times = dated, [str(name) for name in dated]
    elif {normal(name) for name in table.names} & {*VALUE.usual, *TIME.usual[:7]}:
        return None
    else:
        keys = texts or [name for name in numbers if normal(name) in ITEM.usual]
        numbers = [name for name in numbers if name not in keys]
        numbers = numbers and _numbered_alike(numbers)
        in_turn = len(numbers) > 1 and all(re.search(r"\d$" if texts else r"^\d+$", str(name)) for name in numbers)
        many = bool(texts) and len(numbers) >= ROW_SERIES
        if not keys or not numbers or not _is_different(table, keys[0]) or not (in_turn or many):
            return None
    items, statics = _labels_of(table, columns, set(numbers))
    cells = np.stack([parse_numbers(table, name) for name in numbers], axis=1)
    rows = [row[: _length(row)] for row in cells]
    return _Rows(items, statics, rows, {}, names=times)


def _is_different(table, name):
    """Whether no value of a column occurs twice."""
    return len(set(map(str, table.values(name)))) == len(table)


def _numbered_alike(names):
    """The names without those that stand before a run of numbered ones: latitude, longitude, d_1, d_2, ..."""
    stems = [re.sub(r"\d+$", "", str(name)) for name in names]
    common = max(set(stems), key=stems.count)
    return [name for name, stem in zip(names, stems) if stem == common] if stems.count(common) > 1 else names


def _labels_of(table, columns, values):
    """The item and the texts of each row: the given columns, the one with a usual name, or the first; the others."""
    others = [name for name in table.names if name not in values]
    keys = given_columns(table, ITEM, columns.item)
    if not keys:
        usual = [name for name in others if normal(name) in ITEM.usual] or others
        keys = next(([name] for name in usual if _is_different(table, name)), None)
        keys = keys or others[:FEW_KEYS]
    items = item_names(table, keys) if keys else [str(number) for number in range(1, len(table) + 1)]
    if len(set(items)) < len(items):
        repeated = next(row for row in range(len(items)) if items[row] in items[:row])
        raise InputError(f"{table.where(repeated)}: the series {shorten(repr(items[repeated]))} occurs twice.")
    statics = {name: [str(cell) for cell in table.values(name)] for name in others if name not in keys}
    most = max(3, len(items))
    kept_names = [name for name in statics if name in columns.read_statics or 1 < len(set(statics[name])) < most]
    return items, {name: statics[name] for name in kept_names}


def _length(row):
    """The length of a row without the missing values at its end."""
    places = np.flatnonzero(~np.isnan(row))
    return int(places[-1]) + 1 if len(places) else 0
