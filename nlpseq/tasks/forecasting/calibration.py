"""What is fitted on validation windows after training: how far to trust the network, and the width of intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpseq.tasks.forecasting.windows import Windows

if TYPE_CHECKING:
    from nlpseq.tasks.forecasting.model import Forecaster

BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
PRIOR = 30.0  # windows that count for the quantiles of the network
WIDEST = 4.0  # factor of a distance between quantiles, at most


@dataclass(frozen=True)
class Calibration:
    """What was fitted, and on how many windows.

    Attributes:
        blend: Share of the network in the median, the rest is the base forecast.
        before, after: The shares of validation values between the outer quantiles.
        windows: Number of windows.
    """

    blend: float
    before: float
    after: float
    windows: int


def calibrate(task: Forecaster, windows: Windows, conformal: bool = True) -> Calibration:
    """Fits `blend`, `correction` and `persistence` of a forecaster on validation windows.

    The blend is the share of the network's correction of the base with the least absolute error, or the smallest whose
    error is within one standard error of that (Breiman et al. 1984): validation has few horizons of a single series,
    and a combination forecasts better than its parts where both are about as good.

    The correction multiplies the distance of a quantile q from the median by the q-quantile of the ratios of errors to
    that distance (split conformal prediction, Vovk et al. 2005, by quantile as of Romano et al. 2019), shrunk towards 1
    if there are few windows. For n independent errors it is the (n + 1) / n q-quantile (Lei et al. 2018, section 2).

    Args:
        task: A trained forecaster.
        windows: Validation windows.
        conformal: Whether quantiles are corrected.

    Returns:
        `Calibration`.
    """
    task.blend.assign(1.0)
    task.correction.assign(np.ones(len(task.settings.quantiles), np.float32))
    levels, targets = np.array(task.settings.quantiles), windows.targets()
    middle = list(levels).index(0.5)
    blends = BLENDS[-1:] if task.by_steps else BLENDS
    blend = _smallest({blend: _errors(task, windows, targets, blend, middle) for blend in blends})
    task.blend.assign(blend)
    quantiles = task.predict_windows(windows)["quantiles"]
    present, median = np.isfinite(targets), quantiles[..., middle]
    before, errors = _inside(targets, quantiles, present), targets - median
    persistence = _persistence(errors)
    task.persistence.assign(persistence)
    if conformal:
        count = _independent(windows, persistence)
        factors = [
            1.0 if place == middle else _factor(errors, quantiles[..., place] - median, level, present, count)
            for place, level in enumerate(levels)
        ]
        weight = len(windows) / (len(windows) + PRIOR)
        task.correction.assign(np.array([weight * factor + 1 - weight for factor in factors], np.float32))
        quantiles = task.predict_windows(windows)["quantiles"]
    return Calibration(blend, before, _inside(targets, quantiles, present), len(windows))


def _errors(task, windows, targets, blend, middle):
    """Mean errors of the horizons of validation, in the units of MASE; windows that overlap count as one."""
    task.blend.assign(blend)
    median = task.predict_windows(windows)["quantiles"][..., middle]
    scales = windows.scales[windows.series][:, np.newaxis]
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.abs(targets - median) / np.where(scales > 0, scales, np.nan)
    present = np.isfinite(errors)
    horizons = windows.horizons()
    sums, counts = (np.bincount(horizons, part.sum(axis=1)) for part in (np.where(present, errors, 0.0), present))
    return sums[counts > 0] / counts[counts > 0] if counts.any() else np.zeros(1)


def _smallest(errors):
    """The smallest blend whose mean error is at most a standard error of the difference above the least."""
    least = min(errors.values(), key=np.mean)
    differences = {blend: error - least for blend, error in errors.items()}
    return next(blend for blend, d in differences.items() if d.mean() <= d.std() / np.sqrt(len(d)))


def _independent(windows, persistence):
    """About how many errors are independent: those of one time, of one series and of neighbouring steps go together."""
    count = max(len(np.unique(windows.origins // windows.horizon)), len(np.unique(windows.series)))
    return count * max(1.0, windows.horizon * (1 - persistence) / (1 + persistence))


def _factor(errors, distances, level, present, count):
    """The factor of distances from the median below which a share `level` of the errors is, for `count` independent."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = (errors / distances)[present & (distances != 0)]
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return 1.0
    share = max(level, 1 - level) * (count + 1) / count
    return float(np.clip(np.quantile(ratios, min(1.0, share)), 1 / WIDEST, WIDEST))


def _inside(targets, quantiles, present):
    return float(((quantiles[..., 0] <= targets) & (targets <= quantiles[..., -1]))[present].mean())


def _persistence(errors):
    """The correlation of errors at neighbouring steps of a window, for sampled paths."""
    first, second = errors[:, :-1], errors[:, 1:]
    present = np.isfinite(first) & np.isfinite(second)
    if present.sum() < 3:
        return 0.0
    signs = np.sign(first[present]) * np.sign(second[present])
    return float(np.clip(np.sin(np.pi / 2 * signs.mean()), 0.0, 0.99))  # of a Gaussian, robust to heavy tails
