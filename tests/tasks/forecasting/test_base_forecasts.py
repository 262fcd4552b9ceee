"""The base forecast follows the series: the last value of a random walk, the mean where values are noise."""

import numpy as np
import pytest

from nlpseq.data import load_series
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
