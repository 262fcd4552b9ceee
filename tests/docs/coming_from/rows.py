"""The table of tests of the rows of the pages "Coming from"."""

import numpy as np

from tests.layers.helpers import BATCH, TIME, UNITS, normal

ROWS = {}
QUERY, MEMORY = normal(BATCH, 2, UNITS, seed=3), normal(BATCH, TIME, UNITS, seed=4)


def row(*names):
    """Registers the test of one or several rows, by the first column."""

    def register(test):
        ROWS.update(dict.fromkeys(names, test))
        return test

    return register


def close(ours, theirs, atol=1e-5):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=atol, rtol=1e-4)


def softmax(x):
    shares = np.exp(x - x.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)
