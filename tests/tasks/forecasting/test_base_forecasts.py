"""The base forecast follows the series: the last value of a random walk, the mean where values are noise."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import load_series
from nlpseq.tasks.forecasting import simple
from nlpseq.tasks.forecasting.base_forecasts import base_weights
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor


@pytest.mark.parametrize("values, last", [(np.cumsum, (0.99, 1)), (np.array, (0, 0.1))], ids=["walk", "noise"])
def test_the_weights_of_the_bases(values, last):
    random = np.random.default_rng(0)
    columns = {name: values(random.normal(size=1500)) for name in "abc"}
    windows = load_series(columns).split(horizon=4, windows=1, season=1, context=24).train
    logits, spreads = base_weights(SeriesPreprocessor(horizon=4, context=24), windows, [0.1, 0.5, 0.9])
    shares = np.exp(logits[:, 0]) / np.exp(logits).sum(axis=1)  # of the last value, at each step
    assert ((last[0] <= shares) & (shares <= last[1])).all() and (spreads > 0).all()


def test_the_shares_of_short_series_are_the_usual_ones():
    """Where a horizon or two tell bases apart: the latest season, and both kinds of smoothing."""
    values = np.random.default_rng(0).normal(size=60) + np.tile([0.0, 3, 1, 7], 15)
    windows = load_series({"a": values}).split(horizon=6, windows=1, season=4, context=40).train
    description = SeriesPreprocessor(horizon=6, context=40, seasons=[4], season=4)
    shares = np.exp(base_weights(description, windows, [0.1, 0.5, 0.9])[0])
    usual = np.isin(description.base_names, ["season 4", "smoothed level and season 4", "theta method and season 4"])
    assert (shares[:, usual] > 0.15).all() and shares[:, usual].sum(axis=1).min() > 0.5
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-4)


def test_a_season_is_moved_by_its_recent_errors():
    pattern, moved = np.arange(8.0) ** 2, np.array([5.0, 1.0, 3.0, np.nan])
    values = np.tile(pattern, 3)
    values[-4:] += moved
    mask = np.isfinite(values)[np.newaxis]
    actual = simple.forecasts(tf.constant(np.nan_to_num(values)[np.newaxis]), tf.constant(mask), [4, 8], 6).numpy()[0]
    names = SeriesPreprocessor(horizon=6, context=24, seasons=[4, 8]).base_names
    ahead = values[[8, 9, 10, 11, 12, 13]] - actual[:, names.index("mean of season 8")]
    shift = {"at the level of the last 4": [3.0] * 6, "and errors of season 4": [5, 1, 3, 0, 5, 1]}
    for name, expected in shift.items():
        np.testing.assert_allclose(actual[:, names.index(f"mean of season 8 {name}")] + ahead, pattern[:6] + expected)


def test_a_season_goes_on_as_it_grew_and_from_the_last_value():
    pattern = np.array([1.0, 5.0, 2.0, 8.0])
    values = np.concatenate([pattern, pattern + 3, pattern + 7])
    values[4] = np.nan  # of a change only the steps count that both seasons have
    mask = np.isfinite(values)[np.newaxis]
    actual = simple.forecasts(tf.constant(np.nan_to_num(values)[np.newaxis]), tf.constant(mask), [2, 4], 3).numpy()[0]
    names = SeriesPreprocessor(horizon=3, context=12, seasons=[2, 4]).base_names
    assert actual.shape[1] == len(names)
    np.testing.assert_allclose(actual[:, names.index("season 4 and its growth")], pattern[:3] + 7 + 4)
    last = actual[:, names.index("mean of season 4 at the level of the last 1")]
    np.testing.assert_allclose(last - actual[:, names.index("mean of season 4")], 7 - np.mean([0, 3]))
