"""The level and the scale of a window, its steps by season, and its calendar, as TensorFlow ops.

Everything here is equivariant: of a x + b the level is a l + b, the scale a s (a > 0), and the scaled values are the
same.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.tasks.forecasting.calendar import phases
from nlpseq.tasks.forecasting.computing import CONSTANT, FARTHEST

LARGEST = 12.0  # scaled values are clipped here before a network reads them


def observed(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Values with 0 where they are missing, and the mask of those that are there."""
    mask = tf.math.is_finite(values)
    return tf.where(mask, values, tf.zeros_like(values)), mask


def clipped(values: tf.Tensor) -> tf.Tensor:
    """Scaled values as a network reads them."""
    return tf.clip_by_value(values, -LARGEST, LARGEST)


def masked_mean(values: tf.Tensor, mask: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """The mean over an axis of the values that the mask holds, 0 if there are none."""
    weights = tf.cast(mask, values.dtype)
    return tf.reduce_sum(values * weights, axis) / tf.maximum(tf.reduce_sum(weights, axis), 1)


def last_value(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The latest value that the mask holds, 0 if there is none."""
    steps = tf.range(1, tf.shape(values)[1] + 1)
    latest = tf.reduce_max(tf.where(mask, steps, 0), axis=1)
    return tf.gather(values, tf.maximum(latest - 1, 0), batch_dims=1) * tf.cast(latest > 0, values.dtype)


def level_and_scale(values: tf.Tensor, mask: tf.Tensor, season: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Level and scale of windows, each `(batch, 1)`.

    The level is the mean over the last `season` steps, with `season` 1 the last value; the scale is the root mean
    square distance from it, 0 for a constant series.

    Args:
        values: float64 `(batch, time)`, any finite number where the mask is False.
        mask: bool `(batch, time)`.
    """
    recent = slice(-season, None)
    first = last_value(values, mask)  # differences from it are small numbers: sums of squares stay exact
    around = tf.where(mask, values - first[:, tf.newaxis], tf.zeros_like(values))
    level = masked_mean(around[:, recent], mask[:, recent]) if season > 1 else tf.zeros_like(first)
    square = masked_mean(tf.square(around - level[:, tf.newaxis]), mask)
    scale, level = tf.sqrt(square), first + level
    scale = tf.where(scale <= CONSTANT * tf.abs(level), tf.zeros_like(scale), scale)
    return level[:, tf.newaxis], scale[:, tf.newaxis]


def scaled(values: tf.Tensor, level: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(x - l) / s, float32, 0 where a value is missing or the scale is 0; and the mask of values."""
    values, mask = observed(values)
    safe = tf.where(scale > 0, scale, tf.ones_like(scale))
    z = tf.where(mask & (scale > 0), (values - level) / safe, tf.zeros_like(values))
    return tf.cast(z, tf.float32), mask


def standardised(cells: tf.Tensor, means: Any, deviations: Any) -> tf.Tensor:
    """Standardised covariates and whether they are there, float32 `(batch, time, 2 covariates)`."""
    cells, present = observed(cells)
    z = tf.cast((cells - means) / deviations, tf.float32)
    present = tf.cast(present, tf.float32)
    return tf.concat([tf.clip_by_value(z, -FARTHEST, FARTHEST) * present, present], axis=-1)


def lags(season: int, horizon: int, context: int, cycles: int) -> np.ndarray:
    """The steps of the past in the phase of each step of the horizon, int `(cycles, horizon)`, the latest cycle first.

    Steps before the context are negative.

    >>> lags(4, 6, 8, 2).tolist()
    [[4, 5, 6, 7, 4, 5], [0, 1, 2, 3, 0, 1]]
    """
    steps = np.arange(horizon)
    latest = context + steps - season * (steps // season + 1)
    return latest - season * np.arange(cycles)[:, np.newaxis]


def at_lags(values: tf.Tensor, mask: tf.Tensor, places: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """The values and the mask at steps of the past `(cycles, horizon)`: each `(batch, cycles, horizon)`."""
    index = np.maximum(places, 0)
    present = tf.gather(mask, index, axis=1) & tf.constant(places >= 0)
    return tf.where(present, tf.gather(values, index, axis=1), tf.zeros([], values.dtype)), present


def calendar(times: tf.Tensor, frequency, span: int | None = None) -> tf.Tensor:
    """Sines and cosines of the calendar, float32 `(batch, time, features)`, for seconds since 1970.

    Args:
        times: int64 `(batch, time)`, local wall-clock times.
        frequency: `nlpseq.data.Frequency`, which decides on the cycles: hour, day, week, month, year.
        span: As of `phases`.
    """
    angles = 2 * np.pi * tf.cast(tf.stack(phases(times, frequency, span), axis=-1), tf.float32)
    return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1) / 2


def calendar_size(frequency, span: int | None = None) -> int:
    """The number of features of `calendar`."""
    return calendar(tf.zeros([1, 1], tf.int64), frequency, span).shape[-1] if frequency.unit else 0
