"""Loops that are unrolled give the numbers of loops that are not, whatever lengths were read before."""

import pytest
import tensorflow as tf

from nlpseq.cells import MinGRUCell
from nlpseq.layers import GRU, LSTM, RNN, Bidirectional
from tests.layers.helpers import FEATURES, UNITS, assert_same, normal, randomize, run

LAYERS = {
    "LSTM": lambda **options: LSTM(UNITS, return_sequences=True, **options),
    "GRU, backwards": lambda **options: GRU(UNITS, go_backwards=True, **options),
    "both directions": lambda **options: Bidirectional(GRU(UNITS, return_sequences=True, **options)),
    "linear": lambda **options: RNN(MinGRUCell(UNITS), return_sequences=True, **options),
}


def run_in_graph(layer, x, **options):
    return tf.function(lambda: run(layer, x, **options))()


@pytest.mark.parametrize("read", [run, run_in_graph])
@pytest.mark.parametrize("name", LAYERS)
def test_an_unrolled_layer_reads_every_length(name, read):
    unrolled, looped = (LAYERS[name](engine="portable", unroll=unroll) for unroll in (True, False))
    for layer in (unrolled, looped):
        layer.build((None, None, FEATURES))
        randomize(layer)
    for time in (3, 6, 4, 3):
        inputs = normal(2, time, FEATURES, seed=time)
        options = {"mask": tf.sequence_mask([time, 2], time), "training": True}
        assert_same(read(unrolled, inputs, **options), run(looped, inputs, **options))
