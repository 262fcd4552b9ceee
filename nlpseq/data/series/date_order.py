"""Whether days or months stand first in dates such as 3/4/2020."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

NUMERIC_DATE = re.compile(r"^\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2}|\d{4})\b")
REGULAR = 0.5  # the share of steps that must be of one length
AHEAD = 10  # years from today on, at most, of a year of two digits; later ones are of the last century
MONTH_YEAR = re.compile(r"^(\d{1,2}[\s/.\-])?([a-z]{3,9})([\s/.\-']+)(\d{2})(?=$|\s+\d{1,2}:)", re.IGNORECASE)


def date_order(texts: Sequence[str]) -> Literal["", "day", "month", "open"]:
    """What stands first; "" if no date is of that form, and "open" if nothing tells.

    A number above 12 tells, or points between the numbers, which are used where days are first; else the order in which
    more steps between the dates, those of other forms among them, are alike; of two that are equal the one in which
    days vary more than months.
    """
    matches = [NUMERIC_DATE.match(text) for text in texts]
    dates = {(int(match[1]), int(match[2]), _year(match[3])) for match in matches if match}
    if not dates:
        return ""
    first, second = ({date[place] for date in dates} for place in (0, 1))
    if max(first | second) > 12:
        return "day" if max(first) > 12 else "month"
    if first == second and all(a == b for a, b, _ in dates):
        return "month"
    if min(first | second) < 1 or any("." in match.group() for match in matches if match):
        return "day"
    others = _days([text for text, match in zip(texts, matches) if match is None])
    by_day = _evenness([f"{year:04d}-{b:02d}-{a:02d}" for a, b, year in dates], others)
    by_month = _evenness([f"{year:04d}-{a:02d}-{b:02d}" for a, b, year in dates], others)
    if max(by_day, by_month) < REGULAR or (by_day == by_month and len(first) == len(second)):
        return "open"
    days = by_day > by_month or (by_day == by_month and len(first) > len(second))
    return "day" if days else "month"


def years_first(texts: Sequence[str], order: str) -> list[str]:
    """The texts whose dates such as 3/4/2020 are those of ISO 8601, given what stands first."""

    def iso(match):
        month, day = (match[1], match[2]) if order == "month" else (match[2], match[1])
        return f"{_year(match[3]):04d}-{int(month):02d}-{int(day):02d}"

    return [NUMERIC_DATE.sub(iso, text, count=1) for text in texts]


def with_century(text: str) -> str:
    """A text such as Jan-49 or 3-Jan-49 with four digits of the year."""
    return MONTH_YEAR.sub(lambda match: f"{match[1] or ''}{match[2]}{match[3]}{_year(match[4]):04d}", text)


def _year(text):
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year + 2000 <= datetime.date.today().year + AHEAD else 1900)


def _days(texts):
    """The days of texts of ISO 8601."""
    import pandas as pd

    if not texts:
        return np.array([], "datetime64[D]")
    times = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601", errors="coerce", utc=True).dropna()
    return times.dt.tz_localize(None).to_numpy().astype("datetime64[D]")


def _evenness(dates, others):
    """The share of the most common step, in days or, of dates on one day of the month, in months."""
    days = np.unique(np.concatenate([np.array(dates, "datetime64[D]"), others]))
    months = days.astype("datetime64[M]")
    on_one_day = len(np.unique(days - months.astype("datetime64[D]"))) == 1
    return max(_share(days), _share(months) if on_one_day else 0.0)


def _share(times):
    steps = np.diff(times).astype(int)
    return float(np.unique(steps, return_counts=True)[1].max() / len(steps)) if len(steps) else 1.0
