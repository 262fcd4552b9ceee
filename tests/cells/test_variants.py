"""Each variant of a cell against its equations in NumPy, one eager step with random weights."""

import numpy as np
import pytest

import nlpseq
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, MinLSTMCell, ResetBeforeGRUCell, SimpleRNNCell
from nlpseq.cells.normalization import EPSILON
from nlpseq.cells.zoneout import check_rates
from tests.layers.helpers import BATCH, FEATURES, TIME, UNITS, assert_close, normal, randomize, run, sequences

pytestmark = pytest.mark.usefixtures("eager")
PLAIN = {"SimpleRNN": SimpleRNNCell, "LSTM": LSTMCell, "GRU": GRUCell}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layer_norm(x, gain, shift=0.0):
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)
    return (x - x.mean(axis=-1, keepdims=True)) / deviation * gain + shift


def halves(cell, weights, x, h):
    """wx and uh, `(batch, gates * units)`."""
    wx, uh = x @ weights["kernel"], h @ weights["recurrent_kernel"]
    if cell.layer_normalization:
        wx, uh = layer_norm(wx, weights["kernel_gain"]), layer_norm(uh, weights["recurrent_gain"])
    b = weights["bias"]
    return (wx + b[0], uh + b[1]) if cell.recurrent_bias else (wx + b, uh)


def simple_rnn(cell, weights, x, states):
    return [np.tanh(sum(halves(cell, weights, x, states[0])))]


def lstm(cell, weights, x, states):
    h, c = states
    total = sum(halves(cell, weights, x, h))
    if cell.coupled_gates:
        f, g, o = np.split(total, 3, axis=1)
        i = None
    else:
        i, f, g, o = np.split(total, 4, axis=1)
    if cell.peephole:
        *p_i, p_f, p_o = weights["peephole_kernel"]
        f = f + p_f * c
        i = i + p_i[0] * c if p_i else None
    f = sigmoid(f)
    i = 1 - f if i is None else sigmoid(i)
    c = f * c + i * np.tanh(g)
    o = sigmoid(o + p_o * c if cell.peephole else o)
    normalized = layer_norm(c, weights["state_gain"], weights["state_shift"]) if cell.layer_normalization else c
    h = o * np.tanh(normalized)
    return [h @ weights["projection_kernel"] if cell.projection_size else h, c]


def gru(cell, weights, x, states):
    (h,) = states
    wx, uh = halves(cell, weights, x, h)
    wx_z, wx_r, wx_h = np.split(wx, 3, axis=1)
    uh_z, uh_r, uh_h = np.split(uh, 3, axis=1)
    z, r = sigmoid(wx_z + uh_z), sigmoid(wx_r + uh_r)
    return [z * h + (1 - z) * np.tanh(wx_h + r * uh_h)]


def gru_reset_before(cell, weights, x, states):
    (h,) = states
    columns = 2 * cell.units
    kernel, gain = weights["recurrent_kernel"], weights["recurrent_gain"]
    wx = layer_norm(x @ weights["kernel"], weights["kernel_gain"]) + weights["bias"]
    gates = layer_norm(h @ kernel[:, :columns], gain[:columns])
    z, r = np.split(sigmoid(wx[:, :columns] + gates), 2, axis=1)
    product = layer_norm((r * h) @ kernel[:, columns:], gain[columns:])
    return [z * h + (1 - z) * np.tanh(wx[:, columns:] + product)]


def linear(cell, weights, x, states):
    (h,) = states
    wx = x @ weights["kernel"]
    if cell.layer_normalization:
        wx = layer_norm(wx, weights["kernel_gain"])
    wx = wx + weights["bias"]
    if isinstance(cell, MinGRUCell):
        z, g = np.split(wx, 2, axis=1)
        z = sigmoid(z)
        return [(1 - z) * h + z * g]
    f, i, g = np.split(wx, 3, axis=1)
    f, i = sigmoid(f), sigmoid(i)
    return [f / (f + i) * h + i / (f + i) * g]


NORMALIZED = {"layer_normalization": True}
CASES = [
    (LSTMCell, lstm, {"peephole": True}),
    (LSTMCell, lstm, {"coupled_gates": True}),
    (LSTMCell, lstm, {"projection_size": 2}),
    (LSTMCell, lstm, NORMALIZED),
    (LSTMCell, lstm, {"peephole": True, "coupled_gates": True}),
    (LSTMCell, lstm, {"peephole": True, "coupled_gates": True, "projection_size": 2, **NORMALIZED}),
    (SimpleRNNCell, simple_rnn, NORMALIZED),
    (GRUCell, gru, NORMALIZED),
    (ResetBeforeGRUCell, gru_reset_before, NORMALIZED),
    (MinGRUCell, linear, {}),
    (MinGRUCell, linear, NORMALIZED),
    (MinLSTMCell, linear, {}),
    (MinLSTMCell, linear, NORMALIZED),
]


def built(make, seed=2, **options):
    cell = make(UNITS, **options)
    cell.build((BATCH, FEATURES))
    return randomize(cell, seed)


