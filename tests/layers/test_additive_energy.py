"""The energies of additive attention against NumPy, and their gradient against differences and autodiff."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.layers.additive_energy import additive_energy

BATCH, STEPS, SOURCE, UNITS = 2, 3, 4, 5


def sources(dtype="float64"):
    random = np.random.default_rng(4)
    shapes = (BATCH, STEPS, UNITS), (BATCH, SOURCE, UNITS), (UNITS,)
    return [tf.constant(random.normal(size=shape), dtype) for shape in shapes]


def upstream(dtype="float64"):
    return tf.constant(np.random.default_rng(6).normal(size=(BATCH, STEPS, SOURCE)), dtype)


def gradients(values, weights):
    with tf.GradientTape() as tape:
        tape.watch(values)
        found = additive_energy(*values, training=True)
    return found, tape.gradient(found, values, weights)


@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_equals_the_equations_and_finite_differences(mode):
    values, weights = sources(), upstream().numpy()

    def total(q, k, v):
        return (weights * (np.tanh(q[:, :, None] + k[:, None]) @ v)).sum()

    with engine.mode(mode):
        found, slopes = gradients(values, upstream())
    arrays = [each.numpy() for each in values]
    np.testing.assert_allclose((weights * found.numpy()).sum(), total(*arrays), rtol=1e-10)
    for number, slope in enumerate(slopes):
        for at in np.ndindex(*slope.shape):
            sides = []
            for step in (1e-5, -1e-5):
                moved = [each.copy() for each in arrays]
                moved[number][at] += step
                sides.append(total(*moved))
            assert slope.numpy()[at] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("steps, source", [(0, 4), (3, 0), (1, 1)])
def test_sequences_of_few_steps(steps, source):
    q, k, v = sources("float32")
    values = [q[:, :steps], k[:, :source], v]
    with engine.mode("portable"):
        found, slopes = gradients(values, upstream("float32")[:, :steps, :source])
    assert found.shape == (BATCH, steps, source)
    assert [each.shape for each in slopes] == [each.shape for each in values]
    assert np.isfinite(slopes[2]).all()


def test_the_type_stays_in_mixed_precision():
    values = sources("bfloat16")
    found, slopes = gradients(values, upstream("bfloat16"))
    assert found.dtype == tf.bfloat16 and all(each.dtype == tf.bfloat16 for each in slopes)
    _, exact = gradients(sources("float32"), upstream("float32"))
    for one, other in zip(slopes, exact):
        np.testing.assert_allclose(tf.cast(one, tf.float32), other, atol=0.2)
