"""Forecasts by exponential smoothing of what is left of a window without its season, as TensorFlow ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

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
    weights = tf.cast(mask, z.dtype)
    past, ahead = _season(z, weights, season, horizon)
    rest = (z - past) * weights
    memory = (1 - RATE) ** np.arange(z.shape[1])[::-1]
    level = ahead + _ratio(_sums(rest, memory), _sums(weights, memory))
    start = (1 - tf.pow(tf.constant(1 - RATE, z.dtype), tf.reduce_sum(weights, axis=1, keepdims=True))) / RATE
    drift = _slope(rest, weights) / 2 * (tf.range(horizon, dtype=z.dtype) + start)
    return [level, level + drift]


def _season(z, weights, season, horizon):
    """s at the steps of the past and at those ahead."""
    context = z.shape[1]
    if season <= 1:
        return tf.zeros_like(z), tf.zeros([1, horizon], z.dtype)
    cycles = context // season
    line = _slope(z, weights) * tf.range(context, dtype=z.dtype)
    parts = [tf.reshape(part[:, -cycles * season :], [-1, cycles, season]) for part in ((z - line) * weights, weights)]
    total, count = (tf.reduce_sum(part, axis=1) for part in parts)
    means, known = _ratio(total, count), tf.cast(count > 0, z.dtype)
    means -= known * _ratio(tf.reduce_sum(means, 1, keepdims=True), tf.reduce_sum(known, 1, keepdims=True))
    phases = np.arange(-context, horizon) % season
    return tf.gather(means, phases[:context], axis=1), tf.gather(means, phases[context:], axis=1)


def _slope(values, weights):
    """The slope of the line of least squares, `(batch, 1)`, through values that are 0 where their weight is 0."""
    steps = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2  # small numbers, whose squares stay exact
    count, first, second = tf.split(_sums(weights, np.ones_like(steps), steps, steps**2), 3, axis=1)
    total, moment = tf.split(_sums(values, np.ones_like(steps), steps), 2, axis=1)
    mean = _ratio(first, count)
    return _ratio(moment - mean * total, second - mean * first)


def _sums(values, *factors):
    """Sums over time of values times factors, `(batch, factors)`."""
    return tf.matmul(values, tf.constant(np.stack(factors, axis=1), values.dtype))


def _ratio(numerator, denominator):
    """The quotient, 0 where it is not defined."""
    return numerator / tf.where(denominator > 0, denominator, tf.ones_like(denominator))
