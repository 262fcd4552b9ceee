"""The input half in the loop, the reverse loop by segments, and recomputation: no number changes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq.cells import GRUCell, LSTMCell, SimpleRNNCell
from nlpseq.engine import loops, recomputation
from tests.benchmarks import cells
from tests.engine.test_gradients import AdditiveSumCell, MinimalGatedCell
from tests.layers.helpers import (
    BATCH,
    FEATURES,
    UNITS,
    assert_close,
    assert_same,
    normal,
    randomize,
    run,
    sequences,
    states_of,
)

CELLS = {
    "SimpleRNN": SimpleRNNCell,
    "LSTM": LSTMCell,
    "GRU": GRUCell,
    "GRU-reset-before": lambda units, **options: GRUCell(units, reset_after=False, **options),
    "LSTM-variants": lambda units, **options: LSTMCell(
        units, layer_normalization=True, peephole=True, projection_size=2, **options
    ),
    "MinimalGated": MinimalGatedCell,
    "partly additive": cells.MinimalGatedCell,
    "additive": AdditiveSumCell,
}
STEPS = 6


def mask_of(time):
    mask = np.arange(time)[None] < np.array([[time], [0], [2]])
    mask[0, : time // 3] = False
    return mask


def layer_of(cell, **options):
    return nlpseq.layers.RNN(cell, return_sequences=True, return_state=True, **options)


def cell_of(name, **options):
    cell = CELLS[name](UNITS, **options)
    cell.build((BATCH, FEATURES))
    return randomize(cell)


@pytest.fixture
def small_cache(monkeypatch):
    """Every sequence is too large, and goes by segments of three steps."""
    monkeypatch.setattr(loops, "IN_LOOP", 0)
    monkeypatch.setattr(loops, "IN_SEGMENTS", 0)
    monkeypatch.setattr(loops, "SEGMENT", 3)


@pytest.mark.parametrize("masked, reverse", [(False, False), (True, True)])
@pytest.mark.parametrize("name", CELLS)
def test_large_sequences(small_cache, name, masked, reverse):
    cell = cell_of(name)
    mask = mask_of(STEPS) if masked else None
    layer = layer_of(cell, go_backwards=reverse, engine="portable")
    expected = run(layer, sequences(STEPS), states_of(layer), mask=mask, training=True)
    layer = layer_of(cell, go_backwards=reverse, engine="xla")
    actual = run(layer, sequences(STEPS), states_of(layer), mask=mask, training=True)
    assert_same(actual, expected)


@pytest.mark.parametrize("options", [
    {"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"dropout": 0.5, "implementation": 1},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("name", ["LSTM", "GRU", "GRU-reset-before"])
def test_large_sequences_under_dropout(small_cache, name, options):
    results = []
    for mode in ("portable", "xla"):
        cell = cell_of(name, seed=3, **options)  # the same masks in both
        layer = layer_of(cell, engine=mode)
        results.append(run(layer, sequences(STEPS), mask=mask_of(STEPS), training=True))
    assert_same(*results)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("time", [1, 3, 7, 8])
def test_numbers_of_steps_that_are_no_multiple(small_cache, time, reverse):
    cell = cell_of("LSTM")
    manner = {"go_backwards": reverse}
    layers = [layer_of(cell, engine=mode, **manner) for mode in ("xla", "portable")]
    assert_same(*(run(layer, sequences(time), training=True) for layer in layers))


@pytest.mark.parametrize("reverse", [False, True])
def test_unknown_sizes(monkeypatch, reverse):
    """In a graph of unknown sizes every sequence counts as large."""
    monkeypatch.setattr(loops, "SEGMENT", 3)
    cell = cell_of("GRU")
    layers = [layer_of(cell, engine=mode, go_backwards=reverse) for mode in ("xla", "portable")]

    def gradient(layer, x, mask):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, state = layer(x, mask=mask, training=True)
            loss = tf.reduce_sum(outputs**2) + tf.reduce_sum(state)
        return tape.gradient(loss, [x, *(w.value for w in layer.trainable_weights)])

    specs = [tf.TensorSpec((None, None, FEATURES)), tf.TensorSpec((None, None), tf.bool)]
    unknown = tf.function(lambda x, mask: gradient(layers[0], x, mask), input_signature=specs)
    for time in (1, 6, 7):
        x, mask = tf.constant(sequences(time)), tf.constant(mask_of(time))
        for one, other in zip(unknown(x, mask), gradient(layers[1], x, mask), strict=True):
            assert_close(one, other)


@pytest.mark.parametrize("engine", ["portable", "xla"])
@pytest.mark.parametrize("masked, reverse", [(False, True), (True, False)])
@pytest.mark.parametrize("time", [0, 1, 8, 19, 32])
def test_recomputation(time, masked, reverse, engine):
    cell = cell_of("GRU")
    mask = mask_of(time) if masked else None
    results = []
    for recompute in (True, False):
        layer = layer_of(cell, recompute=recompute, go_backwards=reverse, engine=engine)
        x = sequences(time)
        results.append(run(layer, x, states_of(layer), mask=mask, training=True))
    assert_same(*results)


@pytest.mark.parametrize("name", CELLS)
def test_recomputation_of_every_cell(name):
    cell = cell_of(name)
    layers = [layer_of(cell, recompute=each, engine="portable") for each in (True, False)]
    assert_same(*(run(layer, sequences(19), mask=mask_of(19), training=True) for layer in layers))


def test_recomputation_of_an_unknown_number_of_steps():
    layer = layer_of(cell_of("LSTM"), recompute=True, engine="portable")

    @tf.function(input_signature=[tf.TensorSpec((None, None, FEATURES))])
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x)[0] ** 2)
        return tape.gradient(loss, x)

    plain = layer_of(layer.cell, engine="portable")
    for time in (3, 20):
        x = tf.constant(sequences(time))
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(plain(x)[0] ** 2)
        assert_close(gradient(x), tape.gradient(loss, x))


def test_recomputation_in_fit():
    weights = []
    for recompute in (False, True):
        keras.utils.set_random_seed(3)
        model = keras.Sequential([nlpseq.layers.LSTM(UNITS, recompute=recompute)])
        model.compile("sgd", "mse")
        model.fit(sequences(19), normal(BATCH, UNITS), epochs=2, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize(
    "steps, expected", [(None, 16), (1, 8), (64, 8), (100, 10), (128, 8), (400, 20), (10_000, 100), (97, 10)]
)
def test_segments_are_near_the_square_root_of_the_steps(steps, expected):
    assert recomputation.segment_length(steps) == expected
