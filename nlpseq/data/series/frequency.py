"""The step between two times of a series: found or given, with its seasons and its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.errors import InputError, plural, shorten

if TYPE_CHECKING:
    import pandas as pd

SECOND = 10**9  # nanoseconds
DAY = 86_400 * SECOND
MONTHS = {"M": 1, "Q": 3, "Y": 12}  # of the units that have no fixed length
ENDS = {"MS": "BME", "QS": "BQE", "YS": "BYE"}  # what these are called where they end with a day of business
NICE = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 28800, 43200)
JITTER = 0.1  # the share of a step by which times may miss the grid
REGULAR = 0.5  # the share of steps that must be of one length


@dataclass(frozen=True)
class Frequency:
    """A step of a calendar.

    Attributes:
        unit: "s" seconds, "D" days, "B" business days, "M" months; "" for steps that are only counted.
        count: Number of units in a step; of counted steps the difference of two numbers.
        business: Whether months are those of business, named by their last day that is no weekend.

    Example:

    >>> Frequency.of("30min"), Frequency.of("W").seasons()
    (Frequency(unit='s', count=1800, business=False), (52,))
    """

    unit: str = ""
    count: int = 1
    business: bool = False

    @classmethod
    def of(cls, text: str) -> Frequency:
        """The frequency of a name of pandas: "h", "30min", "D", "W", "MS", "QE", "BME", "B"; "" for counted steps.

        Raises:
            InputError: pandas does not know the name, or its steps are not equal.
        """
        import pandas as pd

        text = str(text).strip()
        if not text:
            return cls()
        offset: Any = None
        for name in (text, text.lower(), text.upper(), {"M": "ME", "Q": "QE", "Y": "YE", "A": "YE"}.get(text, text)):
            try:
                offset = pd.tseries.frequencies.to_offset(name)
                break
            except ValueError:
                continue
        kinds = {"W": ("D", 7), "B": ("B", 1), "D": ("D", 1)}
        for prefix, months in MONTHS.items():
            for name in (f"{prefix}S", f"{prefix}E", prefix, f"B{prefix}S", f"B{prefix}E"):
                kinds[name] = ("M", months)
        if offset is not None and offset.n > 0:
            prefix = offset.rule_code.split("-")[0]
            if prefix in kinds:
                unit, size = kinds[prefix]
                return cls(unit, size * offset.n, prefix in ENDS.values())
            if isinstance(offset, pd.offsets.Tick):
                nanoseconds = pd.Timedelta(offset).value
                if nanoseconds >= SECOND:
                    return cls.of_seconds(nanoseconds // SECOND)
        raise InputError(
            f"unknown `frequency` {shorten(repr(text))}: give a name of pandas of a second or more, such as h, 30min, "
            "D, W, MS or QS."
        )

    @classmethod
    def of_seconds(cls, seconds: float) -> Frequency:
        """The frequency with steps of so many seconds; whole days are days of the calendar."""
        seconds = max(1, round(seconds))
        return cls("D", seconds // 86_400) if seconds % 86_400 == 0 else cls("s", int(seconds))

    @classmethod
    def detect(cls, groups: list[pd.DatetimeIndex]) -> Frequency | None:
        """The frequency of sorted times of one or several series, None if there are no two times.

        The most common step decides; if no step is common, the nearest usual one to their median.
        """
        steps = [np.diff(nanoseconds(times)) for times in groups if len(times) > 1]
        steps = np.concatenate(steps) if steps else np.array([], np.int64)
        steps = steps[steps > 0]
        if not len(steps):
            return None
        months = _months(groups, steps)
        if months:
            return cls("M", months, _end_with_business(groups))
        sizes, counts = np.unique(steps, return_counts=True)
        step = int(sizes[counts.argmax()])
        if counts.max() < REGULAR * len(steps):
            median = float(np.median(steps)) / SECOND
            nice = min(NICE if median < 64_800 else (86_400, 604_800), key=lambda nice: abs(np.log(nice / median)))
            nice *= SECOND
            step = step if _share(steps, step) >= 0.9 > _share(steps, nice) else nice
        if step < SECOND:
            raise InputError(f"the times are {step / 1e6:g} milliseconds apart: steps of a second or more are read.")
        if step == DAY and _has_no_weekends(groups):
            return cls("B", 1)
        return cls.of_seconds(step / SECOND)

    @property
    def name(self) -> str:
        """The frequency as in "h", "30min", "D", "W", "MS"; "" for counted steps."""
        units = {"s": ((3600, "h"), (60, "min"), (1, "s")), "D": ((7, "W"), (1, "D")), "B": ((1, "B"),)}
        units["M"] = ((12, "YS"), (3, "QS"), (1, "MS"))
        for size, letter in units.get(self.unit, ()):
            if self.count % size == 0:
                number, letter = self.count // size, ENDS[letter] if self.business else letter
                return letter if number == 1 else f"{number}{letter}"
        return ""

    def positions(self, times: pd.DatetimeIndex, start: pd.Timestamp) -> np.ndarray:
        """The number of steps from `start` to each time, a float; whole numbers are on the grid."""
        if self.unit == "M":
            months = (times.year - start.year) * 12 + times.month - start.month
            return np.asarray(months, float) / self.count
        if self.unit == "B":
            days = times.tz_localize(None).values.astype("datetime64[D]")
            first = start.tz_localize(None).to_datetime64().astype("datetime64[D]")
            return np.busday_count(first, days).astype(float)
        if self.unit == "D":  # of the calendar: a day of 23 hours is a day
            local, first = nanoseconds(times.tz_localize(None)), start.tz_localize(None)
            return (local - nanoseconds(first)) / (DAY * self.count)
        return (nanoseconds(times) - nanoseconds(start)) / (SECOND * self.count)

    def times(self, start: Any, count: int, first: int = 0) -> Any:
        """The times `first`, `first + 1`, ... steps after `start`, `count` of them; without a unit, whole numbers."""
        import pandas as pd

        if not self.unit:
            begin = int(start) + first * self.count
            return pd.RangeIndex(begin, begin + count * self.count, self.count)
        steps = np.arange(first, first + count) * self.count
        if self.unit == "s":
            return pd.DatetimeIndex(start + pd.to_timedelta(steps, "s"))
        plain, zone = start.tz_localize(None), start.tz
        if self.unit == "D":
            result = pd.DatetimeIndex(plain + pd.to_timedelta(steps, "D"))
        elif self.unit == "B":
            day = plain.to_datetime64().astype("datetime64[D]")
            result = pd.DatetimeIndex(np.busday_offset(day, steps, roll="forward").astype("datetime64[ns]"))
        else:
            result = pd.DatetimeIndex(
                [plain + pd.DateOffset(months=int(step)) for step in steps], dtype="datetime64[ns]"
            )
            if self.business and plain.normalize() == _business_ends(pd.DatetimeIndex([plain]))[0]:
                result = _business_ends(result)
            elif plain.is_month_end:
                result = result + pd.offsets.MonthEnd(0)
        if zone is None:
            return result
        return result.tz_localize(zone, ambiguous=np.zeros(len(result), bool), nonexistent="shift_forward")

    def seasons(self) -> tuple[int, ...]:
        """The usual lengths of seasons in steps, the shortest first: a day, a week, a year; none for counted steps.

        >>> Frequency.of("h").seasons(), Frequency.of("MS").seasons()
        ((24, 168), (12,))
        """
        if self.unit == "M":
            return (12 // self.count,) if self.count < 12 and 12 % self.count == 0 else ()
        if self.unit == "B":
            return (5,) if self.count == 1 else ()
        if self.unit == "D":
            return {1: (7, 365), 7: (52,)}.get(self.count, ())
        if self.unit == "s":
            cycles = (60, 3600, 86_400, 604_800)
            return tuple(cycle // self.count for cycle in cycles if cycle >= 4 * self.count and not cycle % self.count)
        return ()


def steps_text(times: pd.DatetimeIndex) -> str:
    """The two most common steps of sorted times with their counts: "39 of 1 day, 80 of 1 hour"."""
    sizes, counts = np.unique(np.diff(nanoseconds(times)), return_counts=True)
    common = sorted(np.argsort(-counts, kind="stable")[:2], key=lambda place: -sizes[place])
    return ", ".join(f"{counts[place]:,} of {_duration(int(sizes[place]))}" for place in common)


def _duration(size):
    """Nanoseconds in words."""
    for unit, name in ((DAY, "day"), (3600 * SECOND, "hour"), (60 * SECOND, "minute"), (SECOND, "second")):
        if size % unit == 0:
            return plural(size // unit, name)
    return f"{size / SECOND:g} seconds"


def counted(groups: list[pd.DatetimeIndex]) -> tuple[list[np.ndarray], float] | None:
    """Times as whole numbers of steps from the first of all on, and the seconds of a step, if it is below a second."""
    steps = np.concatenate([np.diff(nanoseconds(times)) for times in groups])
    steps = steps[steps > 0]
    if not len(steps) or np.median(steps) >= SECOND:
        return None
    sizes, counts = np.unique(steps, return_counts=True)
    step = sizes[counts.argmax()] if counts.max() >= REGULAR * len(steps) else np.median(steps)
    first = min(nanoseconds(times)[0] for times in groups)
    return [np.round((nanoseconds(times) - first) / step).astype(np.int64) for times in groups], step / SECOND


def nanoseconds(times: Any) -> Any:
    """Times in nanoseconds since 1970, int64."""
    return times.as_unit("ns").asi8 if hasattr(times, "asi8") else times.as_unit("ns").value


def _share(steps, step):
    """The share of steps that are nearly whole multiples of one."""
    part = steps / step
    return float(np.mean(np.abs(part - np.round(part)) < JITTER))


def _months(groups, steps):
    """The number of months of a step, 0 if the steps are not those of months."""
    days = float(np.median(steps)) / DAY
    if days < 27.9 or min(steps) / DAY < 27.9:
        return 0
    months = [np.diff(times.year * 12 + times.month) for times in groups if len(times) > 1]
    sizes, counts = np.unique(np.concatenate(months), return_counts=True)
    starts = {int(day) for times in groups for day in times.day[:50]}
    aligned = len(starts) == 1 or min(starts) >= 26 or max(starts) <= 4  # the 26th may be the last day of business
    return int(sizes[counts.argmax()]) if aligned and sizes.min() > 0 else 0


def _business_ends(times):
    """The last day that is no weekend of the month of each time."""
    import pandas as pd

    ends = times.normalize() + pd.offsets.MonthEnd(0)
    return ends - pd.to_timedelta(np.maximum(np.asarray(ends.dayofweek) - 4, 0), "D")


def _end_with_business(groups):
    """Whether times are such last days, some of them before the end of the month."""
    all_ends = all((times.normalize() == _business_ends(times)).all() for times in groups)
    return all_ends and not all(times.is_month_end.all() for times in groups)


def _has_no_weekends(groups):
    """Whether of many days none is of a weekend."""
    days = np.concatenate([np.asarray(times.dayofweek) for times in groups])
    return len(days) >= 10 and bool((days < 5).all())
