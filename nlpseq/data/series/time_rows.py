"""A table with a row for each time, or for each time of each item: long, or wide with a column for each series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nlpseq.data.files.columns import Role
from nlpseq.data.files.numbers import as_numbers, is_numeric, parse_numbers
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.gridding import gridded, unequal
from nlpseq.data.series.items import item_columns, item_names
from nlpseq.data.series.missing import trimmed, with_values
from nlpseq.data.series.roles import Columns, given_columns, usual_column
from nlpseq.data.series.series import FEW, Duplicates, Series, SeriesTable, in_order
from nlpseq.data.series.time_columns import find_times
from nlpseq.data.series.times import dated, parse_times
from nlpseq.data.series.value_columns import FEWEST_ROWS, other_columns, value_columns
from nlpseq.errors import InputError, plural, shorten

COVARIATES = Role("covariates", ())
STEPS = ("t", "step", "steps")  # names of times that are no years
INDICES = ("index", "unnamed: 0")  # names of those that are none of channels
ROW_NUMBERS = (  # names of columns that count rows
    "", "no", "no.", "nr", "row", "row id", "rownames", "instant", "index", "unnamed: 0", "#",
)  # fmt: skip


@dataclass(frozen=True)
class _Layout:
    """What the columns of a table hold.

    Attributes:
        time: Columns of the times.
        stamps: The time of each row; None if rows are only counted.
        items: Columns that together name the item.
        values: Columns of values.
        wide: Whether each column of values is a series.
        labels: Column by further role, such as labels, for those that are there.
        numeric: Columns of numbers.
        rest: The other columns that are used.
    """

    time: list[str]
    stamps: Any
    items: list[str]
    values: list[str]
    wide: bool
    labels: dict[str, str]
    numeric: list[str]
    rest: list[str]

    @property
    def names(self) -> dict[str, str]:
        """Names of the columns by role, of those roles that have one."""
        names = {
            "time": self.time[0] if len(self.time) == 1 else "",
            "item": ", ".join(map(str, self.items)),
            "value": self.values[0] if len(self.values) == 1 else "",
        }
        return {role: str(name) for role, name in names.items() if name}


def series_of_times(
    table: Table,
    columns: Columns,
    frequency: str | None,
    time_zone: str | None,
    duplicates: Duplicates,
    grid: bool,
    channels: bool,
) -> SeriesTable:
    """The series of a table whose rows are times; arguments as of `read_series`."""
    notes = [table.note] if table.note else []
    layout = _layout(table, columns, time_zone, channels, notes)
    series, covariates, statics = _by_item(table, layout, columns, notes)

    def where(line):
        return f"{table.place}, {table.unit} {line}" if line else table.place

    series = _ordered(table.place, series, layout, where, duplicates, notes)
    step = None
    if grid:
        step, series = gridded(table, series, frequency, layout.stamps, where, duplicates, notes)
    else:
        notes += unequal(table, series)
    names = layout.names
    value_names = tuple(layout.values) if channels else ("value",)
    if layout.wide and not channels:
        series = _by_column(series, layout.values, covariates)
        names.pop("value", None)
    elif not channels:
        series = [_with_value(one, layout.values[0]) for one in series]
    series, left_out = with_values(table.place, series, value_names)
    notes += left_out
    if grid:
        series = [trimmed(one, (*value_names, *covariates)) for one in series]
        ends = {one.times[-1] for one in series}
        if len(ends) > 1:
            notes.append(f"{table.place}: the series end at {len(ends):,} different times")
    return SeriesTable(table.place, series, step, value_names, covariates, statics, names, tuple(notes))


def _layout(table, columns, time_zone, channels, notes) -> _Layout:
    time, cells = find_times(table, columns.time)
    are_steps = len(time) == 1 and normal(time[0]) in (*STEPS, *(INDICES if channels else ()))
    stamps = None if cells is None else parse_times(cells, table.where, time_zone, are_steps)
    usual = {role.argument: usual_column(table, role) for role in columns.others}
    labels = {argument: name for argument, name in usual.items() if name is not None}
    used_columns = {*time, *labels.values()}
    numeric = [n for i, n in enumerate(table.names) if n not in used_columns and is_numeric(table.column(i))]
    items = item_columns(table, columns, stamps, {*used_columns, *columns.read, *columns.read_statics}, numeric)
    numeric = [name for name in numeric if name not in items]
    numbers = [name for name in numeric if stamps is None or normal(name) not in ROW_NUMBERS]
    if stamps is None and numbers[1:] and numbers[0] == table.names[0] and _counts(table.column(0)):
        numbers = numbers[1:]
    values, wide = value_columns(table, columns, items, used_columns, numbers, channels, notes)
    rest = given_columns(table, COVARIATES, columns.covariates)
    if overlap := [name for name in values if name in (rest or ())]:
        raise InputError(
            f"{table.place}: the column {shorten(str(overlap[0]))!r} holds the values and is not a covariate",
            "leave it out of `covariates`",
            "name the column of the values with `value`",
        )
    if rest is None:
        used = {*items, *values, *used_columns}
        rest = [name for name in table.names if name not in used and not str(name).startswith("__index_level")]
    return _Layout(time, stamps, items, values, wide, labels, numeric, rest)


def _counts(cells):
    """Whether a column counts the rows, from 0 or 1."""
    if len(cells) < FEWEST_ROWS or str(cells[1]).strip() not in ("1", "2"):
        return False
    numbers = as_numbers(cells)[0]
    return numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def _by_item(table, layout, columns, notes) -> tuple[list[Series], tuple[str, ...], tuple[str, ...]]:
    """A series with the rows of each item, as they stand; the names of covariates and of texts of a series."""
    rows_of = _rows_of(item_names(table, layout.items) if layout.items else [""] * len(table))
    numbers = {name: parse_numbers(table, name) for name in layout.values}
    numbers |= {argument: parse_numbers(table, name) for argument, name in layout.labels.items()}
    covariates, statics = other_columns(table, layout.rest, rows_of, layout.numeric, columns, notes)
    series = []
    for item, rows in rows_of.items():
        times = np.arange(len(rows)) if layout.stamps is None else layout.stamps[rows]
        columns = {name: column[rows] for name, column in {**numbers, **covariates}.items()}
        texts = {name: cells[rows[0]] for name, cells in statics.items()}
        series.append(Series(item, times, columns, texts, np.asarray(table.lines)[rows]))
    return series, tuple(covariates), tuple(statics)


def _rows_of(items) -> dict[str, np.ndarray]:
    """The rows of each item, in the order of the table."""
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item, []).append(row)
    return {item: np.array(numbers) for item, numbers in rows.items()}


def _ordered(place, series, layout, where, duplicates, notes) -> list[Series]:
    """The series with sorted times, each once."""
    ordered, moved, merged = [], 0, 0
    for one in series:
        if duplicates == "few" and _is_coarse(one.times):
            one = replace(one, times=np.arange(len(one)))
            notes.append(f"{place}: the times, which are no dates, repeat: each row is a step")
        one, unsorted, same = in_order(one, where, duplicates, tuple(layout.values), bool(layout.items))
        ordered.append(one)
        moved, merged = moved + unsorted, merged + same
    if moved:
        notes.append(f"{place}: {plural(moved, 'row stands', 'rows stand')} after a later one: times are sorted")
    if merged:
        result = (
            "of those at one time the first counts"
            if duplicates in ("first", "few")
            else "those at one time are merged"
        )
        notes.append(f"{place}: {plural(merged, 'row repeats', 'rows repeat')} a time: {result}")
    return ordered


def _is_coarse(times):
    """Whether times that are no dates stand in their order, and more than a few repeat the one before."""
    if dated(times):
        return False
    steps = np.diff(np.asarray(times, np.int64))
    return bool((steps >= 0).all() and (steps == 0).sum() > FEW * len(times))


def _by_column(series, values, covariates) -> list[Series]:
    """A series for each column of values of each item, with the covariates of all."""
    return [
        replace(
            one,
            item=f"{one.item}, {name}" if one.item else str(name),
            columns={"value": one.columns[name], **{other: one.columns[other] for other in covariates}},
        )
        for one in series
        for name in values
    ]


def _with_value(series, name) -> Series:
    """The series whose column of values is called "value"."""
    return replace(
        series, columns={"value" if column == name else column: cells for column, cells in series.columns.items()}
    )
