"""Quantiles of a forecast in ascending order, and paths that are sampled from them."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def spread_out(offsets: tf.Tensor, middle: int) -> tf.Tensor:
    """Offsets from the median, made to ascend: each is at least as far from it as those nearer to it."""
    columns = tf.unstack(offsets, axis=-1)
    for j in range(middle + 1, len(columns)):
        columns[j] = tf.maximum(columns[j], columns[j - 1])
    for j in range(middle - 1, -1, -1):
        columns[j] = tf.minimum(columns[j], columns[j + 1])
    return tf.stack(columns, axis=-1)


def correlated_paths(
    quantiles: tf.Tensor, levels: Sequence[float], persistence: tf.Tensor, count: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Paths whose errors persist from step to step, float64 `(batch, count, horizon)`, random for a seed.

        n_h = r n_{h-1} + sqrt(1 - r^2) e_h,  u_h = Phi(n_h)
        y_h = the u_h-quantile of step h                            linear between the quantiles

    The same random numbers are used for all series of a batch.

    Args:
        quantiles: float64 `(batch, horizon, quantiles)`; the horizon is known.
        levels: The levels of these, ascending.
        persistence: r, the correlation of the errors of neighbouring steps, between 0 and 1.
        count: Number of paths, int32.
        seed: int32.
    """
    horizon = quantiles.shape[1]
    noise = tf.random.stateless_normal([horizon, 1, count], tf.stack([seed, 0]), dtype=tf.float64)
    r = tf.cast(persistence, tf.float64)
    scale = tf.sqrt(1 - tf.square(r))
    normal = [noise[0]]
    for step in range(1, horizon):
        normal.append(r * normal[-1] + scale * noise[step])
    u = tf.transpose(0.5 * tf.math.erfc(-tf.stack(normal) / np.sqrt(2)), [1, 2, 0])  # (1, count, horizon)
    return _interpolated(quantiles, levels, u)


def _interpolated(quantiles: tf.Tensor, levels: Sequence[float], u: tf.Tensor) -> tf.Tensor:
    """The values at levels u of a distribution that is linear between its quantiles and goes on so at its ends.

    Args:
        quantiles: float64 `(batch, horizon, quantiles)`.
        levels: The levels of these, ascending.
        u: float64 `(1, paths, horizon)` between 0 and 1.

    Returns:
        float64 `(batch, paths, horizon)`.
    """
    edges = np.array([0.0, *levels, 1.0])
    first = quantiles[..., :1] - (quantiles[..., 1:2] - quantiles[..., :1]) * (edges[1] / (edges[2] - edges[1]))
    last_gap = (1 - edges[-2]) / (edges[-2] - edges[-3])
    last = quantiles[..., -1:] + (quantiles[..., -1:] - quantiles[..., -2:-1]) * last_gap
    knots = tf.concat([first, quantiles, last], axis=-1)[:, tf.newaxis]  # (batch, 1, horizon, knots)
    value = knots[..., 0] + tf.zeros_like(u)
    for place in range(len(edges) - 1):
        share = tf.clip_by_value((u - edges[place]) / (edges[place + 1] - edges[place]), 0.0, 1.0)
        value += share * (knots[..., place + 1] - knots[..., place])
    return value
