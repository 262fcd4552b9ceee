"""Exponential smoothing of windows with missing values, against the recursion step by step."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.tasks.forecasting.smoothing import RATE, names, season_of, smoothed

HORIZON = 6


def slope(steps, values):
    return np.polyfit(steps, values, 1)[0]


def by_steps(values, season):
    """The smoothed level and the theta forecast of one window, NaN where a value is missing."""
    steps = np.flatnonzero(np.isfinite(values))
    level_steps = values - slope(steps, values[steps]) * np.arange(len(values))
    phases = [np.nanmean(level_steps[phase::season]) for phase in range(season)] if season > 1 else [0.0]
    phases = np.array(phases) - np.mean(phases)
    rest = values - phases[np.arange(len(values)) % len(phases)]
    total = weights = 0.0
    for value in rest:  # the weights of all values before fall at each step
        total, weights = (1 - RATE) * total, (1 - RATE) * weights
        if np.isfinite(value):
            total, weights = total + value, weights + 1
    ahead = phases[(len(values) + np.arange(HORIZON)) % len(phases)] + total / weights
    drift = slope(steps, rest[steps]) / 2
    return ahead, ahead + drift * (np.arange(HORIZON) + (1 - (1 - RATE) ** len(steps)) / RATE)


@pytest.mark.parametrize("season", [1, 4])
def test_equals_the_recursion(season):
    values = np.random.default_rng(season).normal(size=(3, 20)) + 0.3 * np.arange(20)
    values[1, [0, 7, 19]] = values[2, :9] = np.nan
    mask = np.isfinite(values)
    actual = smoothed(tf.constant(np.nan_to_num(values)), tf.constant(mask), season, HORIZON)
    for row in range(3):
        for forecast, expected in zip(actual, by_steps(values[row], season)):
            np.testing.assert_allclose(forecast[row], expected, rtol=1e-6)


def test_a_window_without_values_is_flat():
    level, theta = smoothed(tf.zeros([1, 8]), tf.zeros([1, 8], tf.bool), 4, HORIZON)
    assert not level.numpy().any() and not theta.numpy().any()


def test_the_season_fits_twice():
    assert [season_of(seasons, 20) for seasons in ([], [4, 10], [4, 11])] == [1, 10, 4]
    assert names([4], 20) == ["smoothed level and season 4", "theta method and season 4"]
