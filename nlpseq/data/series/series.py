"""Series of numbers, and how the rows of a table become series of equal steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from nlpseq.data.series.frequency import JITTER, Frequency, nanoseconds, steps_text
from nlpseq.data.series.times import dated
from nlpseq.errors import InputError, shorten

Duplicates = Literal["error", "first", "last", "mean", "sum", "few"]
FEW = 0.01  # the share of rows that may repeat a time
MOST_STEPS = 20_000_000  # of the grid of a series
LEAST_FILLED = 0.02  # of the steps of a long grid


@dataclass(frozen=True)
class Series:
    """The columns of one item, or of one channel or several, at its times.

    Attributes:
        item: Name of the series.
        times: `pandas.DatetimeIndex`, or `pandas.RangeIndex` where steps are only counted; without gaps if the
            series is on a grid.
        columns: float64 `(times,)` by name, NaN where a value is missing.
        static: Texts by name that hold for the whole series.
        lines: The line of each time in its file, 0 for times that were missing there.
    """

    item: str
    times: Any
    columns: dict[str, np.ndarray]
    static: dict[str, str] = field(default_factory=dict)
    lines: np.ndarray | None = None

    def __len__(self):
        return len(self.times)

    @property
    def title(self) -> str:
        """What the series is called in messages."""
        return shorten(repr(self.item)) if self.item else "the series"

    def select(self, rows: Any) -> Series:
        """The series at a slice, or at sorted indices."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        lines = None if self.lines is None else self.lines[rows]
        return replace(self, times=self.times[rows], columns=columns, lines=lines)


@dataclass(frozen=True)
class SeriesTable:
    """All series of a table.

    Attributes:
        place: Path of the file, or a description of the object.
        series: The series, in the order of the table.
        frequency: The step of all series; None if they are not on a grid.
        values: Names of the columns with the values: one, or several channels.
        covariates: Names of the other columns of numbers.
        statics: Names of the texts of a series.
        names: Names of the columns of the file by role ("time", "item", "value"), for files that are written.
        notes: Sentences about problems that do not stop the use.
        horizon: Steps that are to be forecast, if the file says so; else 0.
    """

    place: str
    series: list[Series]
    frequency: Frequency | None
    values: tuple[str, ...] = ("value",)
    covariates: tuple[str, ...] = ()
    statics: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    horizon: int = 0

    def __len__(self):
        return len(self.series)


def in_order(
    series: Series,
    where: Callable[[int], str],
    duplicates: Duplicates = "error",
    values: tuple[str, ...] = (),
    is_named: bool = True,
) -> tuple[Series, int, int]:
    """The series with sorted times, each once.

    Args:
        series: The rows of one item, with `lines`.
        where: From a line to its place, for errors.
        duplicates: What is done with rows of one time whose values differ: "error", or the "first", "last", "mean" or
            "sum" of them, or "few", the first, if they are a hundredth of the rows at most. Rows that are equal count
            once; of the hour that repeats when clocks are set back the mean.
        values: Names of the columns that are summed; covariates are averaged.
        is_named: Whether columns name the item; else the error says that some may.

    Returns:
        The series, and the numbers of rows that stood before an earlier one and of those that were merged.

    Raises:
        InputError: rows of one time differ.
    """
    lines = series.lines if series.lines is not None else np.zeros(len(series), int)
    stamps = nanoseconds(series.times) if dated(series.times) else np.asarray(series.times)
    unsorted = int((np.diff(stamps) < 0).sum())
    order = np.argsort(stamps, kind="stable") if unsorted else np.arange(len(stamps))
    series = series.select(order)
    stamps, lines = stamps[order], lines[order]
    repeated = np.flatnonzero(np.diff(stamps) == 0)
    if not len(repeated):
        return series, unsorted, 0
    if duplicates == "error" and _is_clock_change(series.times, repeated):
        duplicates = "mean"
    if duplicates == "error" or (duplicates == "few" and len(repeated) > FEW * len(stamps)):
        remedies = ["keep one"]
        if duplicates == "error":
            remedies += [*["name the `item` columns"] * (not is_named), "set `duplicates` to first, last, mean or sum"]
        _refuse_different(series, repeated, lines, where, remedies)
    starts = np.flatnonzero(np.r_[True, np.diff(stamps) != 0])
    ends = np.r_[starts[1:], len(stamps)]
    merged = {}
    for name, column in series.columns.items():
        if duplicates in ("mean", "sum"):
            merged[name] = _reduced(column, starts, "sum" if duplicates == "sum" and name in values else "mean")
        else:
            merged[name] = column[starts if duplicates in ("first", "few", "error") else ends - 1]
    one = replace(series.select(starts), columns=merged)
    return one, unsorted, len(stamps) - len(starts)


def _refuse_different(series, repeated, lines, where, remedies):
    """Raises an `InputError` if a column has different values in a row and the next, which have one time."""
    for row in repeated:
        for column in series.columns.values():
            one, other = column[[row, row + 1]]
            if not np.array_equal(one, other, equal_nan=True):
                raise InputError(
                    f"{where(int(lines[row + 1]))}: {series.title} has {series.times[row]} twice, with "
                    f"{one:g} (line {lines[row]}) and {other:g}",
                    *remedies,
                )


