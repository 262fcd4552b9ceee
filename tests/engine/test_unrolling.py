"""Loops that are unrolled give the numbers of loops that are not, whatever lengths were read before."""

import pytest
import tensorflow as tf

from nlpseq.cells import MinGRUCell
from nlpseq.layers import GRU, LSTM, RNN, Bidirectional
from tests.layers.helpers import FEATURES, UNITS, assert_close, normal, randomize

LAYERS = {
    "LSTM": lambda **options: LSTM(UNITS, return_sequences=True, **options),
    "GRU, backwards": lambda **options: GRU(UNITS, go_backwards=True, **options),
    "both directions": lambda **options: Bidirectional(GRU(UNITS, return_sequences=True, **options)),
    "linear": lambda **options: RNN(MinGRUCell(UNITS), return_sequences=True, **options),
}


def outputs_and_gradients(layer, inputs, mask):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, mask=mask, training=True)
        loss = tf.reduce_sum(tf.square(outputs))
    return [outputs, *tape.gradient(loss, [inputs, *layer.trainable_variables])]


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_an_unrolled_layer_reads_every_length(name, in_graph):
    unrolled, looped = (LAYERS[name](engine="portable", unroll=unroll) for unroll in (True, False))
    for layer in (unrolled, looped):
        layer.build((None, None, FEATURES))
        randomize(layer)
    for time in (3, 6, 4, 3):
        inputs = tf.constant(normal(2, time, FEATURES, seed=time))
        mask = tf.sequence_mask([time, 2], time)
        read = tf.function(outputs_and_gradients) if in_graph else outputs_and_gradients
        for actual, expected in zip(read(unrolled, inputs, mask), outputs_and_gradients(looped, inputs, mask)):
            assert_close(actual, expected)
