"""Datasets of series for forecasting, and how their steps are split into training, validation and test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nlpseq.data import sources
from nlpseq.data.files.objects import training_and_others
from nlpseq.data.files.table import Table, normal
from nlpseq.data.notes import say_notes
from nlpseq.data.series import Columns, Frequency, Series, SeriesTable, read_series
from nlpseq.data.series.reading import split_tables, table_of
from nlpseq.data.series.times import dated
from nlpseq.errors import InputError, plural, refuses_unknown_arguments, suggest
from nlpseq.tasks.forecasting.futures import continued_columns, described_frequency, with_future
from nlpseq.tasks.forecasting.schemas import SERIES, SeriesSchema
from nlpseq.tasks.forecasting.settings import PASS
from nlpseq.tasks.forecasting.windows import Store, TrainingWindows, Windows, length_of

FORESEEN = (
    "holiday", "is holiday", "isholiday", "school holiday", "schoolholiday", "state holiday", "stateholiday", "promo",
    "promotion", "onpromotion", "on promotion", "open", "weekday", "day of week", "dayofweek", "weekend", "working day",
    "workingday", "event name", "snap",
)  # fmt: skip
DYNAMIC = ("feat dynamic", "dynamic feat")  # names of GluonTS and DeepAR for what is known over the horizon
FEW_STEPS = 3  # of a series, which then has no season
VALIDATED = 200  # windows of validation that are enough
VALIDATION_SHARE = 0.2  # of the steps of a series that are validated, at most


@dataclass(frozen=True)
class ForecastingSeries:
    """Series as they were read, before they are split.

    Attributes:
        name: As given to `load_series`.
        table: `SeriesTable`; of a dataset with a test part its series go on to their end.
        ahead: Steps of the test part of each series by item; empty if there is none.
        known: Names of the covariates that are known over the horizon.
        generated: Whether the series are generated.
        notes: Sentences about problems in the data.
    """

    name: str
    table: SeriesTable
    ahead: dict[str, int]
    known: tuple[str, ...]
    generated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def frequency(self) -> Frequency:
        """The step of the series."""
        return self.table.frequency or Frequency()

    def past(self) -> tuple[str, ...]:
        """Names of the covariates that are known up to the present only."""
        return tuple(name for name in self.table.covariates if name not in self.known)

    def histories(self) -> list[np.ndarray]:
        """The values of each series without its test part."""
        return [one.columns["value"][: length_of(one) - self.ahead.get(one.item, 0)] for one in self.table.series]

    def split(self, horizon: int, windows: int = 1, season: int = 1, context: int = 96) -> SplitSeries:
        """The steps of each series: training, then windows of validation, then `windows` of test, a horizon each.

        Raises:
            InputError: no series is long enough.
        """
        store = Store.of(self.table.series, self.frequency, self.table.covariates, self.table.statics, horizon)
        tested, before, notes = self._tested(store, horizon, windows)
        scales = np.array([naive_error(store.series(i, size), season) for i, size in enumerate(before)])
        if constant := int((~(scales > 0)).sum()):
            notes.append(f"{plural(constant, 'constant series is', 'constant series are')} left out of MASE")
        validated = _validated(before, horizon)
        end = before - validated * horizon
        step = max(1, int(np.ceil(horizon * min(1.0, validated.sum() / VALIDATED))))  # few windows overlap
        count = np.where(validated > 0, (validated - 1) * horizon // step + 1, 0)
        validation = rolling_windows(store, end, count, step, horizon, scales)
        if not len(validation):
            end = np.maximum(before - horizon, 1)
            validation = rolling_windows(store, end, (before > 1).astype(int), horizon, horizon, scales)
            notes.append("the series are too short for validation windows beside training: both use the same steps")
        training = training_windows(store, np.maximum(end, 1), horizon, scales, context)
        test = _filled(rolling_windows(store, before, tested, horizon, horizon, scales))
        validation = _filled(validation)
        if not len(validation):
            validation = test
            notes.append(
                "the series are too short for validation windows: the test windows are used, whose scores mean little"
            )
        notes = say_notes(notes)
        return SplitSeries(self.name, training, validation, test, self.generated, (*self.notes, *notes), self, season)

    def _tested(self, store: Store, horizon: int, windows: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """The number of test windows of each series, that of the steps before them, and notes."""
        if self.ahead:
            ahead = np.array([self.ahead.get(item, 0) for item in store.items])
            return -(-ahead // horizon), store.lengths - ahead, []
        tested = np.clip((store.lengths - horizon) // horizon, 0, windows)
        tested = np.where(store.lengths - tested * horizon >= FEW_STEPS, tested, np.maximum(tested - 1, 0))
        if not tested.any():
            longest = int(store.lengths.max())
            if longest <= FEW_STEPS:
                raise InputError(
                    f"{self.name}: the longest series has {plural(longest, 'value')}: give {FEW_STEPS + 1} or more to "
                    "train on and to test."
                )
            raise InputError(
                f"{self.name}: `horizon` {horizon} and `windows` {windows} need more steps than the longest series "
                f"has, {longest}: give a shorter horizon."
            )
        notes = []
        if short := int((tested == 0).sum()):
            subject = plural(short, "series has fewer than {} steps and is", "series have fewer than {} steps and are")
            notes.append(f"{subject.format(2 * horizon)} trained on and not tested")
        elif short := int((tested < windows).sum()):
            subject = plural(short, "series is too short for {} windows and", "series are too short for {} windows and")
            notes.append(f"{subject.format(windows)} tested on fewer")
        return tested, store.lengths - tested * horizon, notes


def _validated(before: np.ndarray, horizon: int) -> np.ndarray:
    """The number of horizons of each series that are validated, given its steps before the test."""
    needed = int(np.ceil(VALIDATED / max(1, (before > 2 * horizon).sum())))
    least = np.where(before >= 6 * horizon, 2, 1)
    share = np.maximum((before * VALIDATION_SHARE / horizon).astype(int), least)
    return np.minimum(np.minimum(needed, share), np.maximum((before - horizon) // horizon, 0))


def _filled(windows: Windows) -> Windows:
    """The windows with a target that is not missing."""
    return windows.select(np.flatnonzero(np.isfinite(windows.targets()).any(axis=1)))


@dataclass(frozen=True)
class SplitSeries(sources.SplitDataset):
    """Series with their windows by split.

    Attributes:
        name, generated, notes: As of `ForecastingSeries`.
        train: `TrainingWindows`.
        validation, test: `Windows`.
        source: The `ForecastingSeries`.
        season: Length of the main season.
    """

    name: str
    train: TrainingWindows
    validation: Windows
    test: Windows
    generated: bool
    notes: tuple[str, ...]
    source: ForecastingSeries
    season: int

    @property
    def title(self) -> str:
        """The name, with a note if the data are generated."""
        return super().title.replace("(generated sentences)", "(generated series)")


def naive_error(values: np.ndarray, season: int) -> float:
    """The mean absolute difference of values that are a season apart, of consecutive ones if there are none; or 0."""
    for lag in (season, 1):
        if len(values) > lag:
            differences = np.abs(values[lag:] - values[:-lag])
            if np.isfinite(differences).any():
                return float(np.nanmean(differences))
    return 0.0


def rolling_windows(store: Store, first, count, step: int, horizon: int, scales: np.ndarray) -> Windows:
    """`count` windows of each series, every `step` steps, the first with `first` steps before it."""
    series = np.repeat(np.arange(len(store)), count)
    number = np.concatenate([np.arange(size) for size in count]) if len(series) else np.array([], np.int64)
    origins = np.asarray(first, np.int64)[series] + number * step
    return Windows(store, series, origins, store.lengths, horizon, scales)


def training_windows(store: Store, end: np.ndarray, horizon: int, scales: np.ndarray, context: int) -> TrainingWindows:
    """Windows whose horizon ends with the training steps of a series; of a short one those that end in it."""
    high = end - horizon
    low = np.minimum(np.maximum(context // 2, 1), np.maximum(high // 2, 1))
    short = high < low
    low, high = np.where(short, np.maximum(end // 2, 1), low), np.where(short, np.maximum(end - 1, 0), high)
    total = int(np.maximum(high - low + 1, 0).sum())
    if not total:
        raise InputError("no series has two steps to train on: give longer series.")
    return TrainingWindows(store, low, high, end, horizon, scales, min(total, PASS))


@refuses_unknown_arguments
def load_series(
    dataset: Any,
    data_dir: Any = None,
    *,
    time: Any = None,
    item: Any = None,
    value: Any = None,
    covariates: Any = None,
    known: Any = None,
    frequency: str | None = None,
    time_zone: str | None = None,
    duplicates: str = "error",
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> ForecastingSeries:
    """Loads series to forecast.

    Args:
        dataset: Name of a TFDS dataset; the path of a file, or of a folder with train and test files, of which the
            latter continues the former; or an object, as of `nlpseq.data.read_series`.
        data_dir: Folder of prepared TFDS datasets. Default that of TFDS.
        time, item, value: Columns or features, as of `nlpseq.data.series.Columns`.
        covariates: Columns that are read beside the values; "none" for none. Default all.
        known: Those of them that are known over the horizon too; "none" for none. Default those that go on behind the
            last value, and those with usual names, such as holiday or promotion.
        frequency, time_zone, duplicates, delimiter, encoding: As of `nlpseq.data.read_series`.
        train: TFDS split. Default that of the dataset.
        validation: Must be None: validation windows are the last steps before the test.
        test: Path or object with the continuation of each series. Default the last steps of the series. If it lacks
            the column of the values, its rows tell the covariates of the future, and the last steps are tested.

    Returns:
        `ForecastingSeries`.

    Raises:
        InputError: the data cannot be read.

    Example:

    >>> data = load_series({"y": [float(number % 4) for number in range(60)]})
    >>> len(data.table), data.frequency.name
    (1, '')
    """
    if validation is not None:
        raise InputError("`validation` is not for series: the last steps before the test are validated.")
    arguments = {"time": time, "item": item, "value": value, "covariates": covariates, "known": known}
    options = {"frequency": frequency, "time_zone": time_zone, "duplicates": duplicates}
    generated = False
    if sources.is_name(dataset):
        sources.refuse_file_options(dataset, delimiter=delimiter, encoding=encoding)
        table, schema = _tfds_table(dataset, data_dir, train)
        arguments = {name: arguments[name] or getattr(schema, name) for name in arguments}
        options["frequency"] = options["frequency"] or schema.frequency
        tables, generated = {"train": table}, schema.generated
    elif isinstance(dataset, (str, os.PathLike)):
        splits = {"train": train, "validation": None, "test": test}
        read = lambda path: split_tables(path, delimiter, encoding)  # noqa: E731
        tables = sources.own_splits(dataset, data_dir, splits, read, lambda table: table)
    else:
        parts = training_and_others(dataset) | ({} if test is None else {"test": test})
        tables = {split: table_of(part, delimiter, encoding) for split, part in parts.items()}
    arguments["covariates"] = () if arguments["covariates"] == "none" else arguments["covariates"]
    options["frequency"] = options["frequency"] or described_frequency(dataset)
    columns = Columns(**{name: arguments[name] for name in ("time", "item", "value", "covariates")})
    table, ahead, notes = _with_parts(tables, columns, options)
    names = _known(table, arguments["known"])
    for one in table.series:
        if length_of(one) <= FEW_STEPS:
            notes.append(f"{one.title} has {plural(length_of(one), 'value')}: too few to learn from")
            break
    return ForecastingSeries(sources.name_of(dataset), table, ahead, names, generated, say_notes(notes))


def _with_parts(tables, columns, options) -> tuple[SeriesTable, dict[str, int], list[str]]:
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


def _known(table: SeriesTable, names) -> tuple[str, ...]:
    """The covariates that are known over the horizon."""
    if names == "none":
        return ()
    if names:
        requested = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
        columns = []
        for name in requested:
            same = [other for other in table.covariates if normal(other.split("=")[0]) == normal(name)]
            if not same:
                raise InputError(f"`known` names {name!r}, which is no covariate: {suggest(name, table.covariates)}")
            columns += same
        return tuple(columns)
    return tuple(name for name in table.covariates if _is_foreseen(name, table.series))


def _is_foreseen(name: str, series: Sequence[Series]) -> bool:
    """Whether a covariate has a usual name of what is planned, or goes on behind the values of most series."""
    if normal(name.split("=")[0]) in FORESEEN and all(_is_flag(one.columns[name]) for one in series):
        return True
    if normal(name).startswith(DYNAMIC):
        return True
    further = [np.isfinite(one.columns[name][length_of(one) :]).any() for one in series]
    return float(np.mean(further)) > 0.5


def _is_flag(values):
    """Whether values are few whole numbers, as those of calendars are."""
    present = values[np.isfinite(values)]
    return bool((present == np.round(present)).all()) and len(np.unique(present)) <= 60


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
        series.append(_joined(one, continuation, start, table.frequency or Frequency()))
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


def _joined(one: Series, continuation: Series, start: int, frequency: Frequency) -> Series:
    """A series and its continuation from step `start`; NaN between them, and in columns that this does not have."""
    columns = {}
    for name, column in one.columns.items():
        joined = np.full(start + len(continuation), np.nan)
        joined[: min(len(column), start)] = column[:start]
        joined[start:] = continuation.columns.get(name, np.nan)
        columns[name] = joined
    return replace(one, times=frequency.times(one.times[0], start + len(continuation)), columns=columns, lines=None)


def _tfds_table(dataset, data_dir, train) -> tuple[Table, SeriesSchema]:
    """The rows of a TFDS dataset as a table, and its schema."""
    builder = sources.prepared_builder(dataset, data_dir, SERIES)
    schema = sources.known_schema(builder, SERIES) or SeriesSchema()
    split = train or schema.train
    if split.split("[")[0] not in builder.info.splits:
        raise InputError(f"dataset {dataset!r} has no split {split!r}: it has {', '.join(builder.info.splits)}.")
    rows = [_plain(row) for row in builder.as_dataset(split=split).as_numpy_iterator()]
    if not rows:
        raise InputError(f"split {split!r} of dataset {dataset!r} is empty: choose another.")
    names = [name for name, cell in rows[0].items() if not isinstance(cell, dict)]
    columns = [[row[name] for row in rows] for name in names]
    return Table(dataset, names, lambda index: columns[index], range(1, len(rows) + 1), "row"), schema


def _plain(row):
    """A row of a TFDS dataset as strings, numbers and lists."""
    plain = {}
    for name, cell in row.items():
        plain[name] = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else np.asarray(cell).tolist()
    return plain
