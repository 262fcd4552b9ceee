"""A pytest plugin that puts our layers and cells in the place of Keras's: `pytest -p tests.layers.keras_suite`.

Both in `keras.src.layers`, from which Keras's own tests take them, and in `keras.layers`.
"""

import keras
import keras.src.layers

import nlpseq

REPLACED = {
    nlpseq.layers: ("RNN", "SimpleRNN", "LSTM", "GRU", "Bidirectional", "StackedRNNCells"),
    nlpseq.cells: ("SimpleRNNCell", "LSTMCell", "GRUCell"),
}
for module, names in REPLACED.items():
    for name in names:
        setattr(keras.src.layers, name, getattr(module, name))
        setattr(keras.layers, name, getattr(module, name))
