"""Padding, neighbours and direction never change a result, on random masks and lengths."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlpseq import layers
from nlpseq.cells import GRUCell, LSTMCell
from tests.layers.helpers import FEATURES, UNITS, assert_close, normal, randomize

pytestmark = pytest.mark.usefixtures("eager")

LAYERS = {
    "LSTM": layers.LSTM(UNITS, return_sequences=True, engine="portable"),
    "GRU": layers.GRU(UNITS, return_sequences=True, engine="portable"),
    "GRU-backwards": layers.GRU(UNITS, go_backwards=True, engine="portable"),
    "stack": layers.RNN([LSTMCell(UNITS), GRUCell(UNITS)], engine="portable"),
    "Bidirectional": layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True, engine="portable")),
    "Pooling-max": layers.Pooling("max"),
    "Pooling-mean": layers.Pooling("mean"),
    "Pooling-max-mean": layers.Pooling("max_mean"),
    "Pooling-attention": layers.Pooling("attention"),
}
for built in LAYERS.values():
    built.build((None, None, FEATURES))
    randomize(built)

every_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
few = settings(
    max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 1000)
sizes = st.integers(1, 4)


def batch(seed, size, time):
    """Sequences, and a mask of which some rows may be empty."""
    return normal(size, time, FEATURES, seed=seed), normal(size, time, seed=seed + 1) > -0.4


@every_layer
@few
@given(seed=seeds, size=sizes, time=sizes, padding=st.integers(1, 4))
def test_padding_at_the_end_changes_nothing(layer, seed, size, time, padding):
    x, mask = batch(seed, size, time)
    junk = 100 * normal(size, padding, FEATURES, seed=seed + 2)
    longer = np.concatenate([x, junk], axis=1)
    padded = np.concatenate([mask, np.zeros((size, padding), bool)], axis=1)
    output = np.asarray(layer(longer, mask=padded))
    if output.ndim == 3:
        output = output[:, :time]
    assert_close(output, layer(x, mask=mask))


@every_layer
@few
@given(seed=seeds, size=sizes, time=sizes)
def test_masked_values_have_no_part(layer, seed, size, time):
    x, mask = batch(seed, size, time)
    other = np.where(mask[..., np.newaxis], x, 50 * normal(*x.shape, seed=seed + 3))
    assert_close(layer(other, mask=mask), layer(x, mask=mask))


@every_layer
@few
@given(seed=seeds, size=sizes, time=sizes)
def test_neighbours_in_the_batch_have_no_part(layer, seed, size, time):
    x, mask = batch(seed, size, time)
    together = np.asarray(layer(x, mask=mask))
    one = slice(seed % size, seed % size + 1)
    assert_close(layer(x[one], mask=mask[one]), together[one])
    order = np.random.default_rng(seed).permutation(size)
    assert_close(layer(x[order], mask=mask[order]), together[order])


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
@few
@given(seed=seeds, size=sizes, time=sizes)
def test_reversed_input_equals_go_backwards(name, seed, size, time):
    forwards = LAYERS[name]
    if name not in BACKWARDS:
        config = {**forwards.get_config(), "go_backwards": True, "name": f"{name}_backwards"}
        BACKWARDS[name] = type(forwards).from_config(config)
        BACKWARDS[name].build((None, None, FEATURES))
        BACKWARDS[name].set_weights(forwards.get_weights())
    x, mask = batch(seed, size, time)
    reversed_run = forwards(x[:, ::-1], mask=mask[:, ::-1])
    assert_close(BACKWARDS[name](x, mask=mask), reversed_run)


BACKWARDS = {}


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
@few
@given(seed=seeds, size=sizes, time=st.integers(2, 5), data=st.data())
def test_two_parts_with_carried_state_equal_one_run(name, seed, size, time, data):
    rnn = layers.RNN(LAYERS[name].cell, return_state=True, engine="portable")
    x, mask = batch(seed, size, time)
    cut = data.draw(st.integers(1, time - 1))
    _, *whole = rnn(x, mask=mask)
    _, *states = rnn(x[:, :cut], mask=mask[:, :cut])
    _, *states = rnn(x[:, cut:], mask=mask[:, cut:], initial_state=states)
    for one, other in zip(states, whole, strict=True):
        assert_close(one, other)
