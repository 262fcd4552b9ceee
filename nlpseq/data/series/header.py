"""Whether the first row of a table of series holds the names of the columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nlpseq.data.files.numbers import as_numbers, is_gap, is_numeric
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.roles import ITEM, TIME
from nlpseq.data.series.times import dated, looks_like_times, parse_times
from nlpseq.errors import InputError

FEWEST_NUMBERS = 3  # that are names of columns because they follow one another


def with_header(table: Table) -> Table:
    """The table with its header: the first row if it is one.

    It is, unless it holds numbers or times; then if a text stands above a column of numbers or times, or if its numbers
    or times are steps, to its end: years, counts from 0 or 1, or times in order, which the next row does not repeat.
    """
    if table.header is not None or not len(table):
        return table
    columns = [table.column(index) for index in range(len(table.names))]
    cells = [_text(column[0]) for column in columns]
    values = list(map(_is_value, cells))
    if not any(values):
        return _below_groups(table, columns, cells) if not all(map(is_gap, cells)) else replace(table, header=False)
    if _above_values(columns, cells, values) or _are_steps(columns, cells, values):
        return table.with_header()
    return replace(table, header=False)


def _below_groups(table, columns, cells):
    """The table with its header, which is the second row if the first names groups of columns, as merged cells do."""
    second = [_text(column[1]) for column in columns] if len(table) > 2 else []
    are_names = len(set(second)) == len(second) > 2 and all(second) and not any(map(_is_value, second))
    if "" not in cells[1:] or not are_names or not any(is_numeric(column[2:]) for column in columns):
        return table.with_header()
    note = f"{table.place}: left out, above the names of the columns: {table.unit} {table.lines[0]}"
    return table.select(range(1, len(table))).with_header().with_note(note)


def _is_value(cell):
    return _is_number(cell) or looks_like_times([cell])


def _text(cell):
    return "" if cell is None else str(cell).strip()


def _is_number(cell):
    return not is_gap(cell) and is_numeric([cell])


def _above_values(columns, cells, values):
    """Whether a text is above numbers or times, and no time above times; a first cell may be empty above times."""
    below = [column[1:] for column in columns]
    timed = [looks_like_times(column) for column in below]
    if any(time and value and not _is_number(cell) for time, value, cell in zip(timed, values, cells)):
        return False
    texts = [not value and not is_gap(cell) for value, cell in zip(values, cells)]
    return (not cells[0] and timed[0]) or any(
        text and (time or (is_numeric(column) and not all(map(is_gap, column))))
        for text, time, column in zip(texts, timed, below)
    )


def _are_steps(columns, cells, values):
    """Whether the numbers or times at the end of the first row follow one another, after texts alone."""
    first = values.index(True)
    names = cells[first:]
    repeated = [_text(column[1]) for column in columns[first:]] if len(columns[0]) > 1 else []
    usual = any(normal(cell) in (*TIME.usual, *ITEM.usual) for cell in cells[:first])
    if not all(values[first:]) or (names == repeated and not usual):
        return False
    if not all(map(_is_number, names)) or all(len(name) == 8 for name in names):
        return len(names) > 1 and _in_order(names)
    steps = np.diff(numbers := as_numbers(names)[0])
    if len(names) < FEWEST_NUMBERS or (steps != steps[0]).any() or (numbers != np.round(numbers)).any():
        return False
    years = all(1500 <= number < 2300 for number in numbers) and steps[0] != 0
    return years or (numbers[0] in (0, 1) and steps[0] == 1)


def _in_order(names):
    """Whether names are times that rise, or fall."""
    try:
        times = parse_times(names, lambda index: "")
    except InputError:
        return False
    return dated(times) and bool(times.is_unique and (times.is_monotonic_increasing or times.is_monotonic_decreasing))
