"""SimpleRNN, LSTM and GRU against keras.layers: outputs, states and gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.engine.test_pairwise import pairwise
from tests.layers.helpers import (
    EMPTY_ROW,
    MASK,
    RECURRENT,
    assert_close,
    assert_same,
    pair,
    run,
    sequences,
    states_of,
)

pytestmark = pytest.mark.usefixtures("eager")

NAMES = (*RECURRENT, "GRU-reset-before")
TABLE = pairwise({
    "name": NAMES,
    "mask": [None, EMPTY_ROW],
    "started": [False, True],
    "return_sequences": [False, True],
    "go_backwards": [False, True],
    "zero_output_for_mask": [False, True],
    "engine": ["portable", "xla"],
})  # fmt: skip


def check(name, mask=None, started=False, x=None, engine="portable", **options):
    if name == "GRU-reset-before":
        name, options = "GRU", {**options, "reset_after": False}
    ours, theirs = pair(name, engine, return_state=True, **options)
    states = states_of(theirs) if started else None
    x = sequences() if x is None else x
    expected = run(theirs, x, states, mask=mask)
    assert_same(run(ours, x, states, mask=mask), expected)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join(
    f"{key}={'mask' if isinstance(value, np.ndarray) else value}" for key, value in row.items()
))  # fmt: skip
def test_outputs_states_and_gradients(row):
    check(**row)


@pytest.mark.parametrize("name", NAMES)
def test_unroll(name):
    check(name, EMPTY_ROW, started=True, return_sequences=True, go_backwards=True, unroll=True)


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
@pytest.mark.parametrize("name", RECURRENT)
def test_compiled(name):
    check(name, EMPTY_ROW, started=True, engine="xla", return_sequences=True, go_backwards=True)


@pytest.mark.parametrize("name", NAMES)
def test_without_bias(name):
    check(name, MASK, return_sequences=True, use_bias=False)


@pytest.mark.parametrize("name", RECURRENT)
def test_other_activations(name):
    options = {} if name == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"}
    check(name, MASK, return_sequences=True, activation="relu", **options)


@pytest.mark.parametrize("time", [1])
@pytest.mark.parametrize("name", RECURRENT)
def test_short_sequences(name, time):
    check(name, MASK[:, :time], started=True, x=sequences(time), return_sequences=True)


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_a_mask_may_be_of_any_type(dtype):
    ours, theirs = pair("GRU", return_sequences=True)
    mask = MASK.astype(dtype)
    assert_close(ours(sequences(), mask=mask), theirs(sequences(), mask=mask))


DROPOUT = [
    {"dropout": 0.4},
    {"recurrent_dropout": 0.4},
    {"dropout": 0.3, "recurrent_dropout": 0.4},
    {"dropout": 0.4, "implementation": 1},
    {"dropout": 1.0},
]


@pytest.mark.parametrize("name, rates", [
    *(("LSTM", rates) for rates in DROPOUT),
    *((name, rates) for name in NAMES if name != "LSTM" for rates in DROPOUT[3:4]),
    *(pytest.param(name, DROPOUT[2], marks=pytest.mark.slow) for name in NAMES if name != "LSTM"),
    ("SimpleRNN", {"recurrent_dropout": 1.0}),
], ids=str)  # fmt: skip
def test_dropout_has_the_masks_of_keras(name, rates):
    if 1.0 in rates.values() and keras.version() < "3.13":
        pytest.skip("this Keras refuses a rate of 1")
    rates = dict(rates)
    if name == "SimpleRNN":
        rates.pop("implementation", None)  # Keras's has no such argument
    if name == "GRU-reset-before":
        name, rates["reset_after"] = "GRU", False
    # Keras fails where its cuDNN branch meets a mask a gate.
    options = {} if name == "SimpleRNN" else {"use_cudnn": False}
    ours, theirs = pair(name, return_sequences=True, seed=11, **rates, **options)
    expected = run(theirs, sequences(), mask=MASK, training=True)
    assert_same(run(ours, sequences(), mask=MASK, training=True), expected)
    # The next call draws the next masks.
    assert_close(ours(sequences(), mask=MASK, training=True), theirs(sequences(), mask=MASK, training=True))


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
@pytest.mark.parametrize("name", RECURRENT)
def test_dropout_compiled(name):
    ours, theirs = pair(name, "xla", dropout=0.3, recurrent_dropout=0.4, seed=11)
    expected = run(theirs, sequences(), training=True)
    assert_same(run(ours, sequences(), training=True), expected)


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
def test_dropout_after_another_batch_size_and_in_a_graph():
    ours, theirs = pair("LSTM", seed=4, use_cudnn=False, dropout=0.5, recurrent_dropout=0.5)
    for x in (sequences(), sequences()[:2], sequences()[:1]):
        assert_close(ours(x, training=True), theirs(x, training=True))
    in_graph = [tf.function(lambda x, f=f: f(x, training=True)) for f in (ours, theirs)]
    for x in (sequences(), sequences(), sequences(3), sequences()[:2]):  # the last ones retrace
        one, other = (function(x) for function in in_graph)
        assert_close(one, other)


def test_dropout_is_for_training_only():
    ours, theirs = pair("LSTM", dropout=0.5, recurrent_dropout=0.5)
    plain, _ = pair("LSTM")
    assert_close(ours(sequences()), plain(sequences()))
    assert_close(ours(sequences(), training=False), theirs(sequences(), training=False))


def test_inference_does_not_move_the_seed():
    settings = {"dropout": 0.5, "recurrent_dropout": 0.5, "seed": 3}
    ours, theirs = pair("LSTM", **settings)
    first = [ours(sequences(), training=True) for _ in range(2)]
    again, _ = pair("LSTM", **settings)
    again.set_weights(ours.get_weights())
    between = [again(sequences(), training=training) for training in (True, False, True)]
    assert_close(first[1], between[2])
    assert_close(first[1], [theirs(sequences(), training=True) for _ in range(2)][1])


@pytest.mark.parametrize(
    "name", ["LSTM", *(pytest.param(name, marks=pytest.mark.slow) for name in ("SimpleRNN", "GRU"))]
)
def test_fit_gives_the_weights_of_keras(name):
    weights, losses = [], []
    for layer in pair(name, "auto", dropout=0.2, seed=3):
        model = keras.Sequential([keras.Input((None, 4)), layer, keras.layers.Dense(1)])
        model.layers[-1].set_weights([np.array([[0.3], [-0.5], [0.7]]), np.array([0.1])])
        model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
        history = model.fit(sequences(), np.array([[1.0], [-1.0], [0.5]]), epochs=4, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
        weights.append(model.get_weights())
    np.testing.assert_allclose(*losses, rtol=1e-4)
    for one, other in zip(*weights, strict=True):
        assert_close(one, other)
