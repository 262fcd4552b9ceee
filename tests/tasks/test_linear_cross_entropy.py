"""The cross-entropy without logits against NumPy, and against the plain one in a model."""

import types
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.data import Lines
from nlpseq.tasks import LanguageModel, objectives
from nlpseq.tasks.embeddings import ScaledEmbedding, factors, piece_logits
from nlpseq.tasks.linear_cross_entropy import ROWS, linear_cross_entropy
from nlpseq.text import LineEncoder
from tests.tasks.translation.test_model import new_translator, pairs

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
    wanted = (1 - smoothing) * np.eye(CLASSES)[labels] + smoothing / CLASSES
    slopes = weights[:, np.newaxis] * (np.exp(log_probabilities) - wanted)
    loss = -(weights[:, np.newaxis] * wanted * log_probabilities).sum()
    return loss, slopes @ embeddings, slopes.T @ outputs, slopes.sum(axis=0)


def loss_and_gradients(outputs, embeddings, bias, labels, weights, smoothing, dtype=tf.float32, upstream=3.0):
    """The loss, and its gradients where it is one factor of what is differentiated."""
    sources = [tf.constant(outputs, dtype), tf.constant(embeddings, tf.float32), tf.constant(bias, tf.float32)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        weights = tf.constant(weights, tf.float32)
        loss = linear_cross_entropy(*sources, tf.constant(labels, tf.int32), weights, smoothing)
        scaled = upstream * loss
    return loss, *(tf.cast(each, tf.float32) / upstream for each in tape.gradient(scaled, sources))


@pytest.mark.parametrize("mode", ["portable", "xla"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("rows, real", [(7, 0.7), (ROWS, 1.0), (2 * ROWS + 9, 0.4), (6, 0.0), (0, 1.0)])
def test_equals_numpy(rows, real, smoothing, mode):
    arguments = *case(rows, real), smoothing
    with engine.mode(mode):
        found = loss_and_gradients(*arguments)
    for one, other in zip(found, in_numpy(*arguments)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_rows_of_sequences():
    outputs, embeddings, bias, labels, weights = case(12)
    shaped = outputs.reshape(3, 4, SIZE), embeddings, bias, labels.reshape(3, 4), weights.reshape(3, 4)
    found = loss_and_gradients(*shaped, 0.0)
    assert found[1].shape == (3, 4, SIZE)
    np.testing.assert_allclose(found[0], in_numpy(outputs, embeddings, bias, labels, weights, 0.0)[0], rtol=1e-5)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_narrow_outputs_have_narrow_gradients(dtype):
    arguments = *case(9), 0.1
    found = loss_and_gradients(*arguments, dtype=dtype)
    for one, other in zip(found, in_numpy(*arguments)):
        np.testing.assert_allclose(one, other, rtol=0.05, atol=0.05)


def test_small_gradients_of_float16_are_scaled_before_they_are_narrowed():
    outputs, embeddings, bias, labels, weights = case(9)
    arguments = outputs, embeddings, bias, labels, 1e-8 * weights, 0.0
    found = loss_and_gradients(*arguments, dtype=tf.float16, upstream=2.0**26)
    for one, other in zip(found, in_numpy(*arguments)):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=1e-10)


def test_a_row_of_weight_zero_may_be_anything():
    outputs, embeddings, bias, labels, weights = case(9, real=1.0)
    clean = loss_and_gradients(outputs, embeddings, bias, labels, np.where(np.arange(9) == 4, 0, weights), 0.1)
    outputs[4] = np.nan
    found = loss_and_gradients(outputs, embeddings, bias, labels, np.where(np.arange(9) == 4, 0, weights), 0.1)
    for one, other in zip(found, clean):
        np.testing.assert_allclose(one, other)


def recorded(monkeypatch):
    """What the losses give to `linear_cross_entropy` from now on."""
    calls = []
    monkeypatch.setattr(
        objectives, "linear_cross_entropy", lambda *given: calls.append(given) or linear_cross_entropy(*given)
    )
    return calls


def test_second_derivatives_are_refused():
    sources = [tf.constant(each, tf.float32) for each in case(3)[:3]]
    labels, weights = tf.zeros(3, tf.int32), tf.ones(3)
    with tf.GradientTape() as outer:
        outer.watch(sources)
        with tf.GradientTape() as inner:
            inner.watch(sources)
            loss = linear_cross_entropy(*sources, labels, weights)
        slope = tf.reduce_sum(inner.gradient(loss, sources[0]) ** 2)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        outer.gradient(slope, sources[0])


@pytest.mark.parametrize("tied, weighting", [
    (True, lambda rows, labels: rows),
    (False, lambda rows, labels: rows[:, np.newaxis] * np.linspace(0, 2, labels.shape[1], dtype="float32")),
])  # fmt: skip
def test_a_model_trains_with_it_and_to_the_same_gradients(monkeypatch, tied, weighting):
    lines = Lines(np.array([b"the cat sat on the mat", b"the dog sat"] * 9, object))
    encoder = LineEncoder.learn(lines.lines, "word", 20)
    task = LanguageModel(encoder, units=6, embedding_size=4, layers=1, tied=tied, dropout=0, output_dropout=0, steps=5)
    task.compile("sgd")
    batches = task.prepare(lines, 3, training=True)
    ((inputs, labels),) = batches.take(1)
    weights, found = weighting(np.array([1.0, 2.0, 0.5], "float32"), labels), []
    for plain in (False, True):
        with tf.GradientTape() as tape:
            logits = task(inputs, training=True)
            assert factors(logits) is not None
            logits = tf.identity(logits) if plain else logits
            loss = task.loss(labels, logits, sample_weight=weights)
        variables = [each.value for each in task.trainable_variables]
        found.append([loss, *map(tf.convert_to_tensor, tape.gradient(loss, variables))])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    calls = recorded(monkeypatch)
    task.fit(batches, verbose=0, shuffle=False)
    assert len(calls) == 1  # traced once
    task.evaluate(task.prepare(lines, 3), verbose=0)
    assert len(calls) == 1 and factors(task(inputs)) is None


def test_a_translator_trains_with_it(monkeypatch):
    calls = recorded(monkeypatch)
    task = new_translator(label_smoothing=0.2)
    task.compile("sgd")
    task.fit(task.prepare(pairs(4), 8, training=True), verbose=0, shuffle=False)
    assert calls and all(given[-1] == 0.2 for given in calls)


@pytest.mark.parametrize("in_training", [True, False])
def test_replicas_share_the_loss(in_training):
    """As in Keras: the gradients of the replicas are added, so each has its part of the mean."""
    embedding = ScaledEmbedding(CLASSES, SIZE)
    embedding.build()
    labels = tf.constant([[1, 2, -1]])

    def loss():
        logits = piece_logits(tf.ones([1, 3, SIZE]), embedding, tf.zeros(CLASSES), in_training)
        return objectives.SmoothedCrossEntropy()(labels, logits)

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    alone = loss()
    with strategy.scope():
        np.testing.assert_allclose(loss(), alone, rtol=1e-6)  # of one replica
    two = types.SimpleNamespace(num_replicas_in_sync=2)
    with mock.patch.object(tf.distribute, "get_strategy", lambda: two):
        np.testing.assert_allclose(loss(), alone / 2, rtol=1e-6)


def test_the_scaled_embedding_round_trips():
    layer = ScaledEmbedding(CLASSES, SIZE, name="mine")
    again = ScaledEmbedding.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    layer.build()
    np.testing.assert_allclose(layer(tf.constant([3])), layer.embeddings[3:4] * SIZE**0.5, rtol=1e-6)
