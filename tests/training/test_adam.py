"""The compiled Adam against Keras's, on the same gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.training import adam

SHAPES = [(300, 250), (20, 10), (adam.MIN_COMPILED_SIZE,)]


def after_steps(make, gradients, graph=True):
    keras.utils.set_random_seed(3)
    variables = [keras.Variable(np.random.default_rng(0).normal(size=shape).astype("float32")) for shape in SHAPES]
    optimizer = make(0.1, global_clipnorm=2.0, use_ema=True, ema_momentum=0.5)
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


def test_sparse_gradients(gradients):
    def after(make):
        table = keras.Variable(np.ones(SHAPES[0], "float32"))
        optimizer = make(0.1)
        optimizer.build([table])
        rows = tf.IndexedSlices(gradients[0][0][:2], tf.constant([7, 9]), tf.constant(SHAPES[0]))
        tf.function(lambda: optimizer.apply([rows], [table]))()
        return table.numpy()

    np.testing.assert_allclose(after(adam.Adam), after(keras.optimizers.Adam), rtol=1e-6)


def compiled_calls(optimizer, variable):
    step = tf.function(lambda gradient: optimizer.apply([gradient], [variable]))
    graph = step.get_concrete_function(tf.TensorSpec(variable.shape)).graph
    functions = graph.as_graph_def().library.function
    return sum("_XlaMustCompile" in f.attr and f.attr["_XlaMustCompile"].b for f in functions)


def test_what_is_compiled():
    large, small = keras.Variable(np.zeros(SHAPES[0], "float32")), keras.Variable(np.zeros(SHAPES[1], "float32"))
    for variable, count in ((large, 1), (small, 0)):
        optimizer = adam.Adam()
        optimizer.build([variable])
        assert compiled_calls(optimizer, variable) == count
    with engine.mode("portable"):
        optimizer = adam.Adam()
        optimizer.build([large])
        assert compiled_calls(optimizer, large) == 0


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
