"""Cells of a table to times."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.values import is_missing
from nlpseq.data.series.date_order import NUMERIC_DATE, date_order, with_century, years_first
from nlpseq.data.series.time_forms import EPOCHS, compact, of_fractions, rewritten, special
from nlpseq.errors import InputError, shorten

ZONE = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$", re.IGNORECASE)
DATED = re.compile(r"\d{4}|\d\D+\d|\d\s?[a-z]{3}|[a-z]{3}.*\d", re.IGNORECASE)  # what a date has at least
MIDNIGHT = re.compile(r"(?<=[T\s])24(?=(:00){1,2}(\.0*)?$)")  # the end of a day, as ISO 8601 allows
YEARS = (1678, 2261)  # that nanoseconds of pandas can tell
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def parse_times(values: Sequence[Any], where: Any, zone: str | None = None, are_steps: bool = False) -> Any:
    """The times in cells.

    Dates and times of ISO 8601 and most other forms, years (1949), months (1949-01, 1949M01), quarters (1949Q1), weeks
    (1949-W01), days of the year (1949-001), 19490131 and 1949013113, decimal years (1949.083), days of spreadsheets
    with hours, seconds and milliseconds since 1970, objects of Python, NumPy and pandas. Whether a day or a month is
    first in 3/4/2020 is decided by all cells. Times with one offset keep it; with several they become those of `zone`,
    or UTC.

    Args:
        values: Cells.
        where: From the index of a cell to its place, for errors.
        zone: A time zone by name, such as "Europe/Paris", in which times without an offset are read.
        are_steps: Whether whole numbers that may be years only count steps.

    Returns:
        `pandas.DatetimeIndex`; an int64 array if the cells are other numbers, which only count steps (see `dated`).

    Raises:
        InputError: a cell is not a time, or some have an offset and others have none; days and months
            cannot be told apart; the zone is unknown.
    """
    import pandas as pd

    for index, value in enumerate(values):
        if is_missing(value):
            raise InputError(f"{where(index)}: the time is missing; give one, or leave out the row.")
    if not isinstance(values[0], (str, bytes)) and not _is_number(values[0]):
        times = _of_objects(values, where)
    else:
        texts = [value.decode() if isinstance(value, bytes) else str(value).strip() for value in values]
        numbers = _numbers(texts)
        times = _of_texts(texts, where) if numbers is None else _of_numbers(numbers, where, are_steps)
    if not dated(times):
        return times
    try:
        times = pd.DatetimeIndex(times).as_unit("ns")
    except ValueError:
        years = pd.DatetimeIndex(times).year
        index = int(np.flatnonzero((years < YEARS[0]) | (years > YEARS[1]))[0])
        raise InputError(
            f"{where(index)}: {values[index]} is not between the years {YEARS[0]} and {YEARS[1]}."
        ) from None
    return times if zone is None else _in_zone(times, zone)


def dated(times: Any) -> bool:
    """Whether times are dates; else they are numbers that count steps, or None."""
    return hasattr(times, "asi8")


def looks_like_times(values: Sequence[Any]) -> bool:
    """Whether the first cells of a column are dates, and no mere numbers."""
    texts = [value for value in values[:50] if not is_missing(value)]
    if not texts:
        return False
    if all(isinstance(value, (datetime.date, np.datetime64)) or type(value).__name__ == "Period" for value in texts):
        return True
    if not all(isinstance(value, str) and DATED.search(value) for value in texts):
        return False
    texts = [value.strip() for value in texts]
    try:
        if _numbers(texts) is not None:
            return compact(texts) is not None
        number = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?", re.IGNORECASE)
        if all(number.fullmatch(text) and not NUMERIC_DATE.fullmatch(text) for text in texts):
            return False
        times = _of_texts(texts)
    except InputError:
        return False
    years = np.asarray(times.year)
    return bool((years > 1000).all() and (years < 3000).all())


def _is_number(value):
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _numbers(texts):
    """The texts as int64, or as float64 if some are not whole numbers; None if one is not a number."""
    if not all(NUMBER.fullmatch(text) for text in texts):
        return None
    if all(re.fullmatch(r"-?\d{1,19}(\.0*)?", text) for text in texts):
        try:
            return np.array([int(text.split(".")[0]) for text in texts], np.int64)
        except OverflowError:
            return None
    numbers = np.array([float(text) for text in texts])
    return numbers if np.isfinite(numbers).all() else None


def _of_objects(values, where):
    import pandas as pd

    if type(values[0]).__name__ == "Period":
        return pd.PeriodIndex(values).to_timestamp()
    if all(isinstance(value, datetime.time) for value in values):
        return _of_texts([value.isoformat() for value in values], where)
    if all(isinstance(value, (datetime.timedelta, np.timedelta64)) for value in values):
        return pd.Timestamp(0) + pd.to_timedelta(list(values))
    zones = {getattr(value, "tzinfo", None) and value.utcoffset() for value in values}
    try:
        if len(zones) > 1 and None in zones:
            raise ValueError("some times have a zone and others have none")
        names = {str(getattr(value, "tzinfo", None)) for value in values}
        times = pd.to_datetime(list(values), utc=None not in zones)
        zone = values[0].tzinfo if len(names) == 1 and None not in zones else None
        return times if zone is None else times.tz_convert(zone)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{where(0)}: expected times, got {shorten(repr(values[0]), 40)} ({error}).") from None


def _of_numbers(numbers, where, are_steps):
    """Years, months, days, or seconds since 1970; else the numbers themselves, which count steps."""
    import pandas as pd

    if numbers.dtype == float:
        return of_fractions(numbers)
    low, high = numbers.min(), numbers.max()
    if low >= YEARS[0] and high <= YEARS[1] and (len(numbers) < 3 or high - low <= 2 * len(numbers)):
        return numbers if are_steps else pd.to_datetime([f"{number:04d}-01-01" for number in numbers])
    if low >= 150_001 and high <= 230_012 and ((numbers % 100 >= 1) & (numbers % 100 <= 12)).all():
        return pd.to_datetime([f"{n // 100:04d}-{n % 100:02d}-01" for n in numbers])
    texts = compact([str(number) for number in numbers])
    if texts is not None:
        return _of_texts(texts, where)
    for least, unit in EPOCHS:
        if low >= least:
            return pd.to_datetime(numbers, unit=unit)
    return numbers


def _of_texts(texts, where=None):
    """The times in texts, with their offset if they have one; without `where` the first reading of those with two."""
    import pandas as pd

    place = where or (lambda index: "")
    texts = rewritten(texts)
    times = special(texts)
    if times is not None:
        return times
    zoned = np.array([ZONE.search(text) is not None for text in texts])
    if zoned.any() and not zoned.all():
        index = int(np.flatnonzero(zoned != zoned[0])[0])
        raise InputError(
            f"{place(index)}: the time {texts[index]!r} has {'an' if zoned[index] else 'no'} offset from UTC, unlike "
            "those before it: write all times in one way."
        )
    ends = np.array([MIDNIGHT.search(text) is not None for text in texts])
    if ends.any():
        times = _of_texts([MIDNIGHT.sub("00", text) for text in texts], where)
        return times + pd.to_timedelta(ends.astype(int), "D")
    order = date_order(texts)
    if order == "open" and where is not None:
        index = next(index for index, text in enumerate(texts) if NUMERIC_DATE.match(text))
        raise InputError(
            f"{where(index)}: day or month may be first in {texts[index]!r}, and the other times do not tell: write "
            "dates as 2024-01-31."
        )
    texts = years_first(texts, order) if order else list(map(with_century, texts))
    times = _parsed(texts, bool(zoned.all()))
    bad = np.flatnonzero(times.isna())
    if len(bad):
        raise InputError(
            f"{place(int(bad[0]))}: {shorten(repr(texts[int(bad[0])]), 40)} is not a time: "
            "write it as 2024-01-31 13:00."
        )
    offsets = {ZONE.search(text).group(3).upper() for text in texts} if zoned.all() else set()  # pyright: ignore
    index = pd.DatetimeIndex(times)
    if len(offsets) == 1 and not offsets & {"Z", "UTC", "GMT"}:
        text = offsets.pop().replace(":", "").ljust(5, "0")
        minutes = (1 if text[0] == "+" else -1) * (int(text[1:3]) * 60 + int(text[3:5]))
        return index.tz_convert(datetime.timezone(datetime.timedelta(minutes=minutes)))
    return index


def _parsed(texts, utc):
    """Times of ISO 8601; else of other forms, each parsed by itself if they differ."""
    import warnings

    import pandas as pd

    series = pd.Series(texts, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for form in ("ISO8601", None, "mixed"):
            try:
                times = pd.to_datetime(series, format=form, errors="coerce", utc=utc)
            except ValueError:  # zones that differ, of texts that are no times with a zone
                times = pd.Series(pd.NaT, series.index)
            if not times.isna().any():
                break
    return times


def _in_zone(times, zone):
    try:
        if zone and times.tz is not None:
            return times.tz_convert(zone)
    except (KeyError, ValueError, OSError):
        raise InputError(f"unknown `time_zone` {zone!r}: give one such as Europe/Paris or UTC.") from None
    for ambiguous in ("infer", np.zeros(len(times), bool)) if zone else ():
        try:
            return times.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward")
        except (KeyError, OSError):
            break
        except ValueError as error:  # an hour in autumn that is not there twice
            if "zone" in str(error).lower() and "ambiguous" not in str(error).lower():
                break
    raise InputError(f"unknown `time_zone` {zone!r}: give one such as Europe/Paris or UTC.")
