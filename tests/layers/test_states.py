"""Stateful layers, initial states, and the errors of both."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import layers
from tests.layers.helpers import (
    BATCH,
    FEATURES,
    MASK,
    RECURRENT,
    TIME,
    UNITS,
    assert_close,
    normal,
    pair,
    sequences,
)

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.parametrize("name", RECURRENT)
def test_two_halves_with_carried_state_equal_one_run(name):
    whole, _ = pair(name, return_sequences=True)
    stateful, _ = pair(name, return_sequences=True, stateful=True)
    first, second = (stateful(half) for half in np.split(sequences(6), 2, axis=1))
    assert_close(np.concatenate([first, second], axis=1), whole(sequences(6)))


@pytest.mark.parametrize("name", RECURRENT)
def test_states_passed_by_hand_equal_one_run(name):
    layer, _ = pair(name, return_sequences=True, return_state=True)
    mask = np.concatenate([MASK, MASK[:, :1]], axis=1)
    whole, *final = layer(sequences(6), mask=mask)
    x, mask = np.split(sequences(6), 2, axis=1), np.split(mask, 2, axis=1)
    _, *states = layer(x[0], mask=mask[0])
    second, *last = layer(x[1], mask=mask[1], initial_state=states)
    for one, other in zip(last, final, strict=True):
        assert_close(one, other)
    shown = np.cumsum(mask[1], axis=1) > 0  # before that, a run shows zeros
    assert_close(np.asarray(second)[shown], np.asarray(whole[:, 3:])[shown])


@pytest.mark.parametrize("name", RECURRENT)
def test_stateful_runs_equal_those_of_keras(name):
    ours, theirs = pair(name, stateful=True, return_sequences=True, return_state=True)
    for seed in range(3):
        x = sequences(seed=seed)
        for one, other in zip(ours(x, mask=MASK), theirs(x, mask=MASK), strict=True):
            assert_close(one, other)
    for one, other in zip(ours.states, theirs.states, strict=True):
        assert_close(one.value, other.value)


@pytest.mark.parametrize("name", RECURRENT)
def test_reset_state(name):
    layer, _ = pair(name, stateful=True)
    fresh = layer(sequences())
    assert not np.allclose(layer(sequences()), fresh)
    layer.reset_state()
    for state in layer.states:
        assert not state.numpy().any()
    assert_close(layer(sequences()), fresh)


@pytest.mark.usefixtures("graph")
def test_stateful_in_a_graph_and_with_initial_state():
    ours, theirs = pair("LSTM", stateful=True)
    in_graph = tf.function(ours)
    for seed in range(2):
        assert_close(in_graph(sequences(seed=seed)), theirs(sequences(seed=seed)))
    states = [normal(BATCH, UNITS), normal(BATCH, UNITS, seed=1)]
    for _ in range(2):
        one, other = (layer(sequences(), initial_state=states) for layer in (ours, theirs))
        assert_close(one, other)
    for one, other in zip(ours.states, theirs.states, strict=True):
        assert_close(one.value, other.value)


@pytest.mark.slow
def test_stateful_fit_equals_keras():
    weights = []
    for layer in pair("GRU", "auto", stateful=True):
        inputs = keras.Input(batch_shape=(BATCH, TIME, FEATURES))
        model = keras.Model(inputs, layer(inputs))
        model.compile(keras.optimizers.SGD(0.3), "mse")
        model.fit(
            np.concatenate([sequences(), sequences(seed=4)]),
            np.zeros((2 * BATCH, UNITS)),
            batch_size=BATCH,
            shuffle=False,
            epochs=2,
            verbose=0,
        )
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("name", RECURRENT)
def test_keras_tensors_as_initial_states(name):
    ours, theirs = pair(name)
    x = keras.Input((None, FEATURES))
    states = [keras.Input((UNITS,)) for _ in theirs.state_size]
    values = [sequences(), *(normal(BATCH, UNITS, seed=i) for i in range(len(states)))]
    results = [
        keras.Model([x, *states], layer(x, initial_state=states)).predict_on_batch(values) for layer in (ours, theirs)
    ]
    assert_close(*results)


def unknown_time(module, layer):
    layer(sequences())
    tf.function(layer).get_concrete_function(tf.TensorSpec((BATCH, None, FEATURES)))


def wrong_batch(module, layer):
    layer(sequences())
    layer(sequences()[:2])


def unknown_batch(module, layer):
    layer(keras.Input((TIME, FEATURES)))


def wrong_rank(module, layer):
    layer(sequences()[0])


@pytest.mark.parametrize(
    "options, use",
    [
        ({"unroll": True}, unknown_time),
        ({"stateful": True}, wrong_batch),
        ({"stateful": True}, unknown_batch),
        ({}, wrong_rank),
        ({"units": 0}, None),
        ({"units": -3}, None),
        ({"activation": "unheard"}, None),
        ({"kernel_initializer": "unheard"}, None),
        ({"unheard": 1}, None),
        ({"use_cudnn": "unheard"}, None),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else getattr(value, "__name__", "init"),
)
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_errors_are_of_the_type_of_those_of_keras(name, options, use):
    def fail(module):
        layer = getattr(module, name)(**{"units": UNITS, **options})
        if use is not None:
            use(module, layer)

    with pytest.raises(Exception) as expected:
        fail(keras.layers)
    with pytest.raises(expected.type):
        fail(layers)


@pytest.mark.parametrize("name", RECURRENT)
def test_a_wrong_number_of_initial_states(name):
    layer, _ = pair(name)
    count = len(layer.state_size)
    for wrong in (count - 1, count + 1):
        with pytest.raises(ValueError, match="initial_state"):
            layer(sequences(), initial_state=[normal(BATCH, UNITS)] * wrong)


def test_units_may_be_positional_or_named_and_arguments_have_the_order_of_keras():
    ours = layers.LSTM(UNITS, "relu", "hard_sigmoid", False)
    theirs = keras.layers.LSTM(UNITS, "relu", "hard_sigmoid", False)
    assert ours.units == theirs.units == UNITS
    assert ours.activation is theirs.activation
    assert ours.recurrent_activation is theirs.recurrent_activation
    assert ours.use_bias is theirs.use_bias is False


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU"])
def test_a_single_state_may_come_without_a_list(name):
    layer = getattr(layers, name)(UNITS, return_state=True)
    start = tf.ones((BATCH, UNITS))
    output, state = layer(sequences(), initial_state=start)
    expected, _ = layer(sequences(), initial_state=[start])
    assert output.numpy().tolist() == state.numpy().tolist() == expected.numpy().tolist()


@pytest.mark.parametrize("name", RECURRENT)
def test_the_signature_of_keras_comes_first(name):
    ours, theirs = (
        list(inspect.signature(getattr(m, name).__init__).parameters.values()) for m in (layers, keras.layers)
    )
    expected = [(p.name, p.default) for p in theirs if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [(p.name, p.default) for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD] == expected


def test_cudnn_by_force_is_refused_when_the_layer_runs():
    layer = layers.LSTM(UNITS, use_cudnn=True)
    with pytest.raises(ValueError, match="own engine"):
        layer(sequences())
