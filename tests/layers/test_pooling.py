"""Pooling against NumPy."""

import keras
import numpy as np
import pytest

from nlpseq.layers import Pooling
from nlpseq.layers.pooling import POOLINGS
from tests.layers.helpers import (
    BATCH,
    EMPTY_ROW,
    FEATURES,
    MASK,
    TIME,
    assert_close,
    project,
    randomize,
    run,
    sequences,
)

pytestmark = pytest.mark.usefixtures("eager")

every_pooling = pytest.mark.parametrize("pooling", POOLINGS)


def built(pooling):
    layer = Pooling(pooling)
    layer.build((BATCH, TIME, FEATURES))
    return randomize(layer)


def reference(layer, x, mask):
    """Row by row, over the real steps alone."""
    rows = [pool(layer, row[real]) if real.any() else 0 for row, real in zip(x, mask)]
    width = 2 * FEATURES if layer.pooling == "max_mean" else FEATURES
    return np.stack([row * np.ones(width) for row in rows])


def pool(layer, steps):
    if layer.pooling == "attention":
        W, b, v = layer.get_weights()
        scores = np.exp(np.tanh(steps @ W + b) @ v)
        return (scores / scores.sum()) @ steps
    return np.concatenate([getattr(steps, name)(axis=0) for name in layer.pooling.split("_")])


@pytest.mark.parametrize("mask", [None, MASK, EMPTY_ROW], ids=["whole", "mask", "empty-row"])
@every_pooling
def test_equals_numpy(pooling, mask):
    layer = built(pooling)
    real = np.ones((BATCH, TIME), bool) if mask is None else mask
    assert_close(layer(sequences(), mask=mask), reference(layer, sequences(), real))


@every_pooling
def test_negative_numbers_and_padding_of_any_value(pooling):
    layer = built(pooling)
    x = -10 - np.abs(sequences())
    expected = reference(layer, x, MASK)
    for padding in (0.0, 1e30, np.inf, np.nan):
        padded = np.where(MASK[..., np.newaxis], x, np.float32(padding))
        assert_close(layer(padded, mask=MASK), expected)


@every_pooling
def test_a_row_without_a_real_step_gives_zeros_and_no_gradient(pooling):
    layer = built(pooling)
    (output,), gradients = run(layer, sequences(), mask=EMPTY_ROW)
    assert not np.asarray(output)[1].any() and np.asarray(output)[[0, 2]].all()
    for name, gradient in gradients.items():
        assert np.isfinite(gradient).all(), name
    assert not np.asarray(gradients["inputs"])[~EMPTY_ROW].any()


@every_pooling
def test_time_zero_gives_zeros(pooling):
    (output,), gradients = run(built(pooling), sequences(0))
    assert_close(output, np.zeros((BATCH, output.shape[-1])))
    for name, gradient in gradients.items():
        assert np.isfinite(gradient).all(), name


@every_pooling
def test_gradients_equal_finite_differences(pooling):
    layer = Pooling(pooling, dtype="float64")
    layer.build((BATCH, TIME, FEATURES))
    randomize(layer)
    x, direction = (sequences(seed=seed, dtype="float64") for seed in (1, 2))
    _, gradients = run(layer, x, mask=EMPTY_ROW)

    def loss(shift):
        return float(project([layer(x + shift * direction, mask=EMPTY_ROW)]))

    expected = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert np.sum(gradients["inputs"] * direction) == pytest.approx(expected, rel=1e-7)


@every_pooling
def test_large_scores_do_not_overflow(pooling):
    layer = built(pooling)
    layer.set_weights([100 * weight for weight in layer.get_weights()])
    output = layer(100 * sequences(), mask=MASK)
    assert np.isfinite(output).all()


def test_the_mask_ends_here():
    inputs = keras.Input((TIME,))
    embedded = keras.layers.Embedding(5, FEATURES, mask_zero=True)(inputs)
    assert getattr(Pooling()(embedded), "_keras_mask", None) is None


def test_an_unknown_pooling_names_the_near_ones():
    with pytest.raises(ValueError, match="mean"):
        Pooling("means")
