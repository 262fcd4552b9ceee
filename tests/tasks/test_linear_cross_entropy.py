"""The linear cross-entropy against NumPy, and against the cross-entropy of logits in a model."""

from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.tasks import LanguageModel, objectives
from nlpseq.tasks import linear_cross_entropy as module
from nlpseq.tasks.embeddings import FactoredLogits, ScaledEmbedding, token_logits
from nlpseq.tasks.linear_cross_entropy import BLOCK_ROWS as SIZES
from nlpseq.tasks.linear_cross_entropy import linear_cross_entropy
from nlpseq.text import LineEncoder
from tests.tasks.translation.test_model import new_translator

pytestmark = pytest.mark.usefixtures("portable")

BLOCK_ROWS = SIZES[0]
SIZE, CLASSES = 5, 11


def case(rows, real=0.7):
    random = np.random.default_rng(rows)
    weights = random.uniform(0.5, 2.0, rows) * (random.random(rows) < real)
    return (
        random.normal(size=(rows, SIZE)), random.normal(size=(CLASSES, SIZE)), random.normal(size=CLASSES),
        random.integers(0, CLASSES, rows), weights,
    )  # fmt: skip


def in_numpy(outputs, embeddings, bias, labels, weights, smoothing):
    """The loss, and its gradients by outputs, embeddings and bias."""
    logits = outputs @ embeddings.T + bias
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    target = (1 - smoothing) * np.eye(CLASSES)[labels] + smoothing / CLASSES
    d_logits = weights[:, np.newaxis] * (np.exp(log_probabilities) - target)
    loss = -(weights[:, np.newaxis] * target * log_probabilities).sum()
    return loss, d_logits @ embeddings, d_logits.T @ outputs, d_logits.sum(axis=0)


def loss_and_gradients(outputs, embeddings, bias, labels, weights, smoothing, dtype=tf.float32, upstream=3.0):
    """The loss, and its gradients, which reach it multiplied by `upstream`."""
    sources = [tf.constant(outputs, dtype), tf.constant(embeddings, tf.float32), tf.constant(bias, tf.float32)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        weights = tf.constant(weights, tf.float32)
        loss = linear_cross_entropy(*sources, tf.constant(labels, tf.int32), weights, smoothing)
        scaled = upstream * loss
    return loss, *(tf.cast(gradient, tf.float32) / upstream for gradient in tape.gradient(scaled, sources))


@pytest.mark.parametrize("mode, rows, real", [
    ("portable", 7, 0.7), ("portable", BLOCK_ROWS, 1.0), ("portable", 2 * BLOCK_ROWS + 9, 0.4),
    ("portable", 6, 0.0), ("portable", 0, 1.0), ("xla", 2 * BLOCK_ROWS + 9, 0.4), ("xla", 0, 1.0),
])  # fmt: skip
def test_equals_numpy(mode, rows, real):
    smoothing = 0.2 if mode == "xla" else 0.0
    arguments = *case(rows, real), smoothing
    with engine.mode(mode):
        actual = loss_and_gradients(*arguments)
    for value, expected in zip(actual, in_numpy(*arguments)):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rows, real, most, blocks", [
    (700, 1.0, 2**23, 1), (700, 0.3, 2**23, 1), (400, 1.0, 2**23, 2), (64, 1.0, 2**23, 1),
    (700, 1.0, 256 * CLASSES, 3), (130, 1.0, 1, 3),
])  # fmt: skip
def test_few_large_blocks_of_the_rows_that_count(monkeypatch, rows, real, most, blocks):
    """Each block costs as much as some rows, so that eleven blocks of 64 take longer than one of 704, if that fits."""
    calls, block = [], module._block
    monkeypatch.setattr(module, "MOST_LOGITS", most)
    monkeypatch.setattr(module, "_block", lambda *arguments: calls.append(1) or block(*arguments))
    arguments = *case(rows, real), 0.0
    actual = loss_and_gradients(*arguments)
    assert len(calls) == blocks
    np.testing.assert_allclose(actual[1], in_numpy(*arguments)[1], rtol=1e-4, atol=1e-4)


def test_rows_of_sequences():
    outputs, embeddings, bias, labels, weights = case(12)
    shaped = outputs.reshape(3, 4, SIZE), embeddings, bias, labels.reshape(3, 4), weights.reshape(3, 4)
    loss, d_outputs, *_ = loss_and_gradients(*shaped, 0.0)
    assert d_outputs.shape == (3, 4, SIZE)
    np.testing.assert_allclose(loss, in_numpy(outputs, embeddings, bias, labels, weights, 0.0)[0], rtol=1e-5)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_narrow_outputs_have_narrow_gradients(dtype):
    arguments = *case(9), 0.1
    actual = loss_and_gradients(*arguments, dtype=dtype)
    for value, expected in zip(actual, in_numpy(*arguments)):
        np.testing.assert_allclose(value, expected, rtol=0.05, atol=0.05)


def test_small_gradients_of_float16_are_scaled_before_they_are_narrowed():
    outputs, embeddings, bias, labels, weights = case(9)
    arguments = outputs, embeddings, bias, labels, 1e-8 * weights, 0.0
    actual = loss_and_gradients(*arguments, dtype=tf.float16, upstream=2.0**26)
    for value, expected in zip(actual, in_numpy(*arguments)):
        np.testing.assert_allclose(value, expected, rtol=0.02, atol=1e-10)


