"""Simple forecasts of scaled values, which the network weights and corrects, as TensorFlow ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nlpseq.tasks.forecasting import scaling, smoothing

CYCLES = 8  # seasons that the mean of a season looks back to, at most


def forecasts(z: tf.Tensor, mask: tf.Tensor, seasons: Sequence[int], horizon: int) -> tf.Tensor:
    """Simple forecasts of scaled values, `(batch, horizon, bases)`.

    The last value; the level, which is 0, or without seasons the mean of the last quarter. For each season b its
    latest value of that phase; the mean m_b of its latest values, or the level where there is none; and m_b moved by
    the recent errors of m_b: by the last one, by their mean over the last steps of the next shorter season a, and by
    that in the same phase of a. Where two seasons b fit, also the latest value moved as the season before moved.

        m_b(t) + y(t0) - m_b(t0)                 t0: the last step          y(t - b) + mean of y(t') - y(t' - b)
        m_b(t) + mean of y(t') - m_b(t')         t': the last a steps       t': the last b steps
        m_b(t) + y(t - a) - m_b(t - a)

    Then those of `smoothing.smoothed`, with the longest season that fits twice.
    """
    context = z.shape[1]
    last = scaling.last_value(z, mask)[:, tf.newaxis] * tf.ones([1, horizon], z.dtype)
    recent = max(1, context // 4)
    smooth = scaling.masked_mean(z[:, -recent:], mask[:, -recent:])[:, tf.newaxis] * tf.ones([1, horizon], z.dtype)
    bases = [last, tf.zeros_like(last) if seasons else smooth]  # without a season the level is the last value
    for shorter, season in zip([1, *seasons], seasons):
        values, present = scaling.at_lags(z, mask, scaling.lags(season, horizon, context, _cycles(context, season)))
        latest = tf.zeros_like(last)
        for cycle in reversed(range(values.shape[1])):
            latest = tf.where(present[:, cycle], values[:, cycle], latest)
        mean = scaling.masked_mean(values, present, axis=1)
        bases += [latest, mean]
        for steps in sorted({1, shorter}):
            errors, both_present = _recent_errors(z, mask, steps, season)
            bases.append(mean + scaling.masked_mean(errors, both_present)[:, tf.newaxis])
        if shorter > 1:
            bases.append(mean + tf.gather(errors, np.arange(horizon) % shorter, axis=1))
        if 2 * season <= context:
            before, both_present = z[:, -2 * season : -season], mask[:, -2 * season : -season] & mask[:, -season:]
            bases.append(latest + scaling.masked_mean(z[:, -season:] - before, both_present)[:, tf.newaxis])
    bases += smoothing.smoothed(z, mask, smoothing.season_of(seasons, context), horizon)
    return tf.stack(bases, axis=-1)


def _cycles(context, season):
    return min(CYCLES, max(1, context // season))


def _recent_errors(z, mask, steps, season):
    """Errors of the mean of a season at the last `steps` steps, 0 where there is none; and where there is one."""
    context = z.shape[1]
    values, present = scaling.at_lags(z, mask, scaling.lags(season, steps, context - steps, _cycles(context, season)))
    valid = mask[:, -steps:] & tf.reduce_any(present, axis=1)
    errors = z[:, -steps:] - scaling.masked_mean(values, present, axis=1)
    return tf.where(valid, errors, tf.zeros_like(errors)), valid
