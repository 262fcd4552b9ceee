"""The linear classifier over n-grams: naive Bayes at the start, and its place in the task."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.naive_bayes import MultinomialNB

from nlpseq.data import Examples
from nlpseq.tasks.classification.linear import NgramLogits
from tests.tasks import tiny

pytestmark = pytest.mark.usefixtures("portable", "eager")


def test_it_starts_as_naive_bayes():
    rng = np.random.default_rng(0)
    presence = rng.random((40, 6)) < 0.4  # texts, words
    labels = rng.integers(0, 3, 40)
    ids = tf.ragged.constant([[[word + 2] for word in np.flatnonzero(row)] for row in presence], ragged_rank=1)
    layer = NgramLogits([8], classes=3)
    layer.build()
    layer.adapt([(ids[:25], labels[:25]), (ids[25:], labels[25:])])
    layer.scale.assign(1.0)
    counts = np.concatenate([np.zeros((40, 2)), presence], axis=1)  # no padding, no unknown words
    expected = MultinomialNB(class_prior=(np.bincount(labels) + 1) / 43).fit(counts, labels).predict_log_proba(counts)
    logits = layer(ids.to_tensor(0))
    np.testing.assert_allclose(tf.nn.log_softmax(logits), expected, rtol=1e-4)


def test_unknown_words_and_padding_add_nothing():
    layer = NgramLogits([4, 3], classes=2)
    layer.build()
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    short, long = tf.constant([[[2, 0], [3, 2]]]), tf.constant([[[2, 0], [1, 0], [3, 2], [0, 0]]])
    np.testing.assert_allclose(layer(short), layer(long), rtol=1e-6)


def test_both_classifiers_are_trained_and_their_mean_is_served():
    plain = {"dropout": 0.0, "output_dropout": 0.0, "word_dropout": 0.0}
    task = tiny.new_classifier(tiny.words(ngrams=2), linear="bayes", ngram_embedding_size=0, **plain)
    task.linear.dropout = 0.0
    task.share.assign(0.5)  # as before `choose_share`
    examples = Examples(tiny.strings(["good film", "bad film", "good", "bad"]), np.array([1, 0, 1, 0]))
    ((ids, labels),) = task.prepare(examples, batch_size=4)
    heads = task(ids, training=True)  # (batch, 2, classes)
    np.testing.assert_allclose(task(ids), 0.5 * (heads[:, 0] + heads[:, 1]), rtol=1e-5)
    task.compile("sgd")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = np.mean([loss(labels, head) for head in tf.unstack(heads, axis=1)])
    assert float(task.compute_loss(ids, labels, heads)) == pytest.approx(expected, rel=1e-5)
    before = [weight.numpy() for weight in task.trainable_variables]
    task.fit(ids, labels, verbose=0)
    assert all((weight.numpy() != value).any() for weight, value in zip(task.trainable_variables, before))
