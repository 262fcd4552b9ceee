"""Regularizers, constraints, initializers, trainable, seed and dtype, as in Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import layers
from tests.layers.helpers import (
    FEATURES,
    RECURRENT,
    TIME,
    UNITS,
    assert_close,
    normal,
    pair,
    sequences,
)

pytestmark = pytest.mark.usefixtures("eager")

REGULARIZERS = {
    "kernel_regularizer": keras.regularizers.L2(0.1),
    "recurrent_regularizer": keras.regularizers.L1(0.2),
    "bias_regularizer": keras.regularizers.L2(0.3),
}


def fitted(layer, epochs=2):
    inputs = keras.Input((TIME, FEATURES))
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    targets = normal(*model.output_shape[1:], seed=9)[np.newaxis].repeat(3, axis=0)
    return model.fit(sequences(), targets, epochs=epochs, verbose=0).history["loss"]


@pytest.mark.parametrize("name", RECURRENT)
def test_regularizers_add_the_losses_of_keras(name):
    ours, theirs = pair(name, **REGULARIZERS)
    assert len(ours.losses) == len(theirs.losses) == 3
    for one, other in zip(ours.losses, theirs.losses):
        assert_close(one, other)


@pytest.mark.parametrize("name", RECURRENT)
def test_an_activity_regularizer_adds_its_loss(name):
    regularizer = keras.regularizers.L2(0.1)
    ours, theirs = pair(name, activity_regularizer=regularizer)
    # Not against keras.layers.SimpleRNN, which takes the argument and forgets it.
    theirs = keras.layers.RNN(theirs.cell, activity_regularizer=regularizer)
    ours(sequences())
    theirs(sequences())
    assert len(ours.losses) == len(theirs.losses) == 1
    assert float(ours.losses[0]) > 0
    assert_close(ours.losses[0], theirs.losses[0])


def test_fit_with_all_losses_equals_keras():
    regularizers = {**REGULARIZERS, "activity_regularizer": keras.regularizers.L1(0.1)}
    ours, theirs = pair("LSTM", **regularizers)
    np.testing.assert_allclose(fitted(ours), fitted(theirs), rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["LSTM", *(pytest.param(name, marks=pytest.mark.slow) for name in ("SimpleRNN", "GRU"))]
)
def test_constraints_hold_after_a_step(name):
    options = {
        "kernel_constraint": keras.constraints.MaxNorm(0.1),
        "recurrent_constraint": keras.constraints.UnitNorm(),
        "bias_constraint": keras.constraints.NonNeg(),
    }
    ours, theirs = pair(name, **options)
    fitted(ours)
    fitted(theirs)
    kernel, recurrent, bias = ours.get_weights()
    assert np.linalg.norm(kernel, axis=0).max() <= 0.1 + 1e-6
    np.testing.assert_allclose(np.linalg.norm(recurrent, axis=0), 1, rtol=1e-5)
    assert bias.min() >= 0
    for one, other in zip(ours.get_weights(), theirs.get_weights()):
        assert_close(one, other)


@pytest.mark.parametrize(
    "name, options",
    [
        ("SimpleRNN", {}),
        ("LSTM", {}),
        ("LSTM", {"unit_forget_bias": False}),
        ("GRU", {}),
        ("GRU", {"reset_after": False}),
    ],
)
def test_weights_start_as_in_keras(name, options):
    options = {
        "kernel_initializer": keras.initializers.HeNormal(seed=1),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=2),
        "bias_initializer": keras.initializers.Constant(0.25),
        **options,
    }
    ours, theirs = (getattr(module, name)(UNITS, **options) for module in (layers, keras.layers))
    ours.build((None, None, FEATURES))
    theirs.build((None, None, FEATURES))
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_default_initial_weights_follow_the_global_seed(name):
    weights = []
    for module in (layers, keras.layers):
        keras.utils.set_random_seed(3)
        layer = getattr(module, name)(UNITS)
        layer.build((None, None, FEATURES))
        weights.append(layer.get_weights())
    for one, other in zip(*weights, strict=True):
        assert_close(one, other)


def test_a_random_forget_bias_starts_as_in_keras():
    weights = []
    for module in (layers, keras.layers):
        layer = module.LSTM(UNITS, bias_initializer=keras.initializers.RandomNormal(seed=4))
        layer.build((None, None, FEATURES))
        weights.append(layer.get_weights()[2])
    assert_close(*weights)


@pytest.mark.parametrize("name", RECURRENT)
def test_a_frozen_layer_keeps_its_weights(name):
    layer, theirs = pair(name, trainable=False)
    assert not layer.trainable_variables and not theirs.trainable_variables
    assert len(layer.non_trainable_variables) == len(theirs.non_trainable_variables)
    layer, _ = pair(name)
    layer.trainable = False
    before = layer.get_weights()
    inputs = keras.Input((TIME, FEATURES))
    model = keras.Model(inputs, keras.layers.Dense(1)(layer(inputs)))
    model.compile("sgd", "mse")
    model.fit(sequences(), normal(3, 1), verbose=0)
    for one, other in zip(layer.get_weights(), before):
        assert_close(one, other)


@pytest.mark.parametrize("name", RECURRENT)
def test_the_same_seed_draws_the_same_masks(name):
    options = {"dropout": 0.5, "recurrent_dropout": 0.5}
    outputs = []
    for seed in (1, 1, 2):
        layer, _ = pair(name, seed=seed, **options)
        outputs.append(np.asarray(layer(sequences(), training=True)))
    assert_close(outputs[0], outputs[1])
    assert not np.allclose(outputs[0], outputs[2])


@pytest.mark.parametrize("name", RECURRENT)
def test_float64(name):
    ours, theirs = pair(name, dtype="float64", return_state=True)
    outputs = ours(sequences(dtype="float64"))
    for one, other in zip(outputs, theirs(sequences(dtype="float64")), strict=True):
        assert one.dtype == other.dtype == "float64"
        assert_close(one, other, 1e-12)


@pytest.mark.parametrize("name", RECURRENT)
def test_the_properties_of_keras_are_there(name):
    ours, theirs = pair(name)
    public = [key for key in dir(theirs) if not key.startswith("_") and hasattr(theirs, key)]
    assert [key for key in public if not hasattr(ours, key)] == []
    assert ours.units == UNITS
    names = [(w.name, w.path.split("/", 1)[-1], tuple(w.shape)) for w in ours.weights]
    assert names == [(w.name, w.path.split("/", 1)[-1], tuple(w.shape)) for w in theirs.weights]


@pytest.mark.parametrize("name", RECURRENT)
def test_a_config_of_keras_makes_our_layer(name):
    theirs = getattr(keras.layers, name)(UNITS, activation="relu", dropout=0.2, **REGULARIZERS)
    ours = getattr(layers, name).from_config(theirs.get_config())
    config = ours.get_config()
    for key, value in theirs.get_config().items():
        assert config.get(key) == value, key


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout"])
def test_every_call_draws_new_dropout_masks(option):
    layer = layers.GRU(5, **{option: 0.5})
    x = tf.random.normal((3, 4, 5))
    graph = tf.function(lambda x: layer(x, training=True))
    for run in (lambda: layer(x, training=True), lambda: graph(x)):
        drawn = [run().numpy() for _ in range(3)]
        assert np.abs(drawn[0] - drawn[1]).max() > 1e-4
        assert np.abs(drawn[1] - drawn[2]).max() > 1e-4
    assert np.abs(layer(x) - layer(x)).max() == 0
