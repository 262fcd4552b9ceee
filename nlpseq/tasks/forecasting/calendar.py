"""The place of a time in the cycles of the calendar, by operators that tensors and arrays of NumPy have."""

from typing import Any

MARCH = 719_468  # days from the first of March 0000 to the first of January 1970
DAY = 86_400  # seconds


def phases(times: Any, frequency: Any, span: int | None = None) -> list:
    """Shares of hour, day, week, month and year that have passed, floats `(...)` each.

    Args:
        times: int64 `(...)`, local wall-clock times in seconds since 1970.
        frequency: `nlpseq.data.Frequency`, which decides on the cycles.
        span: Seconds that training has seen. The cycles of which these are not two, but the shortest, are left out: the
            last months of half a year are at phases of the year that no month of training was at. None for any number.

    Example:

    >>> from nlpseq.data.series import Frequency
    >>> phases(np.array([0]), Frequency.of("D"))[0].round(3).tolist()  # a Thursday
    [0.429]
    """
    day, second = times // DAY, times % DAY
    parts = []
    if frequency.unit == "s":
        if frequency.count < 3600:
            parts.append((3600, second % 3600 / 3600))
        parts.append((DAY, second / DAY))
    if frequency.unit in ("s", "B") or (frequency.unit == "D" and frequency.count % 7):
        parts.append((7 * DAY, (day + 3) % 7 / 7))  # the first of January 1970 was a Thursday
    of_month, of_year = _date(day)
    if frequency.unit in ("D", "B"):
        parts.append((31 * DAY, (of_month - 1) / 31))
    parts.append((365 * DAY, of_year / 366))
    return [phase for length, phase in parts if span is None or length == parts[0][0] or 2 * length <= span]


def _date(day):
    """Day of the month and day of the year (from 0) of days since 1970, in the Gregorian calendar.

    Days are counted from the first of March 0000, so that leap days are last in a year (Hinnant 2013).
    """
    shifted = day + MARCH
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)  # from March
    number = (5 * of_year + 2) // 153
    of_month = of_year - (153 * number + 2) // 5 + 1
    return of_month, (of_year + 59) % 365
