"""Series end to end in memory, and the windows of them that a forecaster reads: a past and a horizon."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from nlpseq.data.batching import generated
from nlpseq.data.series import Frequency, Series


@dataclass(frozen=True)
class Store:
    """All series of a dataset, one after another; behind each is room for a horizon.

    Attributes:
        items: Names of the series.
        statics: Texts of each series, a column each, by name.
        starts: First row of each series, int64 `(series,)`.
        lengths: Number of steps of each series up to its last value, int64 `(series,)`.
        values: float64 `(rows,)`, NaN where missing, and behind a series.
        times: Local wall-clock times in seconds since 1970, int64 `(rows,)`; 0 if steps are only counted.
        covariates: float64 `(rows, covariates)`, NaN where missing.
        names: Names of the covariates.
    """

    items: list[str]
    statics: dict[str, list[str]]
    starts: np.ndarray
    lengths: np.ndarray
    values: np.ndarray
    times: np.ndarray
    covariates: np.ndarray
    names: tuple[str, ...]

    def __len__(self):
        return len(self.items)

    @classmethod
    def of(cls, series: list[Series], frequency: Frequency, names: tuple[str, ...], statics, horizon: int) -> Store:
        """The store of series; covariates behind the last value are kept up to the horizon."""
        lengths, values, times, covariates = [], [], [], []
        for one in series:
            length = length_of(one)
            rows = length + horizon
            lengths.append(length)
            values.append(_padded(one.columns["value"][:length], rows))
            missing = np.full(len(one), np.nan)
            columns = [_padded(one.columns.get(name, missing)[:rows], rows) for name in names]
            covariates.append(np.stack(columns, axis=1) if columns else np.zeros((rows, 0)))
            times.append(clock(frequency, one.times[0], rows))
        sizes = np.array([len(part) for part in values])
        return cls(
            [one.item for one in series],
            {name: [one.static.get(name, "") for one in series] for name in statics},
            np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
            np.array(lengths, np.int64),
            np.concatenate(values),
            np.concatenate(times),
            np.concatenate(covariates),
            tuple(names),
        )

    def series(self, number: int, end: int | None = None) -> np.ndarray:
        """The values of a series, or its first `end`."""
        start = self.starts[number]
        return self.values[start : start + (self.lengths[number] if end is None else end)]


def length_of(series: Series) -> int:
    """The number of steps up to the last value."""
    places = np.flatnonzero(~np.isnan(series.columns["value"]))
    return int(places[-1]) + 1 if len(places) else 0


def clock(frequency: Frequency, start, count: int) -> np.ndarray:
    """Local wall-clock times of the first `count` steps in seconds since 1970; zeros for counted steps."""
    if not frequency.unit:
        return np.zeros(count, np.int64)
    times = frequency.times(start, count)
    return times.tz_localize(None).as_unit("s").asi8


def _padded(values, size):
    return np.concatenate([values[:size], np.full(max(0, size - len(values)), np.nan)])


@dataclass(frozen=True)
class Windows:
    """Windows at given places.

    Attributes:
        store: The series.
        series: Number of the series of each window, int64 `(windows,)`.
        origins: Number of steps of the series before the horizon of each window, int64 `(windows,)`.
        limits: Number of steps of each series that may be seen as a target, int64 `(series,)`.
        horizon: Steps of the horizon.
        scales: What an error of 1 counts for in each series, float64 `(series,)`: the denominators of MASE.
    """

    store: Store
    series: np.ndarray
    origins: np.ndarray
    limits: np.ndarray
    horizon: int
    scales: np.ndarray

    def __len__(self):
        return len(self.origins)

    def select(self, rows) -> Windows:
        """The windows at indices or a slice."""
        return Windows(self.store, self.series[rows], self.origins[rows], self.limits, self.horizon, self.scales)

    def horizons(self) -> np.ndarray:
        """A number for each window, int64 `(windows,)`, from 0: the same for windows of a series that overlap."""
        places = np.stack([self.series, self.origins // self.horizon])
        return np.unique(places, axis=1, return_inverse=True)[1].ravel()

    def targets(self, rows=slice(None)) -> np.ndarray:
        """The values of the horizon, float64 `(windows, horizon)`, NaN where they are missing."""
        return _targets(self, self.series[rows], self.origins[rows])


@dataclass(frozen=True)
class TrainingWindows:
    """Windows at random places, `count` of them in each pass.

    Attributes:
        store, limits, horizon, scales: As of `Windows`.
        low, high: First and last origin of each series, int64 `(series,)`; `high < low` for none.
        count: Number of windows in a pass.
    """

    store: Store
    low: np.ndarray
    high: np.ndarray
    limits: np.ndarray
    horizon: int
    scales: np.ndarray
    count: int = field(default=0)

    def __len__(self):
        return self.count

    def draw(self, count: int, seed: int, number: int) -> Windows:
        """Random windows, a function of the seed and the number of the pass.

        A series is drawn in proportion to the square root of its number of windows.
        """
        random = np.random.default_rng([seed, number])
        sizes = np.maximum(self.high - self.low + 1, 0).astype(float)
        weights = np.sqrt(sizes) / np.sqrt(sizes).sum()
        series = random.choice(len(sizes), count, p=weights)
        spans = (self.high - self.low + 1)[series]
        origins = self.low[series] + np.minimum((random.random(count) * spans).astype(np.int64), spans - 1)
        return Windows(self.store, series, origins, self.limits, self.horizon, self.scales)


def _targets(windows, series, origins):
    store = windows.store
    steps = origins[:, np.newaxis] + np.arange(windows.horizon)
    seen = steps < windows.limits[series][:, np.newaxis]
    rows = np.minimum(store.starts[series][:, np.newaxis] + steps, len(store.values) - 1)
    return np.where(seen, store.values[rows], np.nan)


def past_of(windows: Windows, context: int, covariates: list[int], known: list[int]) -> dict[str, np.ndarray]:
    """The inputs of windows by name, numbers in the units of the file.

    Returns:
        `values` float64 `(windows, context)`, NaN where missing; `times` int64 and `known` float64
        `(windows, context + horizon, ...)`; `past` float64 `(windows, context, ...)`.
    """
    store = windows.store
    steps = windows.origins[:, np.newaxis] + np.arange(-context, windows.horizon)
    before = steps < 0
    rows = store.starts[windows.series][:, np.newaxis] + np.maximum(steps, 0)
    rows = np.minimum(rows, len(store.values) - 1)
    values = np.where(before, np.nan, store.values[rows])[:, :context]
    cells = np.where(before[:, :, np.newaxis], np.nan, store.covariates[rows])
    times = store.times[rows]
    return {"values": values, "times": times, "past": cells[:, :context, covariates], "known": cells[:, :, known]}


def batches(windows: Windows | TrainingWindows, batch_size: int, seed: int, make) -> tf.data.Dataset:
    """Batches of `make(windows)`, `(inputs, targets)`; of training windows another draw in each pass."""
    passes = itertools.count()

    def generate():
        drawn = windows.draw(len(windows), seed, next(passes)) if isinstance(windows, TrainingWindows) else windows
        for start in range(0, len(drawn), batch_size):
            yield make(drawn.select(slice(start, start + batch_size)))

    if isinstance(windows, TrainingWindows):
        example = make(windows.draw(1, seed, 0))
    else:
        example = make(windows.select(slice(0, 1)))
    specs = tf.nest.map_structure(lambda x: tf.TensorSpec([None, *np.shape(x)[1:]], x.dtype), example)
    return generated(generate, specs, -(-len(windows) // batch_size))
