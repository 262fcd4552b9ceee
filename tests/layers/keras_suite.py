"""A pytest plugin that puts our layers in the place of Keras's: `pytest -p tests.layers.keras_suite`."""

import keras.src.layers

import nlpseq

REPLACED = ("RNN", "SimpleRNN", "LSTM", "GRU", "Bidirectional", "StackedRNNCells")
CELLS = ("SimpleRNNCell", "LSTMCell", "GRUCell")
for name in REPLACED:
    setattr(keras.src.layers, name, getattr(nlpseq.layers, name))
for name in CELLS:
    setattr(keras.src.layers, name, getattr(nlpseq.cells, name))