def _is_clock_change(times, repeated):
    """Whether times repeat as in the hour that clocks are set back: on few Sundays, at night."""
    if not dated(times) or times.tz is not None:
        return False
    repeats = times[repeated]
    nights = (repeats.dayofweek == 6) & (repeats.hour < 4) & repeats.month.isin([4, 9, 10, 11])
    years = times[-1].year - times[0].year + 1
    return bool(nights.all()) and repeats.normalize().nunique() <= years


def _reduced(column, starts, method):
    """The sum or mean of each group of rows, NaN for groups without a value."""
    present = ~np.isnan(column)
    counts = np.add.reduceat(present.astype(float), starts)
    sums = np.add.reduceat(np.where(present, column, 0.0), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, sums / counts if method == "mean" else sums, np.nan)


def on_grid(
    series: Series, frequency: Frequency, where: Callable[[int], str], duplicates: Duplicates = "error"
) -> tuple[Series, int]:
    """A series with sorted times on the grid of its frequency, which begins at its first time.

    Steps that are missing have NaN. Times that miss the grid by less than a tenth of a step are moved onto it.

    Returns:
        The series, and the number of steps that were missing.

    Raises:
        InputError: a time is not on the grid, two times fall on one step, or nearly all steps are missing.
    """
    start, positions = series.times[0], _positions(series, frequency, where)
    length = int(positions[-1]) + 1
    series, positions = _one_a_step(series, positions, frequency, where, duplicates)
    if length > MOST_STEPS or (length > 10_000 and len(positions) < LEAST_FILLED * length):
        raise InputError(
            f"{where(0)}: {series.title} has {len(positions):,} times in {length:,} steps of "
            f"{frequency.name or 1!r} from {start} to {series.times[-1]}",
            "correct times that are far off",
            "set `frequency` to a longer one",
        )
    if length == len(positions):
        return replace(series, times=frequency.times(start, length)), 0
    columns = {name: _placed(column, positions, np.full(length, np.nan)) for name, column in series.columns.items()}
    lines = series.lines
    if lines is not None:
        lines = _placed(lines, positions, np.zeros(length, lines.dtype))
    times = frequency.times(start, length)
    return replace(series, times=times, columns=columns, lines=lines), length - len(positions)


def _positions(series, frequency, where):
    """The step of each time after the first, int64.

    Raises:
        InputError: a time is not on the grid.
    """
    start = series.times[0]
    if not frequency.unit:
        return (np.asarray(series.times, np.int64) - int(start)) // frequency.count
    exact = frequency.positions(series.times, start)
    positions = np.round(exact).astype(np.int64)
    off = np.flatnonzero(np.abs(exact - positions) > JITTER)
    if len(off) > 0.01 * len(exact) and len(exact) > 10 and _spread(exact, positions):
        off = off[:0]  # times that are measured, not planned
    if len(off):
        raise InputError(
            f"{where(_line(series, off[0]))}: {series.times[off[0]]} of {series.title} is not a whole number of steps "
            f"of {frequency.name!r} after {start}, and the steps are not equal: {steps_text(series.times)}",
            "correct the time",
            "set `frequency`, or leave out the column of the times to count steps",
        )
    return positions


def _one_a_step(series, positions, frequency, where, duplicates):
    """The series and its positions, with one row for those that fall on one step.

    Raises:
        InputError: many do, and `duplicates` is "error".
    """
    same = np.flatnonzero(np.diff(positions) == 0)
    if not len(same):
        return series, positions
    if duplicates == "error" and len(same) > FEW * len(positions):
        if frequency.unit == "B" and len(weekend := np.flatnonzero(np.asarray(series.times.dayofweek) > 4)):
            raise InputError(
                f"{where(_line(series, weekend[0]))}: {series.times[weekend[0]]} of {series.title} is on a weekend, "
                "and the steps are days of business",
                "leave out such rows",
                "set `frequency` to D",
            )
        raise InputError(
            f"{where(_line(series, same[0] + 1))}: {series.times[same[0]]} and {series.times[same[0] + 1]} of "
            f"{series.title} fall on one step of {frequency.name!r}",
            "set `frequency` to a shorter one",
            "set `duplicates` to first, last, mean or sum",
        )
    starts = np.flatnonzero(np.r_[True, np.diff(positions) != 0])
    method = "sum" if duplicates == "sum" else "mean"
    columns = {name: _reduced(column, starts, method) for name, column in series.columns.items()}
    return replace(series.select(starts), columns=columns), positions[starts]


def _line(series, row):
    """The line of a row in its file, 0 if it is not known."""
    return 0 if series.lines is None else int(series.lines[row])


def _placed(values, positions, array):
    """The array with values at positions."""
    array[positions] = values
    return array


def _spread(exact, positions):
    """Whether times scatter around the grid, as those of measurements do, rather than lying on another grid."""
    misses = exact - positions
    return len(np.unique(np.round(misses, 3))) > max(10, 0.02 * len(misses))
