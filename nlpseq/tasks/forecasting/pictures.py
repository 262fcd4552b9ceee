"""Pictures of forecasts: fan charts, the error at each step, and calibration."""

from pathlib import Path

import numpy as np

from nlpseq.reporting.pictures import (
    INK,
    TRAINING,
    VALIDATION,
    finish_axes,
    new_figure,
    save_figure,
    series_styles,
    shorten,
)
from nlpseq.tasks.forecasting.evaluation import ForecastResult

PAST = 3  # horizons of the past that a fan chart shows


def draw(result: ForecastResult, folder: Path, title: str = "") -> None:
    """Draws `forecasts.png`, `horizon.png` and `calibration.png` into a folder."""
    plot_fans(result, folder / "forecasts.png", title)
    plot_errors(result.errors, folder / "horizon.png", title)
    plot_calibration(result, folder / "calibration.png", title)


def plot_fans(result: ForecastResult, path: str | Path, title: str = "") -> None:
    """Draws the forecasts of the windows with the least, the median and the largest MASE, with the truth."""
    windows, targets = result.windows, result.windows.targets()
    errors = np.nanmean(np.abs(np.where(np.isfinite(targets), targets, np.nan) - result.median), axis=1)
    scales = windows.scales[windows.series]
    order = np.argsort(np.where(scales > 0, errors / np.where(scales > 0, scales, 1.0), np.inf), kind="stable")
    order = order[np.isfinite(errors[order])]
    chosen = list(dict.fromkeys([order[0], order[len(order) // 2], order[-1]])) if len(order) else []
    figure = new_figure(8, 1.2 + 2.3 * max(1, len(chosen)), title)
    panels = figure.subplots(max(1, len(chosen)), 1, squeeze=False)[:, 0]
    for axes, window, name in zip(panels, chosen, ("best", "median", "worst")):
        _fan(axes, result, window, name, targets[window], errors[window], scales[window])
    save_figure(figure, path)


def _fan(axes, result, window, name, truth, error, scale):
    windows = result.windows
    number, origin = int(windows.series[window]), int(windows.origins[window])
    past = windows.store.series(number, origin)[-PAST * windows.horizon :]
    steps = np.arange(windows.horizon)
    axes.plot(np.arange(-len(past), 0), past, color=INK, linewidth=1, label="past")
    quantiles = result.quantiles[window]
    for outer in range(len(result.levels) // 2):
        axes.fill_between(steps, quantiles[:, outer], quantiles[:, -1 - outer], color=TRAINING, alpha=0.18, linewidth=0)
    axes.plot(steps, result.median[window], color=TRAINING, linewidth=1.8, label="median and intervals")
    axes.plot(steps, truth, color=VALIDATION, linewidth=1.2, label="truth")
    item = shorten(windows.store.items[number] or "series")
    score = f", MASE {error / scale:.2f}" if scale > 0 else ""
    axes.set_title(f"{name}: {item}{score}", parse_math=False, size=10)
    axes.set_xlabel("steps from the present")
    finish_axes(axes)


def plot_errors(errors: dict[str, np.ndarray], path: str | Path, title: str = "") -> None:
    """Draws MASE at each step of the horizon by name of the forecast."""
    figure = new_figure(6.5, 3.8, title)
    axes = figure.subplots()
    for style, values in zip(series_styles(errors), errors.values()):
        steps = np.arange(1, len(values) + 1)
        marker = style.marker if len(values) < 3 else ""
        axes.plot(
            steps,
            values,
            color=style.color,
            marker=marker,
            linestyle=style.linestyle,
            label=style.name.replace("_", " "),
        )
    axes.set(xlabel="step of the horizon", ylabel="MASE")
    axes.set_ylim(bottom=0)
    finish_axes(axes)
    save_figure(figure, path)


def plot_calibration(result: ForecastResult, path: str | Path, title: str = "") -> None:
    """Draws the share of values below each quantile against its level."""
    targets = result.windows.targets()
    present = np.isfinite(targets)
    shares = [float((targets <= result.quantiles[..., i])[present].mean()) for i in range(len(result.levels))]
    figure = new_figure(4.2, 4.2, title)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    axes.plot(result.levels, shares, "o-", color=TRAINING)
    axes.set(xlabel="level of the quantile", ylabel="share of values below it", xlim=(0, 1), ylim=(0, 1))
    finish_axes(axes, legend=False)
    save_figure(figure, path)
