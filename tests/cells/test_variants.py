"""Each variant against its paper's equations in NumPy, and its neutral setting against the plain cell."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, MinLSTMCell, SimpleRNNCell
from nlpseq.cells.variants import EPSILON, check_rates
from tests.layers.helpers import (
    BATCH,
    FEATURES,
    MASK,
    TIME,
    UNITS,
    assert_close,
    assert_same,
    normal,
    randomize,
    run,
    sequences,
)

PLAIN = {"SimpleRNN": SimpleRNNCell, "LSTM": LSTMCell, "GRU": GRUCell}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layer_norm(x, gain, shift=0.0):
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)
    return (x - x.mean(axis=-1, keepdims=True)) / deviation * gain + shift


# References: one step of each cell, with every option read from the cell.


def halves(cell, weights, x, h):
    """z and r, `(batch, gates * units)`, r without the bias of the inputs."""
    z, r = x @ weights["kernel"], h @ weights["recurrent_kernel"]
    if cell.layer_normalization:
        z, r = layer_norm(z, weights["kernel_gain"]), layer_norm(r, weights["recurrent_gain"])
    bias = weights["bias"]
    return (z + bias[0], r + bias[1]) if cell.recurrent_bias else (z + bias, r)


def simple_rnn(cell, weights, x, states):
    return [np.tanh(sum(halves(cell, weights, x, states[0])))]


def lstm(cell, weights, x, states):
    h, c = states
    z = sum(halves(cell, weights, x, h))
    if cell.coupled_gates:
        f, g, o = np.split(z, 3, axis=1)
        i = None
    else:
        i, f, g, o = np.split(z, 4, axis=1)
    if cell.peephole:
        *p_i, p_f, p_o = weights["peephole_kernel"]
        f = f + p_f * c
        i = i + p_i[0] * c if p_i else None
    f = sigmoid(f)
    i = 1 - f if i is None else sigmoid(i)
    c = f * c + i * np.tanh(g)
    o = sigmoid(o + p_o * c if cell.peephole else o)
    shown = layer_norm(c, weights["state_gain"], weights["state_shift"]) if cell.layer_normalization else c
    h = o * np.tanh(shown)
    return [h @ weights["projection_kernel"] if cell.projection_size else h, c]


def gru(cell, weights, x, states):
    (h,) = states
    z, r = halves(cell, weights, x, h)
    z_z, z_r, z_h = np.split(z, 3, axis=1)
    r_z, r_r, r_h = np.split(r, 3, axis=1)
    update, reset = sigmoid(z_z + r_z), sigmoid(z_r + r_r)
    g = np.tanh(z_h + reset * r_h)
    return [update * h + (1 - update) * g]


def gru_reset_before(cell, weights, x, states):
    (h,) = states
    columns = 2 * cell.units
    kernel, gain = weights["recurrent_kernel"], weights.get("recurrent_gain")
    z = x @ weights["kernel"]
    gates, product = h @ kernel[:, :columns], None
    if cell.layer_normalization:
        z, gates = layer_norm(z, weights["kernel_gain"]), layer_norm(gates, gain[:columns])
    z = z + weights["bias"]
    update, reset = np.split(sigmoid(z[:, :columns] + gates), 2, axis=1)
    product = (reset * h) @ kernel[:, columns:]
    if cell.layer_normalization:
        product = layer_norm(product, gain[columns:])
    return [update * h + (1 - update) * np.tanh(z[:, columns:] + product)]


def linear(cell, weights, x, states):
    z = x @ weights["kernel"]
    if cell.layer_normalization:
        z = layer_norm(z, weights["kernel_gain"])
    z = z + weights["bias"]
    (h,) = states
    if isinstance(cell, MinGRUCell):
        update, g = np.split(z, 2, axis=1)
        update = sigmoid(update)
        return [(1 - update) * h + update * g]
    f, i, g = np.split(z, 3, axis=1)
    f, i = sigmoid(f), sigmoid(i)
    return [f / (f + i) * h + i / (f + i) * g]


def without_reset_after(units, **options):
    return GRUCell(units, reset_after=False, **options)


LSTM_OPTIONS = {"peephole": True, "coupled_gates": True, "projection_size": 2, "layer_normalization": True}
CASES = [
    *(
        pytest.param(LSTMCell, lstm, dict.fromkeys(chosen) | {k: LSTM_OPTIONS[k] for k in chosen},
                     id="LSTM-" + "-".join(chosen))
        for count in range(1, 5)
        for chosen in itertools.combinations(LSTM_OPTIONS, count)
    ),
    pytest.param(SimpleRNNCell, simple_rnn, {"layer_normalization": True}, id="SimpleRNN-norm"),
    pytest.param(GRUCell, gru, {"layer_normalization": True}, id="GRU-norm"),
    pytest.param(without_reset_after, gru_reset_before, {}, id="GRU-reset-before"),
    pytest.param(
        without_reset_after, gru_reset_before, {"layer_normalization": True}, id="GRU-reset-before-norm"
    ),
    *(
        pytest.param(cell, linear, {"layer_normalization": norm, "parallel": parallel},
                     id=f"{cell.__name__}-norm={norm}-parallel={parallel}")
        for cell in (MinGRUCell, MinLSTMCell) for norm in (False, True) for parallel in (False, True)
    ),
]  # fmt: skip


def built(make, seed=2, **options):
    cell = make(UNITS, **options)
    cell.build((BATCH, FEATURES))
    return randomize(cell, seed)


def named_weights(cell):
    return {weight.name: weight.numpy() for weight in cell.weights}


def states_for(cell):
    return [normal(BATCH, size, seed=20 + i) for i, size in enumerate(cell.state_sizes)]


def zoned(cell, new, old):
    """Zoneout in inference: the mean over its masks."""
    return [rate * o + (1 - rate) * n for rate, n, o in zip(cell.zoneout_rates, new, old)]


def reference_run(cell, step, x, states, mask=None):
    """All outputs `(batch, time, units)` and the final states."""
    weights, outputs = named_weights(cell), []
    for time in range(x.shape[1]):
        new = zoned(cell, step(cell, weights, x[:, time], states), states)
        if mask is not None:
            new = [np.where(mask[:, time, None], n, o) for n, o in zip(new, states)]
        states = new
        outputs.append(states[0])
    return np.stack(outputs, axis=1), states


@pytest.mark.parametrize("zoneout", [0.3, pytest.param(0.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make, step, options", CASES)
def test_a_run_equals_the_equations(make, step, options, zoneout):
    cell = built(make, zoneout=zoneout, **options)
    layer = nlpseq.layers.RNN(cell, return_sequences=True, return_state=True, engine="portable")
    x, states = sequences(), states_for(cell)
    expected, final = reference_run(cell, step, x, states, MASK)
    outputs, *states = layer(x, initial_state=states, mask=MASK)
    begun = np.cumsum(MASK, axis=1)[..., None] > 0  # as in Keras, zero before
    assert_close(outputs, np.where(begun, expected, 0))
    for one, other in zip(states, final, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("mask, reverse", [
    (MASK, False), pytest.param(None, True, marks=pytest.mark.slow),
])  # fmt: skip
@pytest.mark.parametrize("make, step, options", CASES)
def test_the_engine_equals_the_cell_in_keras(make, step, options, mask, reverse):
    # The normalisation of three columns that lie close together magnifies the rounding of float32.
    cell, x = built(make, dtype="float64", **options), sequences(dtype="float64")
    manner = {"return_sequences": True, "return_state": True, "go_backwards": reverse, "dtype": "float64"}
    theirs = keras.layers.RNN(cell, **manner)
    ours = nlpseq.layers.RNN(cell, engine="portable", **manner)
    assert_same(run(ours, x, mask=mask), run(theirs, x, mask=mask), tolerance=1e-10)


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize(
    "make, options",
    [
        (LSTMCell, {"peephole": True, "projection_size": 2, "layer_normalization": True}),
        (without_reset_after, {"layer_normalization": True}),
        (MinLSTMCell, {}),
        (MinGRUCell, {"parallel": True}),
    ],
)
def test_compiled_equals_portable(make, options, recompute):
    cell = built(make, **options)
    manner = {"return_sequences": True, "return_state": True, "recompute": recompute}
    layers = [nlpseq.layers.RNN(cell, engine=mode, **manner) for mode in ("xla", "portable")]
    assert_same(*(run(layer, sequences(), mask=MASK, training=True) for layer in layers))


# Neutral settings


@pytest.mark.parametrize(
    "name, neutral",
    [
        *((name, {"zoneout": 0.0, "weight_dropout": 0.0}) for name in PLAIN),
        ("LSTM", {"peephole": True}),
    ],
)
def test_a_neutral_setting_is_the_plain_cell(name, neutral):
    plain = getattr(nlpseq.layers, name)(UNITS, return_sequences=True)
    variant = getattr(nlpseq.layers, name)(UNITS, return_sequences=True, **neutral)
    plain.build((BATCH, TIME, FEATURES))
    variant.build((BATCH, TIME, FEATURES))
    weights = randomize(plain).get_weights()
    extra = [np.zeros(w.shape) for w in variant.weights[len(weights) :]]  # a peephole of zero
    variant.set_weights([*weights, *extra])
    outputs, gradients = run(variant, sequences(), mask=MASK, training=True)
    expected, expected_gradients = run(plain, sequences(), mask=MASK, training=True)
    gradients = {name: gradients[name] for name in expected_gradients}
    assert_same((outputs, gradients), (expected, expected_gradients))


def test_a_projection_by_the_identity_is_the_plain_cell():
    plain, projected = built(LSTMCell), built(LSTMCell, projection_size=UNITS)
    projected.set_weights([*plain.get_weights(), np.eye(UNITS, dtype="float32")])
    layers = [nlpseq.layers.RNN(cell, return_sequences=True) for cell in (projected, plain)]
    assert_close(*(layer(sequences(), mask=MASK) for layer in layers))


def test_coupled_gates_are_an_input_gate_of_one_minus_the_forget_gate():
    coupled, plain = built(LSTMCell, coupled_gates=True), built(LSTMCell)
    f, g, o = (np.s_[..., i * UNITS : (i + 1) * UNITS] for i in range(3))
    # sigmoid(-x) = 1 - sigmoid(x)
    plain.set_weights([np.concatenate([-w[f], w[f], w[g], w[o]], axis=-1) for w in coupled.get_weights()])
    layers = [nlpseq.layers.RNN(cell, return_sequences=True) for cell in (coupled, plain)]
    assert_close(*(layer(sequences()) for layer in layers))


# What is random


@pytest.mark.parametrize("name", PLAIN)
def test_zoneout_holds_the_share_of_entries_that_it_says(name):
    units, rate = 200, 0.25
    cell = PLAIN[name](units, zoneout=rate)
    layer = nlpseq.layers.RNN(cell, return_sequences=True)
    outputs = layer(normal(4, 10, FEATURES), training=True).numpy()
    held = np.mean(outputs[:, 1:] == outputs[:, :-1])
    assert held == pytest.approx(rate, abs=0.02)


def test_zoneout_in_training_is_that_of_keras_step_by_step(monkeypatch):
    """With the same masks the engine equals the cell, one step after the other."""
    cell = built(LSTMCell, zoneout=[0.4, 0.2])
    held = np.random.default_rng(0).random((BATCH, TIME, 2 * UNITS)) < 0.3
    x, states = sequences(), states_for(cell)
    monkeypatch.setattr(cell, "noise", lambda shape, training=False: tf.constant(held))
    layer = nlpseq.layers.RNN(cell, return_sequences=True)
    outputs = layer(x, initial_state=states, training=True)
    for time in range(TIME):
        monkeypatch.setattr(cell, "noise", lambda shape, training=False, time=time: tf.constant(held[:, time]))
        _, states = cell(x[:, time], states, training=True)
        assert_close(outputs[:, time], states[0])


def test_zoneout_of_everything_but_a_rate_of_each_state():
    cell = built(LSTMCell, zoneout=[0.0, 0.9])
    x = normal(2, FEATURES)
    before = [normal(2, UNITS, seed=1), normal(2, UNITS, seed=2)]
    _, new = cell(x, before)
    _, plain = built(LSTMCell)(x, before)
    assert_close(new[0], plain[0])
    assert_close(new[1], 0.9 * before[1] + 0.1 * plain[1])


@pytest.mark.parametrize("make", [*PLAIN.values(), without_reset_after])
def test_weight_dropout_drops_entries_of_the_recurrent_kernel(make):
    """One mask a batch, the same at all steps: the run is that of a plain cell with that kernel."""
    cell, plain = built(make, weight_dropout=0.5), built(make)
    layer = nlpseq.layers.RNN(cell, return_sequences=True)
    outputs = layer(sequences(), training=True)
    mask = cell._kernel_mask().numpy()
    assert set(np.unique(mask)) == {0.0, 2.0}
    kernel, recurrent, *bias = cell.get_weights()
    plain.set_weights([kernel, recurrent * mask, *bias])
    assert_close(outputs, nlpseq.layers.RNN(plain, return_sequences=True)(sequences()))
    assert np.any(layer(sequences(), training=True).numpy() != outputs.numpy())
    plain.set_weights([kernel, recurrent, *bias])
    assert_close(layer(sequences()), nlpseq.layers.RNN(plain, return_sequences=True)(sequences()))


def test_recurrent_dropout_is_one_mask_for_the_whole_sequence():
    cell = built(SimpleRNNCell, recurrent_dropout=0.5, activation=None, use_bias=False)
    cell.set_weights([np.zeros((FEATURES, UNITS)), np.eye(UNITS)])
    layer = nlpseq.layers.RNN(cell, return_sequences=True)
    start = tf.ones((BATCH, UNITS))
    outputs = layer(sequences(), initial_state=[start], training=True).numpy()
    for step in range(TIME):  # a unit is dropped at every step, or doubled at every step
        assert_close(outputs[:, step], np.where(outputs[:, 0] > 0, 2.0 ** (step + 1), 0))


# Initial values


def test_chrono_starts_lie_between_the_shortest_and_the_longest_memory():
    units, steps = 500, 100
    lstm, coupled, gru = (
        LSTMCell(units, chrono_steps=steps),
        LSTMCell(units, chrono_steps=steps, coupled_gates=True),
        GRUCell(units, chrono_steps=steps),
    )
    for cell in (lstm, coupled, gru):
        cell.build((1, 2))
    i, f, g, o = np.split(lstm.bias.numpy(), 4)
    assert_close(i, -f)
    assert not g.any() and not o.any()
    for bias in (f, coupled.bias.numpy()[:units], gru.bias.numpy()[0, :units]):
        memory = np.exp(bias)
        assert memory.min() >= 1 and memory.max() <= steps - 1
        assert np.mean(memory) == pytest.approx(steps / 2, rel=0.1)
    assert not gru.bias.numpy()[1].any() and not gru.bias.numpy()[0, units:].any()


def test_an_irnn_of_no_input_keeps_its_state():
    cell = SimpleRNNCell(UNITS, activation="relu", recurrent_initializer="identity")
    layer = nlpseq.layers.RNN(cell)
    state = np.abs(normal(BATCH, UNITS))
    assert_close(layer(np.zeros((BATCH, TIME, FEATURES)), initial_state=[state]), state)


@pytest.mark.parametrize("name", PLAIN)
def test_the_recurrent_kernel_starts_orthogonal(name):
    cell = PLAIN[name](UNITS)
    cell.build((BATCH, FEATURES))
    kernel = cell.recurrent_kernel.numpy()
    assert_close(kernel @ kernel.T, np.eye(UNITS))


@pytest.mark.parametrize("make", [*PLAIN.values(), MinGRUCell])
def test_a_trainable_initial_state_is_where_a_run_starts_and_learns(make):
    layer = nlpseq.layers.RNN(make(UNITS, trainable_initial_state=True))
    layer.build((BATCH, TIME, FEATURES))
    names = [w.name for w in layer.weights if w.name.startswith("initial_state")]
    assert len(names) == layer.cell.states
    assert all(not w.numpy().any() for w in layer.weights if w.name in names)
    randomize(layer)
    states = [np.tile(w.numpy(), (BATCH, 1)) for w in layer.weights if w.name.startswith("initial_state")]
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
    ],
)
def test_bad_arguments_are_named(make, options, words):
    with pytest.raises(ValueError, match=words):
        make(UNITS, **options)


def test_rates_may_be_one_or_one_a_state():
    assert check_rates("zoneout", 0.1, 2) == [0.1, 0.1]
    assert check_rates("zoneout", (0.1, 0.2), 2) == [0.1, 0.2]


@pytest.mark.parametrize("make, step, options", CASES)
def test_configs_round_trip(make, step, options):
    cell = make(UNITS, zoneout=0.1, trainable_initial_state=True, **options)
    again = type(cell).from_config(cell.get_config())
    assert again.get_config() == cell.get_config()
    again.build((BATCH, FEATURES))
    cell.build((BATCH, FEATURES))
    assert [w.shape for w in again.weights] == [w.shape for w in cell.weights]
