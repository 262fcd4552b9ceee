"""Series and their test parts, which continue them, as one."""

from dataclasses import replace
from typing import Any

import numpy as np

from nlpseq.data.series import Columns, Frequency, Series, SeriesTable, read_series
from nlpseq.data.series.times import dated
from nlpseq.errors import InputError, plural
from nlpseq.tasks.forecasting.futures import continued_columns, with_future
from nlpseq.tasks.forecasting.windows import length_of


def with_continuations(
    tables: dict[str, Any], columns: Columns, options: dict[str, Any]
) -> tuple[SeriesTable, dict[str, int], list[str]]:
    """The series with their continuations, the steps of the test part by item, and notes."""
    table, ahead, notes = read_series(tables["train"], columns, **options), {}, []
    columns = continued_columns(table, columns)
    if "test" in tables and (joined := with_future(tables["train"], tables["test"], table)) is not None:
        place = getattr(tables["test"], "place", "the test data")
        notes.append(f"{place} has no column {table.names['value']!r}: its rows are the future, and are not tested")
        table = read_series(joined, columns, **options)
        tables = {split: part for split, part in tables.items() if split != "test"}
    if table.frequency and table.frequency.unit:
        options = {**options, "frequency": table.frequency.name}
    for split in ("validation", "test"):  # the last steps before the test are validated, whatever they are
        if split in tables:
            continuation = read_series(tables[split], columns, **options)
            new = len({one.item for one in continuation.series} - {one.item for one in table.series})
            if len(continuation) > new > 0:
                notes.append(f"{continuation.place}: {plural(new, 'series')} without a training part left out")
            table, ahead = _continued(table, continuation)
    return table, ahead if "test" in tables else {}, [*notes, *table.notes]


def _continued(table: SeriesTable, test: SeriesTable) -> tuple[SeriesTable, dict[str, int]]:
    """The series with their continuations, and the number of steps of these by item."""
    parts = {one.item: one for one in test.series}
    single = len(table.series) == len(test.series) == 1
    series, ahead = [], {}
    for one in table.series:
        continuation = parts.get(one.item) or (test.series[0] if single else None)
        if continuation is None:
            series.append(one)
            continue
        start = _start(one, continuation, table.frequency, test.place)
        series.append(_concatenated(one, continuation, start, table.frequency or Frequency()))
        ahead[one.item] = start + length_of(continuation) - length_of(one)
    if not ahead:
        raise InputError(f"{test.place} has none of the series of {table.place}: expected their continuations.")
    return replace(table, series=series), ahead


def _start(one: Series, continuation: Series, frequency: Frequency | None, place: str) -> int:
    """The step of a series at which its continuation begins, which may repeat what is before it."""
    length = length_of(one)
    if not (frequency and frequency.unit and dated(continuation.times)):
        return 0 if _repeats(one, continuation, 0) else length
    start = round(float(frequency.positions(continuation.times[:1], one.times[0])[0]))
    if start < length and not _repeats(one, continuation, start):
        raise InputError(
            f"{place}: {one.title} begins at {continuation.times[0]}, before the end of its "
            f"training part at {one.times[length - 1]}: a test part continues the training part."
        )
    return start


def _repeats(one: Series, continuation: Series, start: int) -> bool:
    """Whether a continuation begins at a step of a series with its values from there on to its end."""
    past = one.columns["value"][max(0, start) : length_of(one)]
    return start >= 0 and bool(np.array_equal(past, continuation.columns["value"][: len(past)], equal_nan=True))


def _concatenated(one: Series, continuation: Series, start: int, frequency: Frequency) -> Series:
    """A series and its continuation from step `start`; NaN between them, and in columns that this does not have."""
    columns = {}
    for name, column in one.columns.items():
        joined = np.full(start + len(continuation), np.nan)
        joined[: min(len(column), start)] = column[:start]
        joined[start:] = continuation.columns.get(name, np.nan)
        columns[name] = joined
    return replace(one, times=frequency.times(one.times[0], start + len(continuation)), columns=columns, lines=None)
