"""Layers under `jacobian` and `tf.vectorized_map`, and in graphs with loops around them."""

import keras
import pytest
import tensorflow as tf

from nlpseq import layers
from tests.layers.helpers import FEATURES, UNITS, assert_close, sequences


def both():
    ours, by_keras = layers.GRU(UNITS), keras.layers.GRU(UNITS)
    for layer in (ours, by_keras):
        layer.build((None, None, FEATURES))
    by_keras.set_weights(ours.get_weights())
    return ours, by_keras


def test_a_vectorized_map():
    ours, _ = both()
    assert_close(tf.vectorized_map(lambda row: ours(row[tf.newaxis])[0], tf.constant(sequences())), ours(sequences()))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [None, (None, None, FEATURES), (3, 5, FEATURES)])
def test_jacobians_of_compiled_runs(shape):
    def jacobian(layer):
        def function(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                outputs = layer(x, training=True)
            return tape.jacobian(outputs, x)

        x = tf.constant(sequences())
        return function(x) if shape is None else tf.function(function, input_signature=[tf.TensorSpec(shape)])(x)

    ours, by_keras = both()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(ours(sequences(4), training=True))
    tape.gradient(loss, ours.trainable_weights)  # traces the programs outside of the vectorized graph
    assert_close(jacobian(ours), jacobian(by_keras))


def test_a_loop_around_a_compiled_run_knows_its_shapes():
    ours, by_keras = both()

    def rounds(layer):
        @tf.function
        def function(x):
            state = tf.zeros((x.shape[0], UNITS))
            for _ in tf.range(2):
                state = layer(x, initial_state=[state], training=True)
            return state, tf.constant(tf.compat.v1.get_default_graph().graph_def_versions.producer)

        return function(tf.constant(sequences()))

    state, version = rounds(ours)
    assert_close(state, rounds(by_keras)[0])
    assert version == tf.version.GRAPH_DEF_VERSION
