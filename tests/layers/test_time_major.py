"""Layers whose sequences are `(time, batch, features)`."""

import keras
import numpy as np
import pytest

import nlpseq
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell
from nlpseq.layers import Bidirectional, StackedRNNCells
from tests.layers.helpers import (
    BATCH,
    FEATURES,
    MASK,
    UNITS,
    assert_close,
    randomize,
    sequences,
)

pytestmark = pytest.mark.usefixtures("eager")

MAKES = {
    "LSTM": lambda **options: nlpseq.layers.LSTM(UNITS, **options),
    "GRU": lambda **options: nlpseq.layers.GRU(UNITS, **options),
    "stack": lambda **options: nlpseq.layers.RNN(
        StackedRNNCells([LSTMCell(UNITS), GRUCell(UNITS)], connection="residual"), **options
    ),
    "linear": lambda **options: nlpseq.layers.RNN(MinGRUCell(UNITS), **options),
    "Keras's cell": lambda **options: nlpseq.layers.RNN(keras.layers.GRUCell(UNITS), **options),
    "Bidirectional": lambda **options: Bidirectional(
        nlpseq.layers.LSTM(UNITS, **{"return_sequences": True, **options})
    ),
}


def swapped(array):
    return np.swapaxes(np.asarray(array), 0, 1)


@pytest.mark.parametrize("go_backwards, mask", [(False, None), (True, MASK)])
@pytest.mark.parametrize("name", MAKES)
def test_outputs_are_those_of_batch_major(name, go_backwards, mask):
    options = {"return_sequences": True, "return_state": True}
    if name != "Bidirectional":
        options["go_backwards"] = go_backwards
    plain, layer = MAKES[name](**options), MAKES[name](time_major=True, **options)
    x = sequences()
    plain.build(x.shape)
    layer.build(swapped(x).shape)
    layer.set_weights(randomize(plain).get_weights())
    outputs, *states = layer(swapped(x), mask=None if mask is None else swapped(mask))
    expected, *expected_states = plain(x, mask=mask)
    assert_close(swapped(outputs), expected)
    for one, other in zip(states, expected_states, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("name", MAKES)
def test_the_shape_is_known(name, return_sequences):
    layer = MAKES[name](time_major=True, return_sequences=return_sequences)
    inputs = keras.Input(batch_shape=(None, BATCH, FEATURES))
    width = 2 * UNITS if name == "Bidirectional" else UNITS
    expected = (None, BATCH, width) if return_sequences else (BATCH, width)
    assert layer(inputs).shape == expected


def test_a_config_keeps_it():
    layer = nlpseq.layers.LSTM(UNITS, time_major=True, recompute=True)
    again = nlpseq.layers.LSTM.from_config(layer.get_config())
    assert again.time_major and again.recompute
