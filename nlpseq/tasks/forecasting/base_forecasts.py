"""The weights of the base forecasts and the spread of their errors, from training windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nlpseq.tasks.forecasting import scaling, simple, smoothing
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.tasks.forecasting.windows import TrainingWindows, past_of

DRAWN = 2000  # windows
SHARPNESS = (2.0, 32.0, 128.0)  # powers of the errors: with 2 a base with twice the error has a quarter of the weight
STEPS, RATE = 200, 2.0  # of the descent
LEAST = 1e-6  # share of a base
PRIOR = 5.0  # horizons that count as much as the usual shares


def base_weights(
    description: SeriesPreprocessor, windows: TrainingWindows, quantiles: Sequence[float], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of the base forecasts, and distances between the quantiles of their errors, at each step.

        b_hk = -p log e_hk + d_k        e: mean absolute error of base k at step h, in the units of MASE

    The power p is one of `SHARPNESS` and d, from zero, minimises the error of the weighted base by gradient descent: a
    combination of forecasts is better than the best of them where their errors differ (Bates and Granger 1969), and of
    a random walk the last value alone is better than any mean with it.

    Of a short series few horizons tell bases apart, so the shares are then those of `_usual` for the most part:
    combinations do better if their shares are shrunk towards such a mean (Stock and Watson 2004).

        w_h = r softmax(b_h) + (1 - r) usual    r = n^2 / (n^2 + `PRIOR`^2), n: horizons that do not overlap

    Returns:
        float32 `(horizon, bases)`, and float32 `(horizon, quantiles - 1)` in units of the scale of a window.
    """
    drawn = windows.draw(DRAWN, seed, 0)
    values = tf.constant(past_of(drawn, description.context, [], [])["values"])
    mask = tf.math.is_finite(values)
    values = tf.where(mask, values, tf.zeros_like(values))
    level, scale = scaling.level_and_scale(values, mask, max([1, *description.seasons[:1]]))
    usable = (scale[:, 0] > 0).numpy()
    safe = tf.where(scale > 0, scale, tf.ones_like(scale))
    z = tf.where(mask, (values - level) / safe, tf.zeros_like(values))
    bases = simple.forecasts(z, mask, description.seasons, description.horizon).numpy()
    targets = (drawn.targets() - level.numpy()) / safe.numpy()
    targets = np.where(usable[:, np.newaxis], targets, np.nan)
    unit = np.maximum(drawn.scales[drawn.series], scale.numpy()[:, 0] / 20)
    weight = (safe.numpy()[:, 0] / np.where(unit > 0, unit, 1.0))[:, np.newaxis]
    losses = np.abs(targets[..., np.newaxis] - bases) * weight[..., np.newaxis]
    counts = np.isfinite(losses).sum(axis=0)
    errors = np.nansum(losses, axis=0) / np.maximum(counts, 1)
    errors = np.where(counts, errors, np.max(errors, initial=1.0))  # at steps without any target
    ratios = np.log(np.maximum(errors, 1e-6) / np.maximum(errors.min(axis=1, keepdims=True), 1e-6))
    fitted = [_fitted(bases, targets, weight, -sharpness * ratios) for sharpness in SHARPNESS]
    _, logits = min(fitted, key=lambda pair: np.nansum(np.abs(pair[0]) * weight))
    horizons = len(np.unique(drawn.horizons()[usable]))
    trust = horizons**2 / (horizons**2 + PRIOR**2)
    shares = trust * _shares(logits) + (1 - trust) * _usual(description)
    residuals = targets - np.einsum("nhk,hk->nh", bases, shares)
    return np.log(np.maximum(shares, LEAST)).astype(np.float32), _spreads(residuals, quantiles)


def _usual(description):
    """The shares of what does well of short series: the latest season or value, and exponential smoothing."""
    names = description.base_names
    latest = f"season {description.seasons[0]}" if description.seasons else "last"
    usual = [latest, *smoothing.names(description.seasons, description.context)]
    return np.isin(names, usual) / len(usual)


def _fitted(bases, targets, weight, logits):
    """Residuals of the weighted base, and its logits, moved by what is the same at all steps, with the least error."""
    present = np.isfinite(targets)
    unit = weight / max(1, present.sum())
    move, best = np.zeros(bases.shape[-1]), (np.inf, targets, logits)
    for number in range(STEPS):
        shares = _shares(logits + move)
        residuals = targets - np.einsum("nhk,hk->nh", bases, shares)
        error = np.nansum(np.abs(residuals) * unit)
        if error < best[0]:
            best = error, residuals, logits + move
        slopes = np.einsum("nh,nhk->hk", np.where(present, -np.sign(residuals) * unit, 0.0), bases)
        slopes = shares * (slopes - (shares * slopes).sum(axis=1, keepdims=True))
        move = move - RATE / np.sqrt(1 + number / 20) * slopes.sum(axis=0) / max(best[0], 1e-9)
    return best[1:]


def _shares(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _spreads(residuals, quantiles):
    levels = np.full((residuals.shape[1], len(quantiles)), np.nan)
    present = np.isfinite(residuals).sum(axis=0) > 0
    if present.any():
        levels[present] = np.nanquantile(residuals[:, present], quantiles, axis=0).T
    spreads = np.diff(levels, axis=1)
    return np.where(np.isfinite(spreads), np.clip(spreads, 1e-3, 10.0), 0.2).astype(np.float32)
