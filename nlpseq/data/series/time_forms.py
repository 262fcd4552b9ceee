"""Forms of times that pandas does not read: parsed whole, or rewritten into those that it does."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

OFFSETS = {  # of RFC 5322, and of Europe
    "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
    "PST": "-08:00", "PDT": "-07:00", "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00",
    "EET": "+02:00", "EEST": "+03:00",
}  # fmt: skip
REWRITTEN = (
    (re.compile(r"^(\d{4}):(\d{2}):(\d{2})(?!\d)"), r"\1-\2-\3"),  # 2024:01:31 13:00
    (re.compile(r"^(\d{4}-\d{2}-\d{2})_(?=\d)"), r"\1 "),  # 2024-01-31_13:00
    (re.compile(r"^\[?(\d{1,2}/[a-z]{3}/\d{4}):(\d.*?)\]?$", re.IGNORECASE), r"\1 \2"),  # [31/Jan/2024:13:00:00 +0000]
    (re.compile(r"^(\d{4}-\d{2}-\d{2}[^/]*)/\d{4}-\d{2}-\d{2}[^/]*$"), r"\1"),  # 2024-01-01/2024-01-07
    (re.compile(r"^(\d.*?:\d\d(?::\d\d)?)\s+-\s+\d.*$"), r"\1"),  # 01.01.2024 00:00 - 01.01.2024 01:00
    (re.compile(r"\[\w+/[\w/]+\]$"), ""),  # 2024-01-31T13:00+01:00[Europe/Paris]
    (re.compile(rf"(?<=\d)\s({'|'.join(OFFSETS)})$", re.IGNORECASE), lambda match: OFFSETS[match[1].upper()]),
)
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:[.,]\d*)?)?(?:\s*([ap])\.?m\.?)?", re.IGNORECASE)
QUARTER = re.compile(r"(\d{4})[-\s/]?Q([1-4])|Q([1-4])[-\s/]?(\d{4})", re.IGNORECASE)
MONTH = re.compile(r"(\d{4})[-\s]?M(0?[1-9]|1[0-2])", re.IGNORECASE)
WEEK = re.compile(r"(\d{4})[-\s]?W(\d{1,2})(?:-?([1-7]))?", re.IGNORECASE)
SEASON = re.compile(r"(\d{4})\s?[/-]\s?(\d{4}|\d{2})")  # 1990/91
FEWEST_SEASONS = 3  # different ones that are no months, as 2009-10 may be
DAY_OF_YEAR = re.compile(r"(\d{4})-(\d{3})")
COMPACT = re.compile(r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:([01]\d|2[0-4])([0-5]\d)?([0-5]\d)?)?")
EPOCHS = ((10**17, "ns"), (10**14, "us"), (10**11, "ms"), (10**8, "s"))  # the least numbers that are such times
SHEET_DAYS = (20_000, 80_000)  # days since 1899-12-30, as of spreadsheets: 1954 to 2119
NEARLY = 0.1  # the share of a step by which numbers may miss whole steps


def rewritten(texts: Sequence[str]) -> Sequence[str]:
    """Texts in a form that pandas reads; the first text tells theirs."""
    for pattern, form in REWRITTEN:
        if pattern.search(texts[0]):
            texts = [pattern.sub(form, text) for text in texts]
    return texts


def special(texts: Sequence[str]) -> Any:
    """Times of quarters, months (2024M01), weeks, days of a year, seasons of two years, and a clock; else None.

    The days of a clock begin in 1970; a season is called by its first year.
    """
    import pandas as pd

    if clocks := _all_match(CLOCK, texts):
        seconds = np.array([hour_of(m[1], m[4]) * 3600 + int(m[2]) * 60 + int(m[3] or 0) for m in clocks])
        days = np.cumsum(np.diff(seconds, prepend=seconds[0]) < 0)
        return pd.to_datetime(seconds + 86_400 * days, unit="s")
    if quarters := _all_match(QUARTER, texts):
        parts = [(m[1] or m[4], int(m[2] or m[3])) for m in quarters]
        return pd.to_datetime([f"{year}-{3 * quarter - 2:02d}-01" for year, quarter in parts])
    if _are_seasons(seasons := _all_match(SEASON, texts)):
        return pd.to_datetime([f"{m[1]}-01-01" for m in seasons])
    if months := _all_match(MONTH, texts):
        return pd.to_datetime([f"{m[1]}-{int(m[2]):02d}-01" for m in months])
    try:
        if weeks := _all_match(WEEK, texts):
            return pd.to_datetime([datetime.date.fromisocalendar(int(m[1]), int(m[2]), int(m[3] or 1)) for m in weeks])
        if _all_match(DAY_OF_YEAR, texts):
            return pd.to_datetime(list(texts), format="%Y-%j")
    except ValueError:
        return None
    return None


def _are_seasons(matches):
    """Whether pairs of years follow each other, as 1990/91 and 1991/92 do."""
    if not matches or len(matches) < FEWEST_SEASONS:
        return False
    years = [int(match[1]) for match in matches]
    if len(set(years)) < FEWEST_SEASONS and all(1 <= int(match[2]) <= 12 for match in matches):
        return False
    pairs = all((year + 1) % 10 ** len(match[2]) == int(match[2]) for year, match in zip(years, matches))
    return pairs and all(1000 < year < 3000 for year in years)


def hour_of(hour: str, half: str | None) -> int:
    """The hour of a day, of one of 24, or of one of 12 and the first letter of "am" or "pm".

    >>> hour_of("12", "a"), hour_of("12", "P"), hour_of("23", None)
    (0, 12, 23)
    """
    return int(hour) if not half else int(hour) % 12 + 12 * (half.lower() == "p")


def compact(texts: Sequence[str]) -> list[str] | None:
    """Times of ISO 8601 from those without marks, 20240131 or 2024013113 to 20240131130000; None if one is none.

    Ten digits and more are such times from 1900 to 2100 only: seconds since 1970 have as many.
    """
    matches = _all_match(COMPACT, texts)
    if not matches or len({len(text) for text in texts}) > 1:
        return None
    low, high = (1500, 2300) if len(texts[0]) == 8 else (1900, 2100)
    if not all(low <= int(match[1]) < high for match in matches):
        return None
    if len(texts[0]) == 8:
        return [f"{m[1]}-{m[2]}-{m[3]}" for m in matches]
    return [f"{m[1]}-{m[2]}-{m[3]} {m[4]}:{m[5] or '00'}:{m[6] or '00'}" for m in matches]


def of_fractions(numbers: np.ndarray) -> Any:
    """Decimal years of months, days of spreadsheets, seconds since 1970; else the numbers of steps, int64."""
    import pandas as pd

    low, high = numbers.min(), numbers.max()
    months = 12 * numbers + NEARLY  # 2024.083 and, of the middle of a month, 2024.125
    if low > 1500 and high < 2300 and np.ptp(months % 1) < 2 * NEARLY:
        return pd.to_datetime([f"{month // 12:04d}-{month % 12 + 1:02d}-01" for month in months.astype(int)])
    minutes = 1440 * numbers
    if low >= SHEET_DAYS[0] and high < SHEET_DAYS[1] and np.abs(minutes - np.round(minutes)).max() < NEARLY:
        return pd.Timestamp("1899-12-30") + pd.to_timedelta(np.round(minutes), "min")
    for least, unit in EPOCHS:
        if low >= least:
            return pd.to_datetime(numbers, unit=unit)
    return _steps(numbers)


def _steps(numbers):
    """Numbers such as seconds as whole numbers of steps; of unequal steps in units of the last digit."""
    sizes = np.diff(np.unique(numbers)).astype(float)
    if len(sizes):
        median = np.median(sizes)
        exact = (numbers - numbers.min()) / sizes[np.abs(sizes / median - 1) < 0.5].mean()
        if np.abs(exact - np.round(exact)).max() < NEARLY:
            return np.round(exact).astype(np.int64)
    unit = next((10**digits for digits in range(6) if np.allclose(numbers * 10**digits % 1, 0)), 10**6)
    return np.round(numbers * unit).astype(np.int64)


def _all_match(pattern, texts):
    if not pattern.fullmatch(texts[0]):
        return None
    matches = [pattern.fullmatch(text) for text in texts]
    return matches if all(matches) else None