@pytest.mark.parametrize("zoneout", [0.0, 0.3])
@pytest.mark.parametrize("make, reference, options", CASES)
def test_a_step_equals_the_equations(make, reference, options, zoneout):
    cell = built(make, zoneout=zoneout, **options)
    weights = {weight.name: weight.numpy() for weight in cell.weights}
    x, states = normal(BATCH, FEATURES), [normal(BATCH, size, seed=20 + i) for i, size in enumerate(cell.state_sizes)]
    output, new = cell(x, states)
    expected = reference(cell, weights, x, states)
    expected = [zoneout * before + (1 - zoneout) * after for before, after in zip(states, expected)]
    assert_close(output, expected[0])
    for one, other in zip(new, expected, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("make, reference, options", CASES)
def test_configs_round_trip(make, reference, options):
    cell = built(make, zoneout=0.1, trainable_initial_state=True, **options)
    again = type(cell).from_config(cell.get_config())
    assert again.get_config() == cell.get_config()
    again.build((BATCH, FEATURES))
    assert [w.shape for w in again.weights] == [w.shape for w in cell.weights]


# Initial values


def test_chrono_biases_lie_between_the_shortest_and_the_longest_memory():
    units, steps = 300, 100
    lstm, coupled, gru, before = (
        LSTMCell(units, chrono_steps=steps, recurrent_initializer="zeros"),
        LSTMCell(units, chrono_steps=steps, recurrent_initializer="zeros", coupled_gates=True),
        GRUCell(units, chrono_steps=steps, recurrent_initializer="zeros"),
        GRUCell(units, chrono_steps=steps, recurrent_initializer="zeros", reset_after=False),
    )
    for cell in (lstm, coupled, gru, before):
        cell.build((1, 2))
    i, f, g, o = np.split(lstm.bias.numpy(), 4)
    assert_close(i, -f)
    assert not g.any() and not o.any()
    for bias in (f, coupled.bias.numpy()[:units], gru.bias.numpy()[0, :units], before.bias.numpy()[:units]):
        memory = np.exp(bias)
        assert memory.min() >= 1 and memory.max() <= steps - 1
        assert np.mean(memory) == pytest.approx(steps / 2, rel=0.1)
    assert not gru.bias.numpy()[1].any() and not gru.bias.numpy()[0, units:].any()
    assert not before.bias.numpy()[units:].any()


@pytest.mark.parametrize("name", PLAIN)
def test_the_recurrent_kernel_starts_orthogonal(name):
    cell = PLAIN[name](UNITS)
    cell.build((BATCH, FEATURES))
    kernel = cell.recurrent_kernel.numpy()
    assert_close(kernel @ kernel.T, np.eye(UNITS))


def test_gains_start_at_one_and_shifts_at_zero():
    cell = LSTMCell(UNITS, layer_normalization=True)
    cell.build((BATCH, FEATURES))
    for gain in (cell.kernel_gain, cell.recurrent_gain, cell.state_gain):
        assert np.all(gain.numpy() == 1)
    assert not cell.state_shift.numpy().any()


@pytest.mark.parametrize("make", [*PLAIN.values(), MinGRUCell])
def test_a_trainable_initial_state_is_where_a_run_starts_and_is_trained(make):
    layer = nlpseq.layers.RNN(make(UNITS, trainable_initial_state=True), engine="portable")
    layer.build((BATCH, TIME, FEATURES))
    names = [w.name for w in layer.weights if w.name.startswith("initial_state")]
    assert len(names) == layer.cell.states
    assert all(not w.numpy().any() for w in layer.weights if w.name in names)
    randomize(layer)
    states = [np.tile(w.numpy(), (BATCH, 1)) for w in layer.weights if w.name in names]
    assert_close(layer(sequences()), layer(sequences(), initial_state=states))
    _, gradients = run(layer, sequences(), training=True)
    assert all(np.any(gradients[key]) for key in gradients if "initial_state" in key)


# Bad arguments


@pytest.mark.parametrize(
    "make, options, words",
    [
        (LSTMCell, {"zoneout": 1.0}, "zoneout"),
        (LSTMCell, {"zoneout": [0.1]}, "list of 2"),
        (GRUCell, {"weight_dropout": -0.1}, "weight_dropout"),
        (GRUCell, {"zoneout": float("nan")}, "zoneout"),
        (LSTMCell, {"projection_size": 0}, "projection_size"),
        (LSTMCell, {"chrono_steps": 2}, "chrono_steps"),
        (GRUCell, {"chrono_steps": 1}, "chrono_steps"),
        (MinGRUCell, {"recurrent_dropout": 0.1}, "recurrent_dropout"),
        (MinLSTMCell, {"weight_dropout": 0.1}, "weight_dropout"),
        (MinLSTMCell, {"recurrent_initializer": "zeros"}, "recurrent_initializer"),
    ],
)
def test_bad_arguments_are_named(make, options, words):
    with pytest.raises(ValueError, match=words):
        make(UNITS, **options)


def test_rates_may_be_one_or_one_for_each_state():
    assert check_rates("zoneout", 0.1, 2) == [0.1, 0.1]
    assert check_rates("zoneout", (0.1, 0.2), 2) == [0.1, 0.2]
