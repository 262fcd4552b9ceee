"""Tables with a row for each year and a column for each month or quarter: one series, not one for each column."""

from __future__ import annotations

import re
from dataclasses import replace

from nlpseq.data.files.numbers import is_numeric
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.roles import Columns
from nlpseq.errors import shorten

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAME = re.compile(rf"({'|'.join(MONTHS)})[a-z]*\.?", re.IGNORECASE)
QUARTER_NAME = re.compile(r"(?:q|qtr|quarter) ?([1-4])", re.IGNORECASE)


def unfolded(table: Table, columns: Columns) -> Table:
    """The table with a row for each month or quarter of each year, if it has a column for each of them; else itself.

    Texts are repeated in all rows of their year; other numbers, such as the mean of a year, are left out and said.
    """
    if columns.time or columns.value or not len(table):
        return table
    year = next((index for index, name in enumerate(table.names) if normal(name) in ("year", "yr", "date")), None)
    parts = [_part(name) for name in table.names]
    form = "{}M{}" if parts.count(None) == len(parts) - 12 else "{}Q{}"
    places = {part: index for index, part in enumerate(parts) if part is not None}
    if year is None or len(places) not in (4, 12) or len(places) + parts.count(None) != len(parts):
        return table
    if not all(re.fullmatch(r"[12]\d{3}(\.0)?", str(cell).strip()) for cell in table.column(year)):
        return table
    others = [index for index in range(len(parts)) if parts[index] is None and index != year]
    texts = [index for index in others if not is_numeric(table.column(index))]
    cells = [table.column(index) for index in range(len(parts))]
    rows = [(row, part) for row in range(len(table)) for part in sorted(places, key=lambda part: part[1])]
    content = [
        [form.format(int(float(cells[year][row])), part[1]) for row, part in rows],
        *([cells[index][row] for row, _ in rows] for index in texts),
        [cells[places[part]][row] for row, part in rows],
    ]
    unused = ", ".join(repr(table.names[index]) for index in others if index not in texts)
    note = f"; columns that are not used: {shorten(unused)}" if unused else ""
    period = "month" if len(places) == 12 else "quarter"
    return replace(
        table,
        names=["time", *(table.names[index] for index in texts), "value"],
        column=lambda index: content[index],
        lines=[table.lines[row] for row, _ in rows],
        repeated=(),
    ).with_note(f"{table.place}: a row is a year and a column a {period} of one series{note}")


def _part(name):
    """The kind of a month or quarter and its number; None if the name is none."""
    if match := MONTH_NAME.fullmatch(str(name).strip()):
        return "month", MONTHS.index(match[1].lower()) + 1
    if match := QUARTER_NAME.fullmatch(str(name).strip()):
        return "quarter", int(match[1])
    return None
