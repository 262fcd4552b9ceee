"""Forecasts by exponential smoothing of what is left of a window without its season, as TensorFlow ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nlpseq.tasks.forecasting import scaling

RATE = 0.3  # of the smoothing


def names(seasons: Sequence[int], context: int) -> list[str]:
    """The names of the forecasts of `smoothed`."""
    season = season_of(seasons, context)
    behind = f" and season {season}" if season > 1 else ""
    return [f"smoothed level{behind}", f"theta method{behind}"]


def season_of(seasons: Sequence[int], context: int) -> int:
    """The longest season that fits twice into the context, 1 if there is none."""
    return max([length for length in seasons if 2 * length <= context], default=1)


def smoothed(z: tf.Tensor, mask: tf.Tensor, season: int, horizon: int) -> list[tf.Tensor]:
    """Forecasts of scaled values by a smoothed level l, and by the theta method, `(batch, horizon)` each.

        d(t) = z(t) - s(t)                  s: the mean of each phase of z less its line of least squares
        l = sum_j (1-a)^j d(T-j) / sum_j (1-a)^j                          a: `RATE`
        z(T+h) = s(T+h) + l
        z(T+h) = s(T+h) + l + b/2 (h - 1 + (1 - (1-a)^n) / a)             b: the slope of d by least squares

    Args:
        z: `(batch, time)`, 0 where a value is missing.
        mask: Which values are there, bool `(batch, time)`.
        season: Steps of the season; 1 for none, s = 0.
        horizon: Steps ahead.

    References:
        Assimakopoulos and Nikolopoulos (2000), The theta model; Hyndman and Billah (2003), Unmasking the Theta
        method, for its form as a smoothed level with half of the slope as drift.
    """
    past, ahead = _season(z, mask, season, horizon)
    rest = tf.where(mask, z - past, tf.zeros_like(z))
    level = ahead + _level(rest, mask)[:, tf.newaxis]
    count = tf.reduce_sum(tf.cast(mask, z.dtype), axis=1, keepdims=True)
    start = (1 - tf.pow(tf.constant(1 - RATE, z.dtype), count)) / RATE
    drift = _slope(rest, mask)[:, tf.newaxis] / 2 * (tf.range(horizon, dtype=z.dtype) + start)
    return [level, level + drift]


def _season(z, mask, season, horizon):
    """s at the steps of the past and at those ahead."""
    context = z.shape[1]
    if season <= 1:
        return tf.zeros_like(z), tf.zeros([1, horizon], z.dtype)
    line = _slope(z, mask)[:, tf.newaxis] * tf.range(context, dtype=z.dtype)
    values, present = scaling.at_lags(z - line, mask, scaling.lags(season, season, context, context // season))
    means = scaling.masked_mean(values, present, axis=1)
    known = tf.reduce_any(present, axis=1)
    means = tf.where(known, means - scaling.masked_mean(means, known)[:, tf.newaxis], tf.zeros_like(means))
    phases = np.arange(-context, horizon) % season
    return tf.gather(means, phases[:context], axis=1), tf.gather(means, phases[context:], axis=1)


def _level(rest, mask):
    weights = tf.constant((1 - RATE) ** np.arange(rest.shape[1])[::-1], rest.dtype) * tf.cast(mask, rest.dtype)
    total = tf.reduce_sum(weights, axis=1)
    return tf.reduce_sum(weights * rest, axis=1) / tf.where(total > 0, total, tf.ones_like(total))


def _slope(values, mask):
    """The slope of the line of least squares through the values that the mask holds, `(batch,)`."""
    steps = tf.range(values.shape[1], dtype=values.dtype) * tf.ones_like(values)
    around = steps - scaling.masked_mean(steps, mask)[:, tf.newaxis]
    variance = scaling.masked_mean(tf.square(around), mask)
    return scaling.masked_mean(around * values, mask) / tf.where(variance > 0, variance, tf.ones_like(variance))
