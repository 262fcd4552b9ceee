"""Energies of additive attention in one compiled pass, beside the equations and automatic differentiation."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.engine.energies import additive_energies

# Batch, queries, keys, units. Few: computed at once, or nothing at all. Many, in tiles: one of queries, padded
# rows and steps; one block; several blocks; several tiles of both.
FEW = [(5, 9, 6, 8), (0, 2, 3, 8), (2, 0, 3, 8), (2, 3, 0, 8)]
MANY = [(1, 20, 210, 512), (5, 31, 30, 512), (40, 27, 25, 128), (20, 140, 133, 8)]


def plain(queries, keys, vector):
    return tf.tensordot(tf.tanh(queries[:, :, tf.newaxis] + keys[:, tf.newaxis]), vector, 1)


def results(function, sources, weights):
    """The energies, and the gradients of their weighted sum."""
    with tf.GradientTape() as tape:
        tape.watch(sources)
        energies = function(*sources)
        loss = tf.reduce_sum(weights * energies)
    return energies, *tape.gradient(loss, sources)


def assert_close(ours, theirs):
    """To 1e-5 of the largest value, as sums have up to 250,000 terms."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * max(1, np.max(np.abs(theirs), initial=0)))


def arrays(batch, steps, source, units=8):
    """Random sources, and weights of the energies."""
    rng = np.random.default_rng(batch)
    shapes = (batch, steps, units), (batch, source, units), (units,), (batch, steps, source)
    *sources, weights = (tf.constant(rng.normal(size=shape), tf.float32) for shape in shapes)
    return sources, weights


@pytest.mark.parametrize("shape", FEW + MANY)
def test_energies_and_gradients_are_those_of_the_equations(shape):
    sources, weights = arrays(*shape)
    for ours, theirs in zip(results(additive_energies, sources, weights), results(plain, sources, weights)):
        assert_close(ours, theirs)


def test_one_program_serves_unknown_sizes():
    unknown = [tf.TensorSpec([None, None, 8]), tf.TensorSpec([None, None, 8]), tf.TensorSpec([8])]

    @tf.function(input_signature=[unknown, tf.TensorSpec([None, None, None])])
    def compiled(sources, weights):
        return results(additive_energies, sources, weights)

    for shape in (FEW[0], MANY[3]):
        sources, weights = arrays(*shape)
        for ours, theirs in zip(compiled(sources, weights), results(plain, sources, weights)):
            assert_close(ours, theirs)


@pytest.mark.parametrize("steps, units", [(4, 8), (60, 2048)])  # few, many
def test_neighbours_and_padding_change_nothing(steps, units):
    (queries, keys, vector), _ = arrays(3, steps, 6, units)
    alone = additive_energies(queries[:1], keys[:1], vector)
    padded = additive_energies(queries, tf.pad(keys, [[0, 0], [0, 5], [0, 0]], constant_values=np.nan), vector)
    np.testing.assert_allclose(padded[:1, :, :6], alone, atol=1e-6 * np.max(np.abs(alone)))


def test_a_second_derivative_is_refused():
    (queries, keys, vector), _ = arrays(2, 3, 4)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        for tape in (outer, inner):
            tape.watch(queries)
        first = inner.gradient(additive_energies(queries, keys, vector), queries)
        with pytest.raises(NotImplementedError, match="portable"):
            outer.gradient(first, queries)


def test_jacobians_after_gradients():
    """A vectorized pass does not use what was traced for another one."""
    (queries, keys, vector), _ = arrays(2, 3, 4)

    def taped(function, get):
        with tf.GradientTape() as tape:
            tape.watch(queries)
            energies = function(queries, keys, vector)
        return getattr(tape, get)(energies, queries)

    taped(additive_energies, "gradient")
    np.testing.assert_allclose(taped(additive_energies, "jacobian"), taped(plain, "jacobian"), atol=1e-5)
