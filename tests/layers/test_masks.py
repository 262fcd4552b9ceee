"""Masks reach the layers that use them: from an Embedding, and through other layers."""

import keras
import numpy as np
import pytest

from nlpseq import layers
from nlpseq.cells import LSTMCell
from tests.layers.helpers import FEATURES, UNITS, assert_close, randomize

pytestmark = pytest.mark.usefixtures("eager")

IDS = np.array([[3, 1, 4, 0, 0], [2, 2, 0, 1, 0], [0, 0, 0, 0, 0]])

LAYERS = {
    "SimpleRNN": lambda: layers.SimpleRNN(UNITS, return_sequences=True),
    "LSTM": lambda: layers.LSTM(UNITS, return_sequences=True),
    "GRU": lambda: layers.GRU(UNITS),
    "RNN": lambda: layers.RNN([LSTMCell(UNITS), LSTMCell(UNITS)]),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(UNITS)),
    "Pooling-max": lambda: layers.Pooling("max"),
    "Pooling-mean": lambda: layers.Pooling("mean"),
    "Pooling-max-mean": lambda: layers.Pooling("max_mean"),
    "Pooling-attention": lambda: layers.Pooling("attention"),
}
every_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())


@every_layer
def test_the_mask_of_an_embedding_is_that_passed_by_hand(make):
    layer = make()
    embedding = keras.layers.Embedding(5, FEATURES, mask_zero=True)
    ids = keras.Input((None,), dtype="int32")
    model = randomize(keras.Model(ids, layer(embedding(ids))))
    embedded = embedding.embeddings.value.numpy()[IDS]
    expected = layer(embedded, mask=IDS != 0)
    assert_close(model.predict_on_batch(IDS), expected)
    assert not np.allclose(expected, layer(embedded))


def test_a_mask_passes_through_a_layer_of_sequences():
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(5, FEATURES, mask_zero=True)(ids)
    x = layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True))(x)
    x = layers.GRU(UNITS, return_sequences=True)(x)
    model = randomize(keras.Model(ids, layers.Pooling("mean")(x)))
    longer = np.concatenate([IDS, np.zeros_like(IDS)], axis=1)
    output = model.predict_on_batch(IDS)
    assert_close(model.predict_on_batch(longer), output)
    assert not output[2].any()


def test_a_mask_ends_at_a_layer_without_sequences():
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(5, FEATURES, mask_zero=True)(ids)
    for sequences, expected in ((True, True), (False, False)):
        output = layers.LSTM(UNITS, return_sequences=sequences)(x)
        assert (getattr(output, "_keras_mask", None) is not None) is expected


@every_layer
def test_layers_support_masking_by_themselves(make, monkeypatch):
    """Keras 3.16 takes `supports_masking` away from its recurrent layers."""
    for name in ("RNN", "Bidirectional", "StackedRNNCells"):
        theirs = getattr(keras.layers, name)
        monkeypatch.setattr(theirs, "__init__", without_masking(theirs.__init__))
    layer = make()
    assert layer.supports_masking
    assert getattr(layer, "cell", layer).supports_masking or not isinstance(layer.cell, layers.StackedRNNCells)


def without_masking(init):
    def changed(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.supports_masking = False

    return changed


@pytest.mark.parametrize("make", [lambda: layers.CRF(3), layers.LuongAttention, lambda: layers.BahdanauAttention(3)])
def test_other_layers_support_masking(make):
    assert make().supports_masking
