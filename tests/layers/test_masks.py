"""Masks reach the layers that use them: from an Embedding, and through other layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import layers
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, MinLSTMCell, RecurrentCell
from tests.layers.helpers import FEATURES, MASK, UNITS, assert_close, normal, randomize

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
    embedded = np.asarray(embedding.embeddings)[IDS]
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


class Attended(keras.layers.Layer):
    """An attention whose memory is the sequence."""

    def __init__(self, attention):
        super().__init__()
        self.attention, self.supports_masking = attention, True

    def call(self, sequences, mask=None, training=None):
        return self.attention(normal(len(MASK), 2, FEATURES, seed=8), sequences, mask=mask, training=training)


class Labelled(keras.layers.Layer):
    """The log-likelihood of a CRF."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True
        self.crf = layers.CRF(FEATURES, transition_initializer="normal")

    def call(self, sequences, mask=None, training=None):
        tags = np.arange(MASK.size).reshape(MASK.shape) % FEATURES
        return self.crf.log_likelihood(tags, self.crf(sequences, mask=mask), mask, training=bool(training))


@keras.saving.register_keras_serializable("tests")
class LeakyCell(RecurrentCell):
    def transition(self, wx, uh, states):
        return [0.9 * states[0] + 0.1 * tf.nn.relu(wx + uh)]


def sequence_layer(cell):
    return layers.RNN(cell, return_sequences=True, return_state=True)


PADDED = {
    "LSTM": lambda: sequence_layer(LSTMCell(UNITS, layer_normalization=True, projection_size=2, zoneout=0.1)),
    "GRU": lambda: sequence_layer(GRUCell(UNITS, dropout=0.4, recurrent_dropout=0.3)),
    "reset before": lambda: layers.GRU(UNITS, reset_after=False, recompute=True, go_backwards=True),
    "linear": lambda: sequence_layer(MinLSTMCell(UNITS, dropout=0.4)),
    "scan": lambda: sequence_layer(MinGRUCell(UNITS, parallel=True)),
    "custom": lambda: sequence_layer(LeakyCell(UNITS)),
    "stack": lambda: sequence_layer(layers.StackedRNNCells([GRUCell(UNITS), LSTMCell(UNITS)], "highway")),
    "cell of Keras": lambda: sequence_layer(keras.layers.LSTMCell(UNITS)),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True)),
    "Bidirectional of Keras": lambda: layers.Bidirectional(keras.layers.GRU(UNITS)),
    **{f"Pooling {name}": lambda name=name: layers.Pooling(name) for name in ("max", "mean", "max_mean", "attention")},
    "additive": lambda: Attended(layers.BahdanauAttention(UNITS)),
    "multiplicative": lambda: Attended(layers.LuongAttention()),
    "CRF": Labelled,
}


def results(layer, x, training):
    """Outputs, states, and all gradients of a loss that is random in them."""
    for variable in layer.non_trainable_variables:  # the states of seed generators
        variable.assign(np.arange(2))
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = keras.tree.flatten(layer(x, mask=tf.constant(MASK), training=training))
        loss = sum(tf.reduce_sum(tf.sin(output + 1)) for output in outputs)
    gradients = tape.gradient(loss, [x, *(getattr(weight, "value", weight) for weight in layer.trainable_weights)])
    return [tf.convert_to_tensor(value).numpy() for value in (*outputs, *gradients)]


BAD = np.array([np.nan, np.inf, 3e38], "float32")


def assert_padding_is_no_matter(layer, training):
    x = normal(*MASK.shape, FEATURES)
    expected = results(layer, np.where(MASK[..., None], x, 0), training)
    values = results(layer, np.where(MASK[..., None], x, np.resize(BAD, x.shape)), training)
    for one, other in zip(values, expected, strict=True):
        assert np.isfinite(other).all()
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", PADDED)
def test_what_stands_at_masked_steps_is_no_matter(name):
    assert_padding_is_no_matter(PADDED[name](), training=True)


def test_what_stands_at_masked_steps_is_no_matter_in_inference():
    assert_padding_is_no_matter(PADDED["LSTM"](), training=False)


@pytest.mark.slow
@pytest.mark.usefixtures("graph")
def test_what_stands_at_masked_steps_is_no_matter_to_compiled_loops():
    assert_padding_is_no_matter(layers.Bidirectional(layers.GRU(UNITS, engine="xla")), training=True)