def test_a_row_of_weight_zero_may_be_anything():
    outputs, embeddings, bias, labels, weights = case(9, real=1.0)
    clean = loss_and_gradients(outputs, embeddings, bias, labels, np.where(np.arange(9) == 4, 0, weights), 0.1)
    outputs[4] = np.nan
    actual = loss_and_gradients(outputs, embeddings, bias, labels, np.where(np.arange(9) == 4, 0, weights), 0.1)
    for value, expected in zip(actual, clean):
        np.testing.assert_allclose(value, expected)


def test_second_derivatives_are_refused():
    sources = [tf.constant(source, tf.float32) for source in case(3)[:3]]
    labels, weights = tf.zeros(3, tf.int32), tf.ones(3)
    with tf.GradientTape() as outer:
        outer.watch(sources)
        with tf.GradientTape() as inner:
            inner.watch(sources)
            loss = linear_cross_entropy(*sources, labels, weights)
        slope = tf.reduce_sum(inner.gradient(loss, sources[0]) ** 2)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        outer.gradient(slope, sources[0])


def factored(shape=(2, 3)):
    generator = np.random.default_rng(4)
    embedding = ScaledEmbedding(CLASSES, SIZE)
    embedding.build()
    outputs, bias = generator.normal(size=(*shape, SIZE)), generator.normal(size=CLASSES)
    arguments = tf.constant(outputs, tf.float32), embedding, tf.constant(bias, tf.float32)
    expected = outputs @ embedding.embeddings.numpy().T + bias
    return arguments, expected


def test_factored_logits_stand_for_the_tensor():
    arguments, expected = factored()
    logits = token_logits(*arguments, training=True)
    assert isinstance(logits, FactoredLogits)
    assert logits.shape == expected.shape and logits.dtype == tf.float32
    np.testing.assert_allclose(token_logits(*arguments), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(tf.nn.relu(logits), np.maximum(expected, 0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(keras.ops.argmax(logits, -1), expected.argmax(-1))
    np.testing.assert_allclose(logits[:, -1, 2:5], expected[:, -1, 2:5], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(2.0 - logits / 4.0 + logits, 2.0 + 0.75 * expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.exp(logits.numpy()), np.exp(logits), rtol=1e-5)
    assert np.asarray(logits, "float64").dtype == "float64" and len(list(logits)) == len(logits) == 2


class TiedModel(keras.Model):
    """Predicts tokens from tokens, with the same vectors at both ends."""

    def __init__(self):
        super().__init__()
        self.embedding, self.hidden = ScaledEmbedding(CLASSES, SIZE), keras.layers.Dense(SIZE, "tanh")
        self.bias = self.add_weight(name="bias", shape=(CLASSES,))

    def call(self, inputs, training=False):
        return token_logits(self.hidden(self.embedding(inputs)), self.embedding, self.bias, training)


IDS, LABELS = np.array([[1, 2, 3], [4, 5, 1], [6, 1, 1]]), np.array([[2, 3, 1], [5, 1, -1], [1, 1, -1]])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(3,), (3, 3)])
def test_the_loss_of_factors_has_the_gradients_of_the_loss_of_logits(smoothing, shape):
    """In a model whose embeddings get gradients from their lookup too, with sample weights."""
    model, loss = TiedModel(), objectives.SmoothedCrossEntropy(smoothing)
    weights = np.random.default_rng(2).uniform(0, 2, shape).astype("float32")
    losses, gradients = [], []
    for convert in (lambda logits: logits, tf.convert_to_tensor):
        with tf.GradientTape() as tape:
            losses.append(loss(LABELS, convert(model(IDS, training=True)), weights))
        variables = [variable.value for variable in model.trainable_variables]
        gradients.append([tf.convert_to_tensor(gradient) for gradient in tape.gradient(losses[-1], variables)])
    np.testing.assert_allclose(*losses, rtol=1e-5)
    for from_factors, from_logits in zip(*gradients):
        np.testing.assert_allclose(from_factors, from_logits, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("eager")
def test_fit_computes_no_logits(monkeypatch):
    calls = []
    monkeypatch.setattr(
        objectives, "linear_cross_entropy", lambda *inputs: calls.append(inputs[-1]) or linear_cross_entropy(*inputs)
    )
    monkeypatch.setattr(FactoredLogits, "compute", mock.Mock(side_effect=AssertionError))
    model = TiedModel()
    model.compile("sgd", objectives.SmoothedCrossEntropy(0.2))
    model.fit(IDS, LABELS, verbose=0)
    assert set(calls) == {0.2}


@pytest.mark.usefixtures("eager")
def test_fit_computes_logits_for_metrics():
    model = TiedModel()
    model.compile(keras.optimizers.SGD(0.0), objectives.SmoothedCrossEntropy(), metrics=["sparse_categorical_accuracy"])
    labels = np.abs(LABELS)
    history = model.fit(IDS, labels, verbose=0).history
    accuracy = np.mean(model.predict(IDS, verbose=0).argmax(-1) == labels)
    assert history["sparse_categorical_accuracy"] == [pytest.approx(accuracy)]


@pytest.mark.usefixtures("eager")
def test_tasks_train_with_it():
    ids = tf.constant([[3, 4, 5]])
    language_model = LanguageModel(LineEncoder.learn(["the cat sat on the mat"], "word", 20), units=6, embedding_size=4)
    for task, inputs in ((language_model, ids), (new_translator(), (ids, ids))):
        assert isinstance(task(inputs, training=True), FactoredLogits)
        assert tf.is_tensor(task(inputs))


def test_the_scaled_embedding_round_trips():
    layer = ScaledEmbedding(CLASSES, SIZE, name="mine")
    again = ScaledEmbedding.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    layer.build()
    np.testing.assert_allclose(layer(tf.constant([3])), layer.embeddings[3:4] * SIZE**0.5, rtol=1e-6)
