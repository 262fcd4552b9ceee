"""The steps of series by split: windows for training, validation and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpseq.data import sources
from nlpseq.data.notes import say_notes
from nlpseq.errors import InputError, plural
from nlpseq.tasks.forecasting.settings import PASS
from nlpseq.tasks.forecasting.windows import Store, TrainingWindows, Windows

if TYPE_CHECKING:
    from nlpseq.tasks.forecasting.data import ForecastingSeries

FEW_STEPS = 3  # of a series, which then has no season
VALIDATED = 200  # windows of validation that are enough
VALIDATION_SHARE = 0.2  # of the steps of a series that are validated, at most


@dataclass(frozen=True, repr=False)
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


def split_series(source: ForecastingSeries, horizon: int, windows: int, season: int, context: int) -> SplitSeries:
    """The steps of each series by split, as of `ForecastingSeries.split`."""
    store = Store.of(source.table.series, source.frequency, source.table.covariates, source.table.statics, horizon)
    tested, before, notes = _tested(source, store, horizon, windows)
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
    return SplitSeries(
        source.name, training, validation, test, source.generated, (*source.notes, *notes), source, season
    )


def _tested(
    source: ForecastingSeries, store: Store, horizon: int, windows: int
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The number of test windows of each series, that of the steps before them, and notes."""
    if source.ahead:
        ahead = np.array([source.ahead.get(item, 0) for item in store.items])
        return -(-ahead // horizon), store.lengths - ahead, []
    rest = max(FEW_STEPS, horizon + 2)  # steps to learn from; for a single window fewer will do
    single = store.lengths >= horizon + max(FEW_STEPS, horizon)
    tested = np.maximum(np.clip((store.lengths - rest) // horizon, 0, windows), single.astype(int))
    if not tested.any():
        longest = int(store.lengths.max())
        if longest <= FEW_STEPS:
            raise InputError(
                f"{source.name}: the longest series has {plural(longest, 'value')}: give {FEW_STEPS + 1} or more to "
                "train on and to test."
            )
        raise InputError(
            f"{source.name}: `horizon` {horizon} and `windows` {windows} need more steps than the longest series "
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
        raise InputError(
            f"before the windows of `horizon` {horizon} no series has two steps to train on",
            "give longer series",
            "give a shorter horizon",
        )
    return TrainingWindows(store, low, high, end, horizon, scales, min(total, PASS))
