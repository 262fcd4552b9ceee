"""Cells of a table to times."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.table import is_missing
from nlpseq.errors import InputError, shorten

ZONE = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$", re.IGNORECASE)
DATED = re.compile(r"\d{4}|\d\D+\d|\d\s?[a-z]{3}|[a-z]{3}.*\d", re.IGNORECASE)  # what a date has at least
QUARTER = re.compile(r"(\d{4})[-\s/]?Q([1-4])|Q([1-4])[-\s/]?(\d{4})", re.IGNORECASE)
WEEK = re.compile(r"(\d{4})[-\s]?W(\d{1,2})", re.IGNORECASE)
NUMERIC_DATE = re.compile(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2}|\d{4})\b")
MIDNIGHT = re.compile(r"(?<=[T\s])24(?=(:00){1,2}(\.0*)?$)")  # the end of a day, as ISO 8601 allows
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:[.,]\d*)?)?")
EPOCHS = ((10**17, "ns"), (10**14, "us"), (10**11, "ms"), (10**8, "s"))  # the least whole numbers that are such times


def parse_times(values: Sequence[Any], where: Any, zone: str | None = None) -> Any:
    """The times in cells.

    Dates and times of ISO 8601 and most other forms, years (1949), months (1949-01), quarters (1949Q1), weeks
    (1949-W01), 19490131, seconds and milliseconds since 1970, objects of Python, NumPy and pandas. Whether a day or
    a month is first in 3/4/2020 is decided by all cells, and by months first if these leave it open. Times with one
    offset keep it; with several they become those of `zone`, or UTC.

    Args:
        values: Cells.
        where: From the index of a cell to its place, for errors.
        zone: A time zone by name, such as "Europe/Paris", in which times without an offset are read.

    Returns:
        `pandas.DatetimeIndex`; an int64 array if the cells are small whole numbers, which only count steps.

    Raises:
        InputError: a cell is no time, or some have an offset and others have none; the zone is unknown.
    """
    import pandas as pd

    for index, value in enumerate(values):
        if is_missing(value):
            raise InputError(f"{where(index)}: the time is missing; give one, or leave out the row.")
    if not isinstance(values[0], (str, bytes)) and not _is_number(values[0]):
        times = _of_objects(values, where)
    else:
        texts = [value.decode() if isinstance(value, bytes) else str(value).strip() for value in values]
        whole = _whole_numbers(texts)
        times = _of_texts(texts, where) if whole is None else _of_numbers(whole)
    if isinstance(times, np.ndarray):
        return times
    try:
        times = pd.DatetimeIndex(times).as_unit("ns")
    except ValueError:
        years = pd.DatetimeIndex(times).year
        index = int(np.flatnonzero((years < 1678) | (years > 2261))[0])
        raise InputError(f"{where(index)}: {values[index]} is not between the years 1678 and 2261.") from None
    return times if zone is None else _in_zone(times, zone)


def looks_like_times(values: Sequence[Any]) -> bool:
    """Whether the first cells of a column are dates, and no mere numbers."""
    texts = [value for value in values[:50] if not is_missing(value)]
    if not texts:
        return False
    if all(isinstance(value, (datetime.date, np.datetime64)) or type(value).__name__ == "Period" for value in texts):
        return True
    if not all(isinstance(value, str) and DATED.search(value) for value in texts):
        return False
    numbers = _whole_numbers([value.strip() for value in texts])
    if numbers is not None:
        return bool(len(texts[0].strip()) == 8 and not isinstance(_of_numbers(numbers), np.ndarray))
    number = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?", re.IGNORECASE)
    if all(number.fullmatch(value.strip()) and not NUMERIC_DATE.fullmatch(value.strip()) for value in texts):
        return False
    try:
        times = _of_texts([value.strip() for value in texts], lambda index: "")
    except InputError:
        return False
    years = np.asarray(times.year)
    return bool((years > 1000).all() and (years < 3000).all())


def _is_number(value):
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _whole_numbers(texts):
    """The texts as int64 if all of them are whole numbers, else None."""
    if not all(re.fullmatch(r"-?\d{1,19}(\.0*)?", text) for text in texts):
        return None
    return np.array([int(text.split(".")[0]) for text in texts], np.int64)


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


def _of_numbers(numbers):
    """Years, months, days or seconds since 1970; else the numbers themselves, which count steps."""
    import pandas as pd

    low, high = numbers.min(), numbers.max()
    if low > 1000 and high < 2300 and (len(numbers) < 3 or high - low <= 2 * len(numbers)):
        return pd.to_datetime([f"{number:04d}-01-01" for number in numbers])
    if low >= 150_001 and high <= 230_012 and ((numbers % 100 >= 1) & (numbers % 100 <= 12)).all():
        return pd.to_datetime([f"{n // 100:04d}-{n % 100:02d}-01" for n in numbers])
    if low >= 15_000_101 and high <= 23_001_231 and ((numbers % 100 >= 1) & (numbers % 100 <= 31)).all():
        times = pd.to_datetime(pd.Series(numbers).astype(str), format="%Y%m%d", errors="coerce")
        if not times.isna().any():
            return times
    for least, unit in EPOCHS:
        if low >= least:
            return pd.to_datetime(numbers, unit=unit)
    return numbers


def _of_texts(texts, where):
    import pandas as pd

    special = _special(texts)
    if special is not None:
        return special
    zoned = np.array([ZONE.search(text) is not None for text in texts])
    if zoned.any() and not zoned.all():
        index = int(np.flatnonzero(zoned != zoned[0])[0])
        raise InputError(
            f"{where(index)}: the time {texts[index]!r} has {'an' if zoned[index] else 'no'} offset from UTC, unlike "
            "those before it: write all times in one way."
        )
    ends = np.array([MIDNIGHT.search(text) is not None for text in texts])
    if ends.any():
        times = _of_texts([MIDNIGHT.sub("00", text) for text in texts], where)
        return times + pd.to_timedelta(ends.astype(int), "D")
    day_first = _day_first(texts)
    times = None
    if day_first is None:
        times = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601", errors="coerce", utc=bool(zoned.all()))
    if times is None or times.isna().any():
        times = _mixed(texts, bool(day_first), bool(zoned.all()))
    bad = np.flatnonzero(times.isna())
    if len(bad):
        raise InputError(
            f"{where(int(bad[0]))}: {shorten(repr(texts[int(bad[0])]), 40)} is no time: write it as 2024-01-31 13:00."
        )
    offsets = {ZONE.search(text).group(3).upper() for text in texts} if zoned.all() else set()  # pyright: ignore
    index = pd.DatetimeIndex(times)
    if len(offsets) == 1 and not offsets & {"Z", "UTC", "GMT"}:
        text = offsets.pop().replace(":", "").ljust(5, "0")
        minutes = (1 if text[0] == "+" else -1) * (int(text[1:3]) * 60 + int(text[3:5]))
        return index.tz_convert(datetime.timezone(datetime.timedelta(minutes=minutes)))
    return index


def _mixed(texts, day_first, utc):
    """Times of other forms than ISO 8601, each parsed by itself if they differ."""
    import warnings

    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        series = pd.Series(texts, dtype=object)
        times = pd.to_datetime(series, errors="coerce", dayfirst=day_first, utc=utc)
        if times.isna().any():
            times = pd.to_datetime(series, format="mixed", errors="coerce", dayfirst=day_first, utc=utc)
    return times


def _special(texts):
    """Times of quarters and weeks, and of a clock alone, whose days begin in 1970; else None."""
    import pandas as pd

    if clocks := _all_match(CLOCK, texts):
        seconds = np.array([int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3] or 0) for m in clocks])
        days = np.cumsum(np.diff(seconds, prepend=seconds[0]) < 0)
        return pd.to_datetime(seconds + 86_400 * days, unit="s")
    if quarters := _all_match(QUARTER, texts):
        parts = [(m[1] or m[4], int(m[2] or m[3])) for m in quarters]
        return pd.to_datetime([f"{year}-{3 * quarter - 2:02d}-01" for year, quarter in parts])
    if weeks := _all_match(WEEK, texts):
        try:
            return pd.to_datetime([datetime.date.fromisocalendar(int(m[1]), int(m[2]), 1) for m in weeks])
        except ValueError:
            return None
    return None


def _all_match(pattern, texts):
    matches = [pattern.fullmatch(text) for text in texts]
    return matches if all(matches) else None


def _day_first(texts):
    """Whether days stand before months in dates such as 3/4/2020; None if the dates are of another form.

    If no number is above 12, the order counts in which more steps are alike, then that whose days vary more.
    """
    parts = [NUMERIC_DATE.match(text) for text in texts]
    if not all(parts):
        return None
    first, second = ({int(m[group]) for m in parts} for group in (1, 2))
    if max(first) > 12 or max(second) > 12:
        return max(first) > 12
    dates = {tuple(map(int, m.groups())) for m in parts}
    by_day, by_month = (_evenness((year, date[month], date[1 - month]) for *date, year in dates) for month in (1, 0))
    if "." in parts[0].group() or by_day != by_month:
        return "." in parts[0].group() or by_day > by_month
    return len(second) < len(first) and len(first) > 1


def _evenness(dates):
    """The share of the most common step between dates `(year, month, day)`, if all months had 31 days."""
    steps = np.diff(sorted(12 * 31 * year + 31 * month + day for year, month, day in dates))
    return float(np.unique(steps, return_counts=True)[1].max() / len(steps)) if len(steps) else 1.0


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
