"""Each cell against its docstring's equations, written in NumPy, over several steps."""

import keras
import numpy as np
import pytest

import nlpseq
from nlpseq.cells import GRUCell, LSTMCell, SimpleRNNCell
from tests.layers.helpers import (
    BATCH,
    FEATURES,
    MASK,
    UNITS,
    assert_close,
    assert_same,
    normal,
    randomize,
    run,
    same_weights,
    sequences,
)

STEPS = 4
FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
}


def simple_rnn(cell, W, U, b, x, states):
    (h,) = states
    h = FUNCTIONS[cell.activation.__name__](x @ W + h @ U + b)
    return [h]


def lstm(cell, W, U, b, x, states):
    h, c = states
    act, gate = functions(cell)
    W_i, W_f, W_c, W_o = np.split(W, 4, axis=1)
    U_i, U_f, U_c, U_o = np.split(U, 4, axis=1)
    b_i, b_f, b_c, b_o = np.split(b, 4)
    i = gate(x @ W_i + h @ U_i + b_i)
    f = gate(x @ W_f + h @ U_f + b_f)
    g = act(x @ W_c + h @ U_c + b_c)
    o = gate(x @ W_o + h @ U_o + b_o)
    c = f * c + i * g
    return [o * act(c), c]


def gru(cell, W, U, b, x, states):
    (h,) = states
    act, gate = functions(cell)
    W_z, W_r, W_h = np.split(W, 3, axis=1)
    U_z, U_r, U_h = np.split(U, 3, axis=1)
    b, d = b if cell.reset_after else (b, np.zeros_like(b))
    (b_z, b_r, b_h), (d_z, d_r, d_h) = np.split(b, 3), np.split(d, 3)
    z = gate(x @ W_z + h @ U_z + b_z + d_z)
    r = gate(x @ W_r + h @ U_r + b_r + d_r)
    if cell.reset_after:
        g = act(x @ W_h + r * (h @ U_h + d_h) + b_h)
    else:
        g = act(x @ W_h + (r * h) @ U_h + b_h)
    return [z * h + (1 - z) * g]


def functions(cell):
    return FUNCTIONS[cell.activation.__name__], FUNCTIONS[cell.recurrent_activation.__name__]


def without_reset_after(units, **options):
    return GRUCell(units, reset_after=False, **options)


CELLS = [
    pytest.param(SimpleRNNCell, simple_rnn, id="SimpleRNN"),
    pytest.param(LSTMCell, lstm, id="LSTM"),
    pytest.param(GRUCell, gru, id="GRU"),
    pytest.param(without_reset_after, gru, id="GRU-reset-before"),
]
GATED = CELLS[1:]


def check(cell, reference):
    cell.build((BATCH, FEATURES))
    W, U, *b = randomize(cell).get_weights()
    blocks = W.shape[1]
    b = b[0] if b else np.zeros((2, blocks) if cell.recurrent_bias else blocks)
    states = [normal(BATCH, UNITS, seed=20 + i) for i in range(cell.states)]
    expected = states
    for step in range(STEPS):
        x = normal(BATCH, FEATURES, seed=30 + step)
        output, states = cell(x, states)
        expected = reference(cell, W, U, b, x, expected)
        assert len(states) == len(expected)
        assert_close(output, expected[0])
        for one, other in zip(states, expected):
            assert_close(one, other)


@pytest.mark.parametrize("make, reference", CELLS)
def test_steps_equal_the_equations(make, reference):
    check(make(UNITS), reference)


@pytest.mark.parametrize("make, reference", CELLS)
def test_steps_without_bias(make, reference):
    cell = make(UNITS, use_bias=False)
    check(cell, reference)
    assert cell.bias is None and len(cell.weights) == 2


@pytest.mark.parametrize("activation", ["relu", "linear", "softsign", "tanh"])
@pytest.mark.parametrize("recurrent_activation", ["hard_sigmoid", "sigmoid", "tanh"])
@pytest.mark.parametrize("make, reference", GATED)
def test_steps_with_other_activations(make, reference, activation, recurrent_activation):
    options = {"activation": activation, "recurrent_activation": recurrent_activation}
    check(make(UNITS, **options), reference)


@pytest.mark.parametrize("activation", ["relu", "linear", "softsign"])
def test_simple_rnn_with_other_activations(activation):
    check(SimpleRNNCell(UNITS, activation=activation), simple_rnn)


def test_no_activation_is_the_identity():
    check(SimpleRNNCell(UNITS, activation=None), simple_rnn)


