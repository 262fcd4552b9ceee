"""Adam by TensorFlow's kernel against Keras's, on the same gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.training import adam

BETA = float(np.float32(0.999))  # TensorFlow's kernel subtracts it from 1 in float32
SHAPES = [(300, 250), (20, 10), (70_000,)]


def after_steps(make, gradients, graph=True):
    keras.utils.set_random_seed(3)
    variables = [keras.Variable(np.random.default_rng(0).normal(size=shape).astype("float32")) for shape in SHAPES]
    optimizer = make(0.1, beta_2=BETA, global_clipnorm=2.0, use_ema=True, ema_momentum=0.5)
    optimizer.build(variables)

    def step(*gradients):
        optimizer.apply(list(gradients), variables)

    step = tf.function(step) if graph else step
    for of_step in gradients:
        step(*of_step)
    optimizer.finalize_variable_values(variables)
    return [variable.numpy() for variable in variables + optimizer.variables]


@pytest.fixture
def gradients():
    generator = np.random.default_rng(1)
    return [[tf.constant(generator.normal(size=shape), tf.float32) for shape in SHAPES] for _ in range(4)]


@pytest.mark.parametrize("graph", [True, False])
def test_equals_keras(gradients, graph):
    expected = after_steps(keras.optimizers.Adam, gradients)
    for ours, theirs in zip(after_steps(adam.Adam, gradients, graph), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("clipping", [{"global_clipnorm": 0.5}, {"clipnorm": 0.5}, {"clipvalue": 0.1}, {}])
def test_sparse_gradients(gradients, clipping):
    rows, dense = tf.constant([7, 9, 7]), gradients[0][1]

    def after(make, sparse):
        table, other = keras.Variable(np.ones(SHAPES[0], "float32")), keras.Variable(np.ones(SHAPES[1], "float32"))
        optimizer = make(0.1, beta_2=BETA, use_ema=True, ema_momentum=0.5, **clipping)
        optimizer.build([table, other])

        @tf.function
        def step(values):
            slices = tf.IndexedSlices(values, rows, tf.constant(SHAPES[0]))
            optimizer.apply([slices if sparse else tf.convert_to_tensor(slices), dense], [table, other])

        for of_step in gradients:  # other values, so that the rows have a history
            step(of_step[0][:3])
        return [variable.numpy() for variable in (table, other, *optimizer.variables)]

    for ours, theirs in zip(after(adam.Adam, True), after(keras.optimizers.Adam, False), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_under_a_strategy():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = keras.Sequential([keras.Input((300,)), keras.layers.Dense(250)])
        model.compile(adam.Adam(0.1), "mse")
    before = model.get_weights()[0]
    model.fit(np.ones((4, 300)), np.ones((4, 250)), verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() == pytest.approx(0.1, rel=1e-3)


def test_config():
    optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(adam.Adam(0.3)))
    assert isinstance(optimizer, adam.Adam)
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(0.3)
