"""Small forecasters with random weights, and windows for them."""

import numpy as np

from nlpseq.tasks import Forecaster
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor

HORIZON, CONTEXT = 5, 16


def preprocessor(**options):
    values = {"horizon": HORIZON, "context": CONTEXT, "seasons": [4], "season": 4, "frequency": "D"}
    values |= {"past": ["temperature"], "known": ["holiday"], "items": ["a", "b"], "statics": {"region": ["x", "y"]}}
    return SeriesPreprocessor(**{**values, **options})


def forecaster(seed=0, method="direct", description=None, **settings):
    """A forecaster whose weights are all random, those that start at zero too."""
    options = {"units": 5, "hidden": 6, "patch": 3, "item_size": 2, "paths": 20, "dropout": 0.0, **settings}
    task = Forecaster(description or preprocessor(), method=method, **options)
    task.ensure_built()
    random = np.random.default_rng(seed)
    for weight in task.trainable_weights:
        weight.assign(random.normal(0, 0.4, weight.shape))
    return task


def inputs(batch=3, seed=0):
    """Inputs of a forecaster, some values missing, in thousands."""
    random = np.random.default_rng(seed)
    values = 1000 + 100 * random.normal(size=(batch, CONTEXT))
    values[0, 3:6] = np.nan
    values[-1, :7] = np.nan
    steps = CONTEXT + HORIZON
    return {
        "values": values,
        "times": (np.arange(steps) * 86_400 + 1_700_000_000 + 86_400 * np.arange(batch)[:, None]).astype(np.int64),
        "past": random.normal(size=(batch, CONTEXT, 1)),
        "known": random.normal(size=(batch, steps, 1)),
        "item": np.arange(batch, dtype=np.int32) % 3,
        "static": np.arange(batch, dtype=np.int32)[:, np.newaxis] % 3,
    }
