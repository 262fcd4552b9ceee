"""Scores of forecasts, and of the simple forecasts beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.forecasting.windows import Windows

if TYPE_CHECKING:
    from nlpseq.tasks.forecasting.model import Forecaster

LEVELS = (50, 80, 90, 95, 98, 99)  # percent of the intervals whose coverage is measured


@dataclass(frozen=True)
class ForecastResult:
    """Scores on the windows of a split.

    Attributes:
        metrics: "mase", "smape" and "mape" (percent), "rmse", "weighted_quantile_loss", "coverage_80" and others,
            and "rivals", the scores of simple forecasts by name.
        windows: The windows.
        quantiles: float64 `(windows, horizon, quantiles)`.
        levels: The levels of the quantiles.
        errors: MASE at each step of the horizon by name of the forecast, `(horizon,)` each.
    """

    metrics: dict[str, Any]
    windows: Windows
    quantiles: np.ndarray
    levels: tuple[float, ...]
    errors: dict[str, np.ndarray]

    @property
    def median(self) -> np.ndarray:
        """The medians, `(windows, horizon)`."""
        return self.quantiles[..., list(self.levels).index(0.5)]


def evaluate_forecaster(task: Forecaster, windows: Windows, season: int | None = None) -> ForecastResult:
    """Evaluates a `Forecaster` on windows, beside the naive and seasonal naive forecasts.

    MASE is relative to the mean error, over the history before the test, of the forecast by the value of a season ago
    (Hyndman and Koehler 2006); series that are constant there do not count. sMAPE is 200 |y - f| / (|y| + |f|).

    Args:
        task: The forecaster.
        windows: Windows to forecast.
        season: Length of the main season. Default that of the task.
    """
    season = int(season or task.preprocessor.season)
    forecasts = task.predict_windows(windows)
    levels = task.settings.quantiles
    result = scored(windows, forecasts["quantiles"], forecasts["mean"], levels)
    errors = {"nlpseq": _by_step(windows, forecasts["quantiles"][..., list(levels).index(0.5)])}
    rivals = {}
    for name, forecast in naive_forecasts(windows, season, task.preprocessor.seasons).items():
        values = scored(windows, forecast[..., np.newaxis] + np.zeros(len(levels)), forecast, levels)
        rivals[name] = {key: value for key, value in values.items() if not key.startswith("coverage")}
        errors[name] = _by_step(windows, forecast)
    return ForecastResult({**result, "rivals": rivals}, windows, forecasts["quantiles"], tuple(levels), errors)


def scored(windows: Windows, quantiles: np.ndarray, mean: np.ndarray, levels: Sequence[float]) -> dict[str, float]:
    """The scores of forecasts of windows; what is not defined is left out."""
    targets, present = windows.targets(), np.isfinite(windows.targets())
    median = quantiles[..., list(levels).index(0.5)]
    errors = np.where(present, np.abs(targets - median), np.nan)
    scales = windows.scales[windows.series][:, np.newaxis]
    with np.errstate(invalid="ignore", divide="ignore"):
        sizes = np.abs(targets) + np.abs(median)
        smape = 200 * np.where(sizes > 0, errors / sizes, np.where(present, 0.0, np.nan))
        mase = errors / np.where(scales > 0, scales, np.nan)
        mape = 100 * errors / np.where(targets != 0, np.abs(targets), np.nan)
        pinball = np.stack(
            [
                2 * np.where(present, np.maximum(q * (targets - y), (q - 1) * (targets - y)), 0).sum()
                for q, y in zip(levels, np.moveaxis(quantiles, -1, 0))
            ]
        )
    scores = {
        "mase": _mean_of_windows(mase),
        "smape": _mean_of_windows(smape),
        "mape": _mean_of_windows(mape),
        "rmse": float(np.sqrt(np.nanmean(np.square(targets - mean)))),
        "weighted_quantile_loss": float(pinball.mean() / total) if (total := np.nansum(np.abs(targets))) else None,
    }
    scores |= coverages(targets, quantiles, levels)
    return {name: value for name, value in scores.items() if value is not None and np.isfinite(value)}


def coverages(targets: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> dict[str, float]:
    """The shares of values within the central intervals: "coverage_80" is of those between 0.1 and 0.9."""
    present, metrics = np.isfinite(targets), {}
    places = {round(level, 6): place for place, level in enumerate(levels)}
    for percent in LEVELS:
        edge = round((1 - percent / 100) / 2, 6)
        if edge in places and round(1 - edge, 6) in places:
            low, high = quantiles[..., places[edge]], quantiles[..., places[round(1 - edge, 6)]]
            metrics[f"coverage_{percent}"] = float(((low <= targets) & (targets <= high))[present].mean())
    return metrics


def _mean_of_windows(values):
    """The mean over windows of their means over the steps that are defined; None if there are none."""
    counts = np.isfinite(values).sum(axis=1)
    sums = np.nansum(values, axis=1)
    return float((sums[counts > 0] / counts[counts > 0]).mean()) if (counts > 0).any() else None


def _by_step(windows, forecast):
    scales = windows.scales[windows.series][:, np.newaxis]
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.abs(windows.targets() - forecast) / np.where(scales > 0, scales, np.nan)
    counts = np.isfinite(errors).sum(axis=0)
    return np.where(counts > 0, np.nansum(errors, axis=0) / np.maximum(counts, 1), np.nan)


def naive_forecasts(windows: Windows, season: int, seasons: Sequence[int] = ()) -> dict[str, np.ndarray]:
    """The forecasts by the last value, by that of a season ago, and by those of the other seasons.

    Missing values are looked for a season earlier.
    """
    names = {"naive": 1, "seasonal_naive": season}
    names |= {f"seasonal_naive_{length}": length for length in seasons if length != season}
    return {name: _naive(windows, lag) for name, lag in names.items() if lag > 1 or name == "naive"}


def _naive(windows, season):
    rows = []
    for number, origin in zip(windows.series, windows.origins):
        past = windows.store.series(int(number), int(origin))
        phases = []
        for phase in range(min(season, windows.horizon)):
            values = past[len(past) - season + phase :: -season] if len(past) >= season - phase else past[:0]
            values = values[np.isfinite(values)]
            phases.append(values[0] if len(values) else np.nan)
        observed = past[np.isfinite(past)]
        row = np.array(phases)[np.arange(windows.horizon) % season]
        rows.append(np.where(np.isfinite(row), row, observed[-1] if len(observed) else np.nan))
    return np.stack(rows)
