"""The cross-entropy without logits against NumPy, and against the plain one in a model."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.data import Lines
from nlpseq.tasks import LanguageModel, objectives
from nlpseq.tasks.embeddings import factors
from nlpseq.tasks.linear_cross_entropy import ROWS, linear_cross_entropy
from nlpseq.text import LineEncoder

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


def loss_and_gradients(outputs, embeddings, bias, labels, weights, smoothing, dtype=tf.float32):
    sources = [tf.constant(outputs, dtype), tf.constant(embeddings, tf.float32), tf.constant(bias, tf.float32)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        weights = tf.constant(weights, tf.float32)
        loss = linear_cross_entropy(*sources, tf.constant(labels, tf.int32), weights, smoothing)
        tripled = 3.0 * loss
    return loss, *(each / 3 for each in tape.gradient(tripled, sources))


@pytest.mark.parametrize("mode", ["portable", "xla"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("rows, real", [(7, 0.7), (ROWS, 1.0), (2 * ROWS + 9, 0.4), (6, 0.0)])
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
    assert [each.dtype for each in found] == [tf.float32, dtype, tf.float32, tf.float32]
    for one, other in zip(found, in_numpy(*arguments)):
        np.testing.assert_allclose(tf.cast(one, tf.float32), other, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("tied", [True, False])
def test_a_model_trains_with_it_and_to_the_same_gradients(monkeypatch, tied):
    lines = Lines(np.array([b"the cat sat on the mat", b"the dog sat"] * 9, object))
    encoder = LineEncoder.learn(lines.lines, "word", 20)
    task = LanguageModel(
        encoder, units=6, embedding_size=4, layers=1, tied=tied, dropout=0, output_dropout=0, steps=5
    )
    task.compile("sgd")
    batches = task.prepare(lines, 3, training=True)
    (inputs, labels), = batches.take(1)
    weights, found = np.array([1.0, 2.0, 0.5], "float32"), []
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
    calls = []
    monkeypatch.setattr(
        objectives, "linear_cross_entropy", lambda *given: calls.append(given) or linear_cross_entropy(*given)
    )
    task.fit(batches, verbose=0, shuffle=False)
    assert len(calls) == 1  # traced once
    task.evaluate(task.prepare(lines, 3), verbose=0)
    assert len(calls) == 1 and factors(task(inputs)) is None
