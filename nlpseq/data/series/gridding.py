"""The step of all series of a table, and the series on their grids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nlpseq.data.files.table import Table
from nlpseq.data.series.frequency import JITTER, REGULAR, Frequency, counted, nanoseconds, steps_text
from nlpseq.data.series.series import FEW, Duplicates, Series, on_grid
from nlpseq.data.series.times import dated
from nlpseq.errors import InputError, some_of

UNDATED = "{}: there are no dates: steps are counted, and `frequency` is not used"
LONG_ENOUGH = 10  # times from which the step of a single series is known


def gridded(
    table: Table,
    series: list[Series],
    frequency: str | None,
    times: Any,
    where: Callable[[int], str],
    duplicates: Duplicates,
    notes: list[str],
) -> tuple[Frequency, list[Series]]:
    """The frequency, given or found, and the series on its grid; `times` are those of all rows, None if counted."""
    step, series = _stepped(table, series, frequency, times, duplicates, notes)
    placed, missing, touched = [], 0, 0
    for one in series:
        one, gaps = on_grid(one, step, where, duplicates)
        placed.append(one)
        missing, touched = missing + gaps, touched + (gaps > 0)
    if missing:
        notes.append(
            f"{table.place}: {_gaps(missing, sum(map(len, placed)), step)}, in {touched:,} of {len(series):,} series: "
            f"{'they count as missing values' if missing > 1 else 'it counts as a missing value'}"
        )
    return step, placed


def unequal(table: Table, series: list[Series]) -> list[str]:
    """The notes on series with sorted times that are not put on a grid: gaps, or steps of any length."""
    one = max(series, key=len)
    if not dated(one.times) or counted([one.times for one in series]) is not None:
        return []
    step = Frequency.detect([one.times for one in series])
    if step is None:
        return []
    exact = [step.positions(one.times, one.times[0]) for one in series]
    placed = [np.round(positions).astype(np.int64) for positions in exact]
    off = sum(int((np.abs(x - whole) > JITTER).sum()) for x, whole in zip(exact, placed))
    counts = np.unique(np.concatenate([np.diff(whole) for whole in placed]), return_counts=True)[1]
    if off > FEW * sum(map(len, exact)) or counts.max() < REGULAR * counts.sum():
        return [f"{table.place}: the steps between times are not equal ({steps_text(one.times)}): each row is a step"]
    steps = sum(int(whole[-1]) + 1 for whole in placed)
    missing = steps - sum(len(np.unique(whole)) for whole in placed)
    return [f"{table.place}: {_gaps(missing, steps, step)}: each row is a step"] if missing else []


def _gaps(missing, total, step):
    of_step = f"of {step.name or 1!r}"
    return some_of(missing, total, "step", f"{of_step} has no row", f"{of_step} have no row")


def _stepped(table, series, frequency, times, duplicates, notes) -> tuple[Frequency, list[Series]]:
    """The step, and the series with the times that it counts."""
    if not dated(times):
        if frequency and times is not None:
            raise InputError(f"{table.place}: the times only count steps", "give dates", "leave out `frequency`")
        if frequency:
            notes.append(UNDATED.format(table.place))
        return Frequency("", _stride(series)), series
    if frequency:
        return Frequency.of(frequency), series
    if (numbers := counted([one.times for one in series])) is not None:
        notes.append(f"{table.place}: the times are {1000 * numbers[1]:g} milliseconds apart: steps are counted")
        return Frequency(), [replace(one, times=stamps) for one, stamps in zip(series, numbers[0])]
    step = Frequency.detect([one.times for one in series])
    if step is None:
        if len(table) == 1:
            raise InputError(f"{table.place} has one time", "give several", "set `frequency`")
        raise InputError(f"{table.place}: no series has two times", "set `frequency`", "name the `item` columns")
    _check_alike(table, series, step)
    _check_unmixed(table, series, step, joined=duplicates != "error")
    return step, series


def _stride(series):
    """The greatest whole number of which all steps of counted times are multiples: 10 of 10, 20, 40."""
    return max(1, int(np.gcd.reduce(np.concatenate([np.diff(np.asarray(one.times, np.int64)) for one in series]))))


def _check_unmixed(table, series, step, joined):
    """Refuses a series that has steps of one length in one part, and of another in a later one.

    If values of one step are `joined`, shorter steps than the most common one are no error.
    """
    for one in series:
        if len(one) <= 2 * LONG_ENOUGH:
            continue
        sizes = np.diff(np.round(step.positions(one.times, one.times[0])))
        shorter = (sizes == 0) & (np.diff(nanoseconds(one.times)) > 0) & (not joined)
        ends = np.flatnonzero(np.diff(np.where(shorter, -1.0, sizes), append=np.nan))
        runs = np.diff(ends, prepend=-1)
        other = np.flatnonzero((shorter[ends] | (sizes[ends] > 1)) & (runs >= LONG_ENOUGH))
        if len(other) and runs[sizes[ends] == 1].max(initial=0) >= LONG_ENOUGH:
            row = int(ends[other[0]] - runs[other[0]] + 1)
            line = 0 if one.lines is None else int(one.lines[row])
            raise InputError(
                f"{table.place}, {table.unit} {line}: {one.title} has steps of several frequencies, "
                f"{steps_text(one.times)}",
                "give series of one frequency",
                "set `frequency`",
            )


def _check_alike(table, series, step):
    """Refuses a table whose items have different steps; longer ones may be gaps."""
    for one in series:
        own = Frequency.detect([one.times]) if len(one) > LONG_ENOUGH else None
        if own is None or own == step or {own.unit, step.unit} == {"B", "D"}:
            continue
        line = 0 if one.lines is None else int(one.lines[0])
        raise InputError(
            f"{table.place}, {table.unit} {line}: {one.title} has steps of {own.name!r}, and others of {step.name!r}",
            "give series of one frequency",
            "set `frequency`",
        )
