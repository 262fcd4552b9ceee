"""Rows of `keras.layers`."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq import cells, layers
from nlpseq.layers import BahdanauAttention, LuongAttention, Pooling
from tests.docs.coming_from.rows import MEMORY, QUERY, close, row
from tests.layers.helpers import BATCH, FEATURES, MASK, UNITS, normal, pair, same_weights, sequences


def _keras_layer(name):
    ours, theirs = pair(name, return_sequences=True)
    close(ours(sequences(), mask=MASK), theirs(sequences(), mask=MASK))


for layer_name in ("SimpleRNN", "LSTM", "GRU"):
    row(f"`keras.layers.{layer_name}`")(lambda name=layer_name: _keras_layer(name))


@row("`keras.layers.RNN`", "`keras.layers.StackedRNNCells`")
def row_stack():
    def stack(room, kind):
        return room.RNN(room.StackedRNNCells([kind.LSTMCell(UNITS), kind.GRUCell(UNITS)]))

    ours, theirs = same_weights(stack(layers, _Cells), stack(keras.layers, keras.layers))
    close(ours(sequences()), theirs(sequences()))


class _Cells:
    LSTMCell, GRUCell = cells.LSTMCell, cells.GRUCell


@row("`keras.layers.Bidirectional`")
def row_bidirectional():
    ours, theirs = (room.Bidirectional(room.LSTM(UNITS, return_sequences=True)) for room in (layers, keras.layers))
    same_weights(ours, theirs)
    close(ours(sequences(), mask=MASK), theirs(sequences(), mask=MASK))


def _keras_cell(name):
    ours, theirs = getattr(cells, name)(UNITS), getattr(keras.layers, name)(UNITS)
    same_weights(ours, theirs, (BATCH, FEATURES))
    states = [normal(BATCH, UNITS, seed=n) for n in range(2 if name == "LSTMCell" else 1)]
    close(ours(normal(BATCH, FEATURES), states)[0], theirs(normal(BATCH, FEATURES), states)[0])


for cell_name in ("LSTMCell", "GRUCell", "SimpleRNNCell"):
    row(f"`keras.layers.{cell_name}`")(lambda name=cell_name: _keras_cell(name))


@row("`keras.layers.Attention`")
def row_dot_attention():
    theirs = keras.layers.Attention()([QUERY, MEMORY], mask=[None, tf.constant(MASK)])
    close(LuongAttention("dot")(QUERY, MEMORY, mask=MASK), theirs)


@row("`keras.layers.AdditiveAttention`")
def row_additive_attention():
    ours, theirs = BahdanauAttention(UNITS), keras.layers.AdditiveAttention()
    ours(QUERY, MEMORY)
    theirs.build([QUERY.shape, MEMORY.shape])
    theirs.set_weights([normal(UNITS, seed=6)])
    ours.set_weights([np.eye(UNITS), np.eye(UNITS), normal(UNITS, seed=6)])
    close(ours(QUERY, MEMORY, mask=MASK), theirs([QUERY, MEMORY], mask=[None, tf.constant(MASK)]))


@row("`keras.layers.GlobalAveragePooling1D`")
def row_mean():
    theirs = keras.layers.GlobalAveragePooling1D()(MEMORY, mask=tf.constant(MASK))
    close(Pooling("mean")(MEMORY, mask=MASK), theirs)


@row("`keras.layers.GlobalMaxPooling1D`")
def row_max():
    close(Pooling("max")(MEMORY), keras.layers.GlobalMaxPooling1D()(MEMORY))
