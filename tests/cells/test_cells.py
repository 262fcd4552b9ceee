"""Each cell against the equations of its docstring, written in NumPy, over several steps."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.cells import GRUCell, LSTMCell, ResetBeforeGRUCell, SimpleRNNCell
from tests.layers.helpers import BATCH, FEATURES, UNITS, assert_close, normal, randomize

STEPS = 3
FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
}


def simple_rnn(cell, W, U, b, x, states):
    (h,) = states
    return [FUNCTIONS[cell.activation.__name__](x @ W + h @ U + b)]


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


CELLS = [(SimpleRNNCell, simple_rnn), (LSTMCell, lstm), (GRUCell, gru), (ResetBeforeGRUCell, gru)]


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
        assert_close(output, expected[0])
        for one, other in zip(states, expected, strict=True):
            assert_close(one, other)


@pytest.mark.parametrize("make, reference", CELLS)
def test_steps_equal_the_equations(make, reference):
    check(make(UNITS), reference)


@pytest.mark.parametrize("make, reference", CELLS)
def test_steps_without_bias(make, reference):
    cell = make(UNITS, use_bias=False)
    check(cell, reference)
    assert cell.bias is None and len(cell.weights) == 2


@pytest.mark.parametrize("activation, recurrent_activation", [
    ("relu", "sigmoid"), ("tanh", "hard_sigmoid"), ("linear", "tanh"),
])  # fmt: skip
@pytest.mark.parametrize("make, reference", CELLS[1:])
def test_steps_with_other_activations(make, reference, activation, recurrent_activation):
    check(make(UNITS, activation=activation, recurrent_activation=recurrent_activation), reference)


@pytest.mark.parametrize("activation", ["relu", None])
def test_simple_rnn_with_other_activations(activation):
    check(SimpleRNNCell(UNITS, activation=activation), simple_rnn)


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
    assert [state.numpy().tolist() for state in states] == [np.zeros((BATCH, UNITS)).tolist()] * cell.states


@pytest.mark.parametrize("make", [SimpleRNNCell, GRUCell, ResetBeforeGRUCell])
def test_a_single_state_may_come_without_a_list(make):
    cell = make(UNITS)
    x, h = normal(BATCH, FEATURES), normal(BATCH, UNITS, seed=1)
    output, new = cell(x, h)
    _, (expected,) = cell(x, [h])
    assert_close(new, expected)
    assert_close(output, expected)


# The class of a GRU cell follows `reset_after`.


def test_reset_after_chooses_the_class():
    assert type(GRUCell(UNITS)) is GRUCell
    assert type(GRUCell(UNITS, reset_after=False)) is ResetBeforeGRUCell
    positional = GRUCell(UNITS, *["tanh", "sigmoid", True, "zeros", "zeros", "zeros"], *[None] * 6, 0.1, 0.2, False)
    assert type(positional) is ResetBeforeGRUCell and not positional.reset_after
    assert (positional.dropout, positional.recurrent_dropout) == (0.1, 0.2)


def test_a_config_of_either_class_makes_the_same_cell():
    config = GRUCell(UNITS, reset_after=False, chrono_steps=9).get_config()
    for cls in (GRUCell, ResetBeforeGRUCell):
        again = cls.from_config(config)
        assert type(again) is ResetBeforeGRUCell and again.get_config() == config


def test_a_subclass_of_the_gru_cell_refuses_the_other_order():
    class Custom(GRUCell):
        pass

    assert Custom(UNITS).reset_after
    with pytest.raises(ValueError, match="`reset_after`"):
        Custom(UNITS, reset_after=False)


def test_a_cell_without_equations_says_so():
    from nlpseq.cells import RecurrentCell

    cell = RecurrentCell(UNITS)
    with pytest.raises(NotImplementedError, match="transition"):
        cell(normal(BATCH, FEATURES), [tf.zeros((BATCH, UNITS))])
