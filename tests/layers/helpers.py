"""Random arrays, masks and pairs of layers that the tests of the numerical core share."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq import layers

BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 3
RECURRENT = ("SimpleRNN", "LSTM", "GRU")
# Padding at the end, at the start, and a gap; no first or last step is real in every row.
MASK = np.array([[1, 1, 1, 1, 0], [0, 1, 1, 1, 1], [1, 0, 1, 0, 0]], bool)
# One row without a real step.
EMPTY_ROW = np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 0, 1, 0]], bool)


def normal(*shape, seed=0, dtype="float32"):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def sequences(time=TIME, seed=1, dtype="float32"):
    return normal(BATCH, time, FEATURES, seed=seed, dtype=dtype)


def randomize(layer, seed=2):
    """Distinct weights: constant ones cannot tell the gates apart."""
    weights = layer.get_weights()
    layer.set_weights([0.5 * normal(*w.shape, seed=seed + i) for i, w in enumerate(weights)])
    return layer


def states_of(layer, seed=50):
    """Random initial states, in the structure that the layer takes."""
    structure = layer.get_initial_state(batch_size=BATCH)
    flat = keras.tree.flatten(structure)
    states = [tf.constant(normal(*s.shape, seed=seed + i)) for i, s in enumerate(flat)]
    return keras.tree.pack_sequence_as(structure, states)


def pair(name, engine="portable", **options):
    """Our layer and Keras's of that name, built, with the same random weights."""
    options = {"units": UNITS, **options}
    ours = getattr(layers, name)(engine=engine, **options)
    theirs = getattr(keras.layers, name)(**options)
    return same_weights(ours, theirs)


def same_weights(ours, theirs, shape=(BATCH, TIME, FEATURES)):
    theirs.build(shape)
    ours.build(shape)
    randomize(theirs)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def run(layer, x, initial_state=None, **options):
    """All outputs, and the gradients of a random projection of them, by name."""
    x = tf.constant(x)
    options = {"initial_state": initial_state, **options} if initial_state is not None else options
    with tf.GradientTape() as tape:
        tape.watch([x, *keras.tree.flatten(initial_state)] if initial_state is not None else x)
        outputs = keras.tree.flatten(layer(x, **options))
        loss = project(outputs)
    sources = {"inputs": x, **{w.path.split("/", 1)[-1]: w for w in layer.trainable_variables}}
    if initial_state is not None:
        flat = keras.tree.flatten(initial_state)
        sources |= {f"state {i}": state for i, state in enumerate(flat)}
    keys, values = list(sources), list(sources.values())
    gradients = tape.gradient(loss, [getattr(v, "value", v) for v in values])
    return outputs, dict(zip(keys, gradients))


def project(outputs):
    """A scalar that weighs every number differently, so that no two can be swapped."""
    return sum(
        tf.reduce_sum(o * tf.random.stateless_normal(tf.shape(o), (3, i), dtype=o.dtype)) for i, o in enumerate(outputs)
    )


def assert_same(ours, theirs, tolerance=1e-5):
    """Results of `run` are equal, gradients included."""
    (outputs, gradients), (expected, expected_gradients) = ours, theirs
    assert len(outputs) == len(expected)
    for one, other in zip(outputs, expected):
        assert_close(one, other, tolerance)
    assert len(gradients) == len(expected_gradients)
    pairs = zip(expected_gradients.items(), gradients.values())
    for (name, other), one in pairs:
        assert_close(one, other, tolerance, f"the gradient of {name}")


def assert_close(one, other, tolerance=1e-5, label=""):
    one, other = np.asarray(keras.ops.convert_to_numpy(one)), np.asarray(keras.ops.convert_to_numpy(other))
    assert one.shape == other.shape, label
    # Sums over steps are as exact as their largest terms, not as their smallest results.
    scale = max(1.0, np.abs(other).max(initial=0.0))
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale, err_msg=label)
