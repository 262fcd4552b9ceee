"""The columns of the times of a table: one, or several that hold date and hour, or year, month and day."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.data.series.calendar_columns import MONTHS
from nlpseq.data.series.roles import TIME, given_columns, usual_column
from nlpseq.data.series.time_forms import hour_of
from nlpseq.data.series.times import looks_like_times

ELAPSED = ("seconds", "elapsed", "elapsed time", "elapsed seconds")  # names of times that also may be values
HOURS = ("hour", "hr", "hours", "hour ending", "hourending", "hour beginning", "he")
PARTS = {  # short names of parts of a date
    "yr": "year", "yyyy": "year", "yy": "year", "mo": "month", "mm": "month", "dy": "day", "dd": "day",
    "hr": "hour", "hh": "hour", "mn": "minute", "doy": "day of year", "dayofyear": "day of year",
}  # fmt: skip
ABBREVIATED = {*PARTS, "he"} - {"hr"}  # names that also may be those of values, such as degree days or helium
CLOCK = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}(?:[.,]\d+)?))?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)


def find_times(table: Table, time: Any = None) -> tuple[list[str], list | None]:
    """The columns of the times, and the time of each row; none and None if steps are only counted."""
    names = given_columns(table, TIME, time)
    if names is not None:
        parts = [table.values(name) for name in names]
        return names, parts[0] if len(parts) == 1 else [
            " ".join(str(cell).strip() for cell in row) for row in zip(*parts)
        ]
    if (spread := _spread_times(table)) is not None:
        return spread
    name = _time_column(table)
    return ([], None) if name is None else ([name], table.values(name))


def _time_column(table):
    dated = [name for name in table.names if looks_like_times(table.values(name))]
    usual = usual_column(table, TIME)
    if usual is not None and (usual in dated or not dated):
        cells = table.values(usual)
        strictly = normal(usual) in TIME.usual[:8] or (
            len(table.names) > 1 and _counts(cells, normal(usual) in ELAPSED)
        )
        return usual if usual in dated or strictly else None
    return dated[0] if dated else None


def _counts(cells, rising):
    """Whether cells are whole numbers, as years and steps are, or rise in each row; or only the latter."""
    try:
        numbers = np.array([float(cell) for cell in cells])
    except (TypeError, ValueError):
        return False
    return bool((np.diff(numbers) > 0).all() or (not rising and (numbers == np.round(numbers)).all()))


def _spread_times(table: Table) -> tuple[list[str], list[str]] | None:
    """The columns of times that are spread over several, and the time of each row; None if there are none.

    A date and a time of day, a date and an hour, a year and a quarter or a week, or year, month, day and hour (day and
    hour if they are there).
    """
    names = {normal(name): name for name in reversed(table.names)}
    names = {word: names[short] for short, word in PARTS.items() if short in names} | names
    dates = [name for name in table.names if looks_like_times(table.values(name))]
    for name in dates:
        if all(_is_day(cell) for cell in table.values(name)[:200]):
            for other in (names.get("time"), names.get("time of day")):
                if other is not None and other != name and _all(CLOCK.fullmatch, table.values(other)):
                    clocks = [_clock(cell) for cell in table.values(other)]
                    return [name, other], _joined(table.values(name), clocks)
            for word in HOURS:
                if word in names and _is_part(table, names[word], [name], 0, 24):
                    return [name, names[word]], _joined(table.values(name), map(_hour, table.values(names[word])))
    if dates or "year" not in names or not _all(_within(1000, 2300), table.values(names["year"])):
        return None
    if "month" in names:
        return _parts(table, names)
    for word, most, form in (("quarter", 4, "{}Q{}"), ("week", 53, "{}-W{}"), ("day of year", 366, "{}-{:03d}")):
        if word in names and _is_part(table, names[word], [names["year"]], 1, most):
            parts = zip(table.values(names["year"]), table.values(names[word]))
            return [names["year"], names[word]], [form.format(*map(_whole, pair)) for pair in parts]
    return None


def _parts(table, names):
    """Year, month and, if they are there, day and hour."""
    if _all(lambda text: text[:3].lower() in MONTHS, table.values(names["month"])):
        numbers = [str(MONTHS.index(str(cell).strip()[:3].lower()) + 1) for cell in table.values(names["month"])]
        return [names["year"], names["month"]], [
            f"{_whole(year)}M{month}" for year, month in zip(table.values(names["year"]), numbers)
        ]
    bounds = {"year": (1000, 2300), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 59)}
    used: list[str] = []
    for word in bounds:
        if word in names and _is_part(table, names[word], [names[part] for part in used], *bounds[word]):
            used.append(word)
    if used[:2] != ["year", "month"]:
        return None
    columns = {word: [_whole(cell) for cell in table.values(names[word])] for word in used}
    ones, zeros = [1] * len(table), [0] * len(table)
    rows = zip(
        columns["year"], columns["month"], columns.get("day", ones), columns.get("hour", zeros),
        columns.get("minute", zeros),
    )  # fmt: skip
    return [names[word] for word in used], [
        f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}" for year, month, day, hour, minute in rows
    ]


def _is_part(table, name, coarser, low, high):
    """Whether a column is a part of the times: numbers within bounds; by a short name only if coarser parts recur."""
    if not _all(_within(low, high), table.values(name)):
        return False
    if not coarser or normal(name) not in ABBREVIATED:
        return True
    return len(set(zip(*(map(str, table.values(part)) for part in coarser)))) < len(table)


def _whole(cell):
    return int(float(cell))


def _all(matches: Callable, cells: Sequence) -> bool:
    return bool(len(cells)) and all(not is_missing(cell) and matches(str(cell).strip()) for cell in cells)


def _within(low, high):
    def matches(text):
        return re.fullmatch(r"\d{1,4}(\.0+)?", text) is not None and low <= float(text) <= high

    return matches


def _is_day(cell):
    return isinstance(cell, str) and ":" not in cell


def _hour(cell):
    return f"{int(float(str(cell))):02d}:00:00"


def _clock(cell):
    match: Any = CLOCK.fullmatch(str(cell).strip())
    return f"{hour_of(match[1], match[4]):02d}:{match[2]}:{(match[3] or '00').replace(',', '.')}"


def _joined(dates, clocks):
    return [f"{str(date).strip()} {clock}" for date, clock in zip(dates, clocks)]