@pytest.mark.parametrize("unit_forget_bias", [True, False])
def test_forget_bias_starts_at_one(unit_forget_bias):
    cell = LSTMCell(UNITS, unit_forget_bias=unit_forget_bias)
    cell.build((BATCH, FEATURES))
    expected = np.zeros(4 * UNITS)
    expected[UNITS : 2 * UNITS] = float(unit_forget_bias)
    assert cell.bias.numpy().tolist() == expected.tolist()


@pytest.mark.parametrize("make, reference", CELLS)
def test_initial_states_are_zeros(make, reference):
    cell = make(UNITS)
    states = cell.get_initial_state(batch_size=BATCH)
    assert len(states) == cell.states
    for state in states:
        assert state.numpy().tolist() == np.zeros((BATCH, UNITS)).tolist()


@pytest.mark.parametrize("make, reference", [c for c in CELLS if c.id != "LSTM"])
def test_a_single_state_may_come_without_a_list(make, reference):
    cell = make(UNITS)
    x, h = normal(BATCH, FEATURES), normal(BATCH, UNITS, seed=1)
    output, new = cell(x, h)
    _, (expected,) = cell(x, [h])
    assert_close(new, expected)
    assert_close(output, expected)


@pytest.mark.parametrize("mask, reverse", [(None, False), (MASK, True)])
@pytest.mark.parametrize("make, reference", CELLS)
def test_our_layer_runs_a_cell_as_keras_does(make, reference, reverse, mask):
    cell = make(UNITS)
    options = {"return_sequences": True, "return_state": True, "go_backwards": reverse}
    theirs = keras.layers.RNN(cell, **options)
    ours = nlpseq.layers.RNN(cell, engine="portable", **options)
    theirs.build((BATCH, None, FEATURES))
    ours.build((BATCH, None, FEATURES))
    randomize(cell)
    assert_same(run(ours, sequences(), mask=mask), run(theirs, sequences(), mask=mask))


def pair_of_cells(name, **options):
    ours = getattr(nlpseq.cells, name)(UNITS, **options)
    theirs = getattr(keras.layers, name)(UNITS, **options)
    same_weights(ours, theirs, (BATCH, FEATURES))
    states = [normal(BATCH, UNITS, seed=i + 1) for i in range(ours.states)]
    return ours, theirs, normal(BATCH, FEATURES), states


@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_steps_and_weights_equal_those_of_keras(name):
    ours, theirs, x, states = pair_of_cells(name)
    names = [(w.name, tuple(w.shape)) for w in ours.weights]
    assert names == [(w.name, tuple(w.shape)) for w in theirs.weights]
    results = [keras.tree.flatten(cell(x, states)) for cell in (ours, theirs)]
    for one, other in zip(*results, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_dropout_in_a_step_is_that_of_keras(name, implementation, reset_after):
    options = {"dropout": 0.4, "recurrent_dropout": 0.4, "seed": 5}
    if name != "SimpleRNNCell":
        options["implementation"] = implementation
    if name == "GRUCell":
        options["reset_after"] = reset_after
    ours, theirs, x, states = pair_of_cells(name, **options)
    one, _ = ours(x, states, training=True)
    other, _ = theirs(x, states, training=True)
    assert_close(one, other)
    assert not np.allclose(one, ours(x, states)[0])


@pytest.mark.parametrize("make, reference", CELLS)
def test_config_round_trip(make, reference):
    numbers = {"use_bias": False, "dropout": 0.1, "recurrent_dropout": 0.2, "seed": 3}
    options = {
        **numbers,
        "activation": "relu",
        "kernel_initializer": "he_normal",
        "recurrent_regularizer": "l2",
        "bias_constraint": "non_neg",
    }
    config = make(UNITS, **options).get_config()
    again = type(make(UNITS)).from_config(config)
    assert again.get_config() == config
    assert again.activation is keras.activations.relu
    assert isinstance(again.recurrent_regularizer, keras.regularizers.L2)
    assert {name: getattr(again, name) for name in numbers} == numbers


@pytest.mark.parametrize("units", [0, -1])
@pytest.mark.parametrize("make, reference", CELLS)
def test_units_must_be_positive(make, reference, units):
    with pytest.raises(ValueError, match="units"):
        make(units)


def test_a_cell_without_a_transition_says_what_to_define():
    with pytest.raises(NotImplementedError, match="transition"):
        nlpseq.cells.RecurrentCell(UNITS)(normal(BATCH, FEATURES), [normal(BATCH, UNITS)])
