"""Built cells with their arguments, and the gradients of a call, for tests of the engine."""

import pytest
import tensorflow as tf

from nlpseq.engine import plans, recomputation
from tests.layers.helpers import BATCH, TIME, UNITS, normal, project, randomize


@pytest.fixture
def small_segments(monkeypatch):
    """Segments of two steps, and tiles of two rows and three steps."""
    monkeypatch.setattr(plans, "CAPACITIES", ((1, 5), (2, 3)))
    monkeypatch.setattr(recomputation, "SHORTEST", 2)


def built(make, **options):
    cell = make(UNITS, dtype="float64", **options)
    # As many features as columns: the kernel is then square and invertible, and no error in the
    # gradient of the input half vanishes in the product with it.
    cell.build((BATCH, cell.gates * UNITS))
    return randomize(cell)


def arguments(cell, time=TIME):
    x = tf.constant(normal(BATCH, time, cell.gates * UNITS, dtype="float64"))
    return x, [tf.constant(normal(BATCH, n, seed=i + 5, dtype="float64")) for i, n in enumerate(cell.state_sizes)]


def gradients_of(cell, x, states, call):
    """All results of a call, and the gradients of a random projection of them."""
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        results = call(x, states)
        loss = project(results)
    sources = [x, *states, *(weight.value for weight in cell.trainable_variables)]
    return results, tape.gradient(loss, sources, unconnected_gradients="zero")
