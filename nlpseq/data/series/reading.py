"""Which columns of a table are times, items, values and covariates; long and wide tables to series."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import paths
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.delimited import read_delimited
from nlpseq.data.files.numbers import is_numeric, parse_numbers
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Role, Table, by_split, find_columns, is_missing, normal
from nlpseq.data.files.tsf import read_tsf
from nlpseq.data.series.columns import spread_times
from nlpseq.data.series.frequency import Frequency, counted
from nlpseq.data.series.series import Duplicates, Series, SeriesTable, in_order, on_grid
from nlpseq.data.series.times import looks_like_times, parse_times
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path

TIME = Role("time", (
    "time", "timestamp", "date", "datetime", "date time", "ds", "time stamp", "period", "day", "month", "week",
    "quarter", "year", "hour", "t", "step", "index", "unnamed: 0", "timestamps", "dates",
    "ts", "epoch", "unix time", "unixtime", "datum", "zeit", "fecha", "date time utc", "utc",
))  # fmt: skip
ITEM = Role("item", (
    "item", "item id", "unique id", "series", "series id", "series name", "ts id", "id", "name", "sensor", "station",
    "meter", "sku", "product", "product id", "store", "store id", "store nbr", "shop", "dept", "department", "family",
    "category", "country", "state", "province", "region", "city", "location", "site", "symbol", "ticker", "customer",
    "machine", "household", "building", "building id", "page", "variable",
))  # fmt: skip
VALUE = Role("value", (
    "value", "values", "y", "target", "x", "data", "sales", "weekly sales", "unit sales", "units sold", "units",
    "num sold", "demand", "quantity", "qty", "count", "cnt", "orders", "load", "consumption", "close", "observation",
    "measurement", "traffic volume", "visits", "passengers", "#passengers", "revenue", "turnover", "amount", "price",
))  # fmt: skip
FEW_KEYS = 4  # columns that name an item together, at most
MOST_CATEGORIES = 30  # of a covariate of texts
ROW_SERIES = 8  # columns of numbers from which a row is taken for a series
ROW_NUMBERS = ("no", "no.", "nr", "row", "row id", "index", "unnamed: 0", "#")  # names of columns that count rows
LONG_ENOUGH = 10  # times from which the step of a single series is known
START = ("start", "start time", "start date", "start timestamp")


@dataclass(frozen=True)
class Columns:
    """Which columns are meant, by name or by number from 1; None to find them out.

    Attributes:
        time, item, value: One column each; `item`, and `time` with a date and a time of day, may be several, as a
            tuple or separated by commas. `value` may be several channels with `channels`.
        covariates: Names of columns of numbers or categories that are kept beside the values; None for all.
        others: Further columns by role, such as labels, which are kept as numbers if they are there.
    """

    time: Any = None
    item: Any = None
    value: Any = None
    covariates: Any = None
    others: tuple[Role, ...] = ()


def read_series(
    data: Any,
    columns: Columns = Columns(),
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
    table = _named_columns(_table_of(data, delimiter, encoding))
    if not len(table):
        raise InputError(f"{table.place} holds no rows: expected times and numbers.")
    found = _lists(table, columns) or _rows(table, columns)
    if found is None:
        return _in_columns(table, columns, frequency, time_zone, duplicates, grid, channels)
    return _of_rows(table, found, frequency, time_zone)


def split_tables(path: Path, delimiter: str | None = None, encoding: str | None = None) -> dict[str, Table]:
    """The tables of a file, perhaps with a column of splits, or of a folder with a file for each split, by split."""
    if not os.path.isdir(path):
        return by_split(_table_of(path, delimiter, encoding))
    files = [file for file in paths.files_in(path) if paths.suffix_of(file) in (*paths.TABLES, ".txt", ".tsf")]
    found = paths.split_files(path, files, "train.csv, or one file of any name")
    return {split: _table_of(file, delimiter, encoding) for split, file in found.items()}


def _table_of(data, delimiter, encoding) -> Table:
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, os.PathLike)):
        path = as_path(data)
        if paths.suffix_of(path) == ".tsf":
            return read_tsf(read_text(path, encoding), str(path))
        content = read_table(path, delimiter, encoding)
        return content if isinstance(content, Table) else read_delimited(content, str(path), ".txt", delimiter)
    from nlpseq.data.files import objects

    return objects.tables_of(_with_index(data))["train"]


def _with_index(data):
    """A frame of pandas whose times are its index, with these as a column; a series of pandas as a frame."""
    if type(data).__module__.startswith("pandas") and hasattr(data, "index"):
        if not hasattr(data, "columns"):
            data = data.to_frame(data.name or "value")
        if type(data.index).__name__ != "RangeIndex":
            names = [name or ("time" if number == len(data.index.names) - 1 else "item")
                     for number, name in enumerate(data.index.names)]  # fmt: skip
            data = data.rename_axis(names).reset_index()
    return data


def _named_columns(table: Table) -> Table:
    """The table with its header: the first row unless it holds numbers that are no names."""
    if table.header is not None or not len(table):
        return table if table.header is not False else _numbered(table)
    cells = [str(table.column(index)[0] or "").strip() for index in range(len(table.names))]
    numbers = [cell for cell in cells if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", cell, re.IGNORECASE)]
    counted = cells in ([str(n) for n in range(len(cells))], [str(n) for n in range(1, len(cells) + 1)])
    if counted and len(cells) > 2:
        return table.with_header()
    if numbers or (len(table) > 1 and looks_like_times(cells[:1]) and len(cells) == 1):
        named = any(normal(cell) in (*TIME.usual, *ITEM.usual, *VALUE.usual) for cell in cells)
        dated = len(numbers) < len(cells) and len(cells) > ROW_SERIES and not _is_number(cells[0])
        later = [str(cell).strip() for cell in table.column(len(cells) - 1)[1:3]]
        if not (named or (dated and not looks_like_times(cells[:1]) and cells[-1] not in later and _ascending(cells))):
            return _numbered(table)
    elif looks_like_times(cells[:1]) and len(cells) > 1 and is_numeric(cells[1:]):
        return _numbered(table)
    return table.with_header()


def _ascending(cells):
    """Whether the numbers among cells increase, as those of names of columns do."""
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    return len(numbers) > 1 and all(a < b for a, b in itertools.pairwise(numbers))


def _is_number(text):
    return re.fullmatch(r"[+-]?\d+\.?\d*", text) is not None


def _numbered(table):
    return replace(table, header=False)


# A row for each series


def _lists(table: Table, columns: Columns):
    """Items, texts, values, covariates and starts of rows whose cells are lists of values, else None."""
    lists = [name for index, name in enumerate(table.names) if _is_list(table.column(index)[0])]
    wished = [name for name in lists if columns.value in (None, "") or normal(name) == normal(columns.value)]
    value = next((word for word in VALUE.usual for name in wished if normal(name) == word), None)
    value = next((name for name in wished if value is None or normal(name) == value), None)
    if value is None:
        return None
    starts = next((name for name in table.names if normal(name) in (*START, normal(columns.time or "start"))), None)
    named = next((name for name in table.names if normal(name) in ("freq", "frequency")), None)
    given = None if named is None else table.values(named)
    items, statics = _labels_of(table, columns, {*lists, starts, named})
    kept = _several(columns.covariates)
    covariates = {}
    rows = _list_columns(table, value).get(str(value))
    if rows is None:
        row = next((row for row, cell in enumerate(table.values(value)) if _numbers_of(cell) is None), 0)
        raise InputError(f"{table.where(row)}: {str(value)!r} must be a list of numbers, or null where one is missing.")
    for name in lists:
        if name == value or (kept is not None and normal(name) not in map(normal, kept)):
            continue
        found = _list_columns(table, name)
        if all(len(cell) >= len(row) for cells in found.values() for cell, row in zip(cells, rows)):
            covariates |= found
        else:  # as static categories are
            statics[str(name)] = [str(list(cell)) for cell in table.values(name)]
    return _Rows(
        items,
        statics,
        rows,
        covariates,
        starts and table.values(starts),
        None,
        None if given is None else str(given[0]),
    )


@dataclass(frozen=True)
class _Rows:
    """Series that are rows: a list of values for each, and of each covariate.

    `starts` are the cells of the first times, `names` the times of the columns, `frequency` is that of the file.
    """

    items: list
    statics: dict[str, list]
    values: list[np.ndarray]
    covariates: dict[str, list[np.ndarray]]
    starts: Any
    names: list[str] | None
    frequency: str | None


def _is_list(cell):
    return isinstance(cell, (list, tuple)) or bool(getattr(cell, "shape", ()))


def _list_columns(table, name) -> dict[str, list[np.ndarray]]:
    """The numbers of a column of lists by row; of lists of lists, as of dynamic features, a column for each."""
    found = [_numbers_of(cell) for cell in table.values(name)]
    rows = [row for row in found if row is not None]
    unlike = any(row.ndim != rows[0].ndim or (row.ndim > 1 and len(row) != len(rows[0])) for row in rows)
    if unlike or len(rows) < len(found):
        return {}
    if rows[0].ndim == 1:
        return {str(name): rows}
    return {f"{name} {number + 1}": [row[number] for row in rows] for number in range(len(rows[0]))}


def _numbers_of(cell):
    """The numbers of a list, None if it holds something else."""
    try:
        return _numbers(cell)
    except (TypeError, ValueError):
        return None


def _numbers(cell):
    if len(cell) and _is_list(cell[0]):
        return np.stack([_numbers(part) for part in cell])
    return np.array([np.nan if is_missing(value) or value == "NaN" else float(value) for value in cell], float)


def _rows(table: Table, columns: Columns):
    """Item, start, values and the times of the columns of rows that are series, else None."""
    if columns.time not in (None, ""):
        return None
    texts, numbers = [], []
    for index, name in enumerate(table.names):
        (numbers if is_numeric(table.column(index)) else texts).append(name)
    if any(looks_like_times(table.values(name)) for name in texts):
        return None
    dated = [name for name in table.names if looks_like_times([str(name)]) or re.fullmatch(r"[12]\d{3}", str(name))]
    if len(dated) >= max(2, 0.5 * len(table.names)):
        numbers = dated
    elif not texts or not numbers or {normal(name) for name in table.names} & {*VALUE.usual, *TIME.usual[:7]}:
        return None
    else:
        numbers = _numbered_alike(numbers)
        in_turn = len(numbers) > 1 and all(re.search(r"\d$", str(name)) for name in numbers)
        if not _is_different(table, texts[0]) or (len(numbers) < ROW_SERIES and not in_turn):
            return None
    items, statics = _labels_of(table, columns, set(numbers))
    cells = np.stack([parse_numbers(table, name) for name in numbers], axis=1)
    rows = [row[: _end(row)] for row in cells]
    times = [str(name) for name in dated] if len(dated) >= max(2, 0.5 * len(table.names)) else None
    return _Rows(items, statics, rows, {}, None, times, None)


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
    given = _several(columns.item)
    if given:
        keys = [find_columns(table, [ITEM], {"item": name})[1]["item"] for name in given]
    else:
        usual = [name for name in others if normal(name) in ITEM.usual] or others
        keys = next(([name] for name in usual if _is_different(table, name)), None)
        keys = keys or others[:FEW_KEYS]
    items = _joined(table, keys) if keys else [str(number) for number in range(1, len(table) + 1)]
    repeated = (
        next((row for row in range(len(items)) if items[row] in items[:row]), None)
        if len(set(items)) < len(items)
        else None
    )
    if repeated is not None:
        raise InputError(f"{table.where(repeated)}: the series {shorten(repr(items[repeated]))} is there twice.")
    statics = {name: [str(cell) for cell in table.values(name)] for name in others if name not in keys}
    statics = {name: cells for name, cells in statics.items() if 1 < len(set(cells)) < max(3, len(cells))}
    return items, statics


def _end(row):
    """The length of a row without the missing values at its end."""
    there = np.flatnonzero(~np.isnan(row))
    return int(there[-1]) + 1 if len(there) else 0


def _of_rows(table, found: _Rows, frequency, time_zone):
    names = found.names
    for row, values in enumerate(found.values):
        if np.isinf(values).any():
            raise InputError(f"{table.where(row)}: a number is infinite: leave it empty if the value is missing.")
    times = None
    if names is not None:
        times = parse_times(names, lambda index: f"{table.place}, column {names[index]!r}", time_zone)
    elif found.starts is not None:
        times = parse_times(found.starts, table.where, time_zone)
    step = Frequency()
    if times is not None and not isinstance(times, np.ndarray):
        given = frequency or found.frequency
        step = Frequency.of(given) if given else names is not None and Frequency.found([times])
        if not step:
            raise InputError(f"{table.place}: the step between values is not known: set `frequency`, such as h or D.")
    series, empty = [], []
    for row, (item, values) in enumerate(zip(found.items, found.values)):
        columns = {"value": values, **{name: rows[row] for name, rows in found.covariates.items()}}
        length = max(map(len, columns.values()))
        columns = {name: np.concatenate([x, np.full(length - len(x), np.nan)]) for name, x in columns.items()}
        first = 0 if times is None else times[0 if names is not None else row]
        texts = {name: str(cells[row]) for name, cells in found.statics.items()}
        if names is not None and step.unit and length:
            one, _ = on_grid(Series(item, times[:length], columns, texts), step, lambda line: table.place)
        else:
            one = Series(item, step.times(first, length), columns, texts)
        one = replace(one, lines=np.full(len(one), table.lines[row]))
        if np.isfinite(values).any():
            series.append(_trimmed(one, tuple(columns)))
        else:
            empty.append(item)
    _check_some(table, series)
    said = tuple(_left_out(table, empty))
    covariates, statics = tuple(found.covariates), tuple(found.statics)
    return SeriesTable(table.place, series, step, ("value",), covariates, statics, {}, said)


# A row for each time


def _in_columns(table, columns, frequency, time_zone, duplicates, grid, channels):
    said: list[str] = []
    time_names, cells = _times(table, columns)
    times = None if cells is None else parse_times(cells, table.where, time_zone)
    others = {role.argument: _usual(table, role) for role in columns.others}
    taken = {*time_names, *others.values()} - {None}
    numeric = [n for i, n in enumerate(table.names) if n not in taken and is_numeric(table.column(i))]
    keys = _keys(table, columns, times, taken, numeric)
    numeric = [name for name in numeric if name not in keys and (times is None or normal(name) not in ROW_NUMBERS)]
    values, wide = _value_columns(table, columns, keys, taken, numeric, channels, said)
    rest = [n for n in table.names if n not in {*keys, *values, *taken} and not str(n).startswith("__index_level")]
    kept = _several(columns.covariates)
    if kept is not None:
        rest = [find_columns(table, [Role("covariates", ())], {"covariates": name})[1]["covariates"] for name in kept]
    items = _joined(table, keys) if keys else ["" for _ in table.lines]
    groups = _groups(items)
    numbers = {name: parse_numbers(table, name) for name in values}
    numbers |= {name: parse_numbers(table, other) for name, other in others.items() if other is not None}
    covariates, statics = _rest(table, rest, groups, numeric, said)
    if wide:
        covariates = {}
    raw = []
    for item, rows in groups.items():
        stamps = np.asarray(rows) if times is None else times[rows]
        cells = {name: column[rows] for name, column in {**numbers, **covariates}.items()}
        texts = {name: cells_of[rows[0]] for name, cells_of in statics.items()}
        raw.append(Series(item, stamps, cells, texts, np.asarray(table.lines)[rows]))
    if times is None:
        raw = [replace(one, times=np.arange(len(one))) for one in raw]
    where = lambda line: f"{table.place}, {table.unit} {line}" if line else table.place  # noqa: E731
    ordered, moved, merged = [], 0, 0
    for one in raw:
        one, unsorted, same = in_order(one, where, duplicates, tuple(values))
        ordered.append(one)
        moved, merged = moved + unsorted, merged + same
    if moved:
        plural = "s stand" if moved > 1 else " stands"
        said.append(f"{table.place}: {moved:,} row{plural} after a later one: times are sorted")
    if merged:
        said.append(f"{table.place}: {merged:,} rows repeat a time and are merged")
    step = None
    if grid:
        step, ordered = _gridded(table, ordered, frequency, times, where, duplicates, said)
    names = {
        "time": time_names[0] if len(time_names) == 1 else "",
        "item": ", ".join(map(str, keys)),
        "value": values[0] if len(values) == 1 else "",
    }
    names = {role: str(name) for role, name in names.items() if name}
    if wide and not channels:
        series = [
            replace(one, item=_item_name(one.item, name), columns={"value": one.columns[name]})
            for one in ordered
            for name in values
        ]
        value_names: tuple[str, ...] = ("value",)
        names.pop("value", None)
    elif channels:
        series, value_names = ordered, tuple(values)
    else:
        renamed = lambda cells: {"value" if name == values[0] else name: cells[name] for name in cells}  # noqa: E731
        series, value_names = [replace(one, columns=renamed(one.columns)) for one in ordered], ("value",)
    full = [one for one in series if any(np.isfinite(one.columns[name]).any() for name in value_names)]
    there = {id(one) for one in full}
    said += _left_out(table, [one.item for one in series if id(one) not in there])
    _check_some(table, full)
    if grid:
        full = [_trimmed(one, (*value_names, *covariates)) for one in full]
        ends = {one.times[-1] for one in full}
        if len(ends) > 1:
            said.append(f"{table.place}: the series end at {len(ends):,} different times")
    return SeriesTable(table.place, full, step, value_names, tuple(covariates), tuple(statics), names, tuple(said))


def _item_name(item, name):
    return f"{item}, {name}" if item else str(name)


def _times(table, columns) -> tuple[list[str], list | None]:
    """The columns of the times, and the time of each row; none and None if steps are only counted."""
    given = _several(columns.time)
    if given is not None:
        names = [find_columns(table, [TIME], {"time": name})[1]["time"] for name in given]
        parts = [table.values(name) for name in names]
        return names, parts[0] if len(parts) == 1 else [
            " ".join(str(cell).strip() for cell in row) for row in zip(*parts)
        ]
    if (found := spread_times(table)) is not None:
        return found
    name = _time_column(table)
    return ([], None) if name is None else ([name], table.values(name))


def _time_column(table):
    dated = [name for name in table.names if looks_like_times(table.values(name))]
    usual = _usual(table, TIME)
    if usual is not None and (usual in dated or not dated):
        cells = table.values(usual)
        strictly = normal(usual) in TIME.usual[:8] or (len(table.names) > 1 and _counts(cells))
        return usual if usual in dated or strictly else None
    return dated[0] if dated else None


def _counts(cells):
    """Whether cells are whole numbers, as years and steps are."""
    try:
        numbers = np.array([float(cell) for cell in cells])
    except (TypeError, ValueError):
        return False
    return bool((numbers == np.round(numbers)).all())


def _usual(table, role):
    if table.header is False:
        return None
    names = {normal(name): name for name in reversed(table.names)}
    return next((names[word] for word in role.usual if word in names), None)


def _several(given):
    """The names in an argument that may be one, several in a string with commas, or a sequence; None if not given."""
    if given is None or given == "":
        return None
    if isinstance(given, (str, int)):
        return [part.strip() for part in str(given).split(",")]
    return list(given)


def _keys(table, columns, times, taken, numeric):
    """The columns that name the item: the given ones; else as many as times need to occur once in each item."""
    given = _several(columns.item)
    if given is not None:
        return [find_columns(table, [ITEM], {"item": name})[1]["item"] for name in given]
    few = lambda name: len(set(map(str, table.values(name)))) * 2 <= len(table)  # noqa: E731
    usual = [name for word in ITEM.usual for name in table.names if normal(name) == word and name not in taken]
    named = [name for name in usual if few(name)]
    value = columns.value if isinstance(columns.value, (str, int)) else None
    texts = [n for n in table.names if n not in {*taken, *numeric, *named, value} and _is_text(table.values(n))]
    stamps = np.zeros(len(table)) if times is None else np.asarray(getattr(times, "asi8", times))
    repeats = len(np.unique(stamps)) < len(stamps)
    keys = [name for name in named if name not in numeric][:1]
    if times is None or not repeats:
        return keys
    for name in [*named, *texts][: 2 * FEW_KEYS]:
        before = _pairs(table, keys, stamps)
        if len(keys) == FEW_KEYS or before == len(stamps):
            break
        if name not in keys and _pairs(table, [*keys, name], stamps) > before:
            keys.append(name)
    if not keys:
        return []
    return keys if _pairs(table, keys, stamps) > len(stamps) // 2 else []


def _pairs(table, keys, stamps):
    """The number of different pairs of a time and an item."""
    items = _joined(table, keys) if keys else [""] * len(stamps)
    return len(set(zip(stamps.tolist(), items)))


def _is_text(cells):
    shown = [cell for cell in cells[:200] if not is_missing(cell)]
    return bool(shown) and all(isinstance(cell, (str, bytes)) for cell in shown)


def _joined(table, keys):
    """The name of the item of each row."""
    parts = [[_name(cell) for cell in table.values(key)] for key in keys]
    return parts[0] if len(parts) == 1 else [", ".join(row) for row in zip(*parts)]


def _name(cell):
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell).strip()


def _groups(items) -> dict[str, np.ndarray]:
    """The rows of each item, in the order of the table."""
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item, []).append(row)
    return {item: np.array(numbers) for item, numbers in rows.items()}


def _value_columns(table, columns, keys, taken, numeric, channels, said):
    """The columns of values, and whether each of them is a series of its own."""
    given = _several(columns.value)
    if given is not None:
        names = [find_columns(table, [VALUE], {"value": name})[1]["value"] for name in given]
        return names, len(names) > 1 and not channels
    usual = next((name for word in VALUE.usual for name in numeric if normal(name) == word), None)
    if usual is None and table.header is not False:
        named = [name for word in VALUE.usual for name in table.names if normal(name) == word]
        named = [name for name in named if name not in {*keys, *taken}]
        usual = named[0] if named and not numeric else None  # text in numbers is an error with its line
    if channels and numeric and (usual is None or (len(numeric) > 1 and not _several(columns.covariates))):
        return numeric, False
    if usual is not None:
        return [usual], False
    filled = [name for name in numeric if not all(map(is_missing, table.values(name)))]
    if len(filled) == 1:
        return filled, False
    if not filled:
        names = ", ".join(str(name) for name in table.names[:8])
        if numeric:
            raise InputError(f"{table.place}: all values are missing: expected numbers in {numeric[0]!r}.")
        rest = [name for name in table.names if name not in {*keys, *taken}]
        if len(rest) == 1:
            return rest, False
        raise InputError(f"{table.place} has no column of numbers: name one with `value`; it has {shorten(names)}.")
    if keys:
        names = ", ".join(str(name) for name in filled[:8])
        raise InputError(f"{table.place}: which column holds the values? Name one of {shorten(names)} with `value`.")
    if not channels:
        said.append(
            f"{table.place}: {len(filled)} columns of numbers are {len(filled)} series; if one is meant, name it with "
            "`value`, and the others become covariates"
        )
    return filled, True


def _rest(table, names, groups, numeric, said):
    """The other columns: numbers and categories that change, and texts that hold for a whole series."""
    covariates: dict[str, np.ndarray] = {}
    statics: dict[str, list[str]] = {}
    for name in names:
        cells = table.values(name)
        numbers = _numbers_or_none(table, name) if name in numeric else None
        texts = ["" if is_missing(cell) else _name(cell) for cell in cells] if numbers is None else []
        fixed = len(groups) > 1 and all(_is_constant(cells, rows) for rows in groups.values())
        if fixed:
            statics[str(name)] = [_name(cell) for cell in cells]
        elif numbers is not None and _is_row_number(numbers):
            said.append(f"{table.place}: the column {shorten(str(name))!r} numbers the rows and is not used")
        elif numbers is not None:
            covariates[str(name)] = numbers
        elif len(kinds := sorted(set(texts) - {""})) <= MOST_CATEGORIES:
            found = np.array(texts)
            covariates |= {f"{name}={kind}": (found == kind).astype(float) for kind in kinds}
        else:
            said.append(f"{table.place}: the column {shorten(str(name))!r} holds texts and is not used")
    several = len(groups)
    statics = {name: cells for name, cells in statics.items() if 1 < len(set(cells)) < max(3, several)}
    return covariates, statics


def _numbers_or_none(table, name):
    """A column as numbers; None if a few cells are texts, as codes of categories are."""
    try:
        return parse_numbers(table, name)
    except InputError:
        if len(set(map(str, table.values(name)))) <= MOST_CATEGORIES:
            return None
        raise


def _is_row_number(numbers):
    """Whether numbers count the rows of a table, in any order and perhaps without some."""
    if len(numbers) < LONG_ENOUGH or not np.isfinite(numbers).all() or (numbers != np.round(numbers)).any():
        return False
    return len(np.unique(numbers)) == len(numbers) and np.ptp(numbers) < 2 * len(numbers)


def _is_constant(cells, rows):
    first = cells[rows[0]]
    return all(cells[row] == first for row in rows)


def _gridded(table, series, frequency, times, where, duplicates, said):
    """The frequency, and the series on its grid."""
    if times is None or isinstance(times, np.ndarray):
        if frequency and times is not None:
            raise InputError(f"{table.place}: the times only count steps, and have no `frequency`: leave it out.")
        step = Frequency("", _stride(series))
    elif not frequency and (numbers := counted([one.times for one in series])) is not None:
        said.append(f"{table.place}: the times are {1000 * numbers[1]:g} milliseconds apart: steps are counted")
        series = [replace(one, times=stamps) for one, stamps in zip(series, numbers[0])]
        step = Frequency()
    elif frequency:
        step = Frequency.of(frequency)
    else:
        step = Frequency.found([one.times for one in series])
        if step is None:
            if len(table) == 1:
                raise InputError(f"{table.place} has one time: expected several, or set `frequency`.")
            raise InputError(f"{table.place}: no series has two times: set `frequency`, or name the `item` columns.")
        _check_alike(table, series, step)
    gridded, missing, steps, touched = [], 0, 0, 0
    for one in series:
        one, gaps = on_grid(one, step, where, duplicates)
        gridded.append(one)
        missing, steps, touched = missing + gaps, steps + len(one), touched + (gaps > 0)
    if missing:
        said.append(
            f"{table.place}: {missing:,} of {steps:,} steps of {step.name or 1!r} have no row, in {touched:,} of "
            f"{len(series):,} series: they count as missing values"
        )
    return step, gridded


def _stride(series):
    """The greatest whole number of which all steps of counted times are multiples: 10 of 10, 20, 40."""
    return max(1, int(np.gcd.reduce(np.concatenate([np.diff(np.asarray(one.times, np.int64)) for one in series]))))


def _check_alike(table, series, step):
    """Refuses a table whose items have different steps; longer ones may be gaps."""
    for one in series:
        own = Frequency.found([one.times]) if len(one) > LONG_ENOUGH else None
        if own is None or own == step or {own.unit, step.unit} == {"B", "D"}:
            continue
        line = 0 if one.lines is None else int(one.lines[0])
        raise InputError(
            f"{table.place}, {table.unit} {line}: {one.title} has steps of {own.name!r}, and others of "
            f"{step.name!r}: give series of one frequency, or set `frequency`."
        )


def _trimmed(series, names):
    """The series from its first to its last row in which one of the columns has a value."""
    there = np.zeros(len(series), bool)
    for name in names:
        there |= ~np.isnan(series.columns[name])
    rows = np.flatnonzero(there)
    return series.select(slice(int(rows[0]), int(rows[-1]) + 1)) if len(rows) else series


def _left_out(table, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    shown = ", ".join(repr(item) for item in items[:3]) + ", ..." * (len(items) > 3)
    return [f"{table.place}: {len(items):,} series without any value are left out: {shorten(shown)}"]


def _check_some(table, series):
    if not series:
        raise InputError(f"{table.place}: all values are missing: expected a series of numbers.")
