"""The support vector machine over words and n-grams: equal to LIBLINEAR's, and its place in the task."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.svm import LinearSVC

from nlpseq.data import Examples
from nlpseq.tasks import TextClassifier
from nlpseq.tasks.classification import svm
from nlpseq.tasks.classification.svm import MarginLogits
from nlpseq.training.transfer import take_weights
from tests.tasks import tiny

pytestmark = pytest.mark.usefixtures("portable", "eager")


def texts(rng, count=60, words=7, longest=9):
    """Ids of words, bigrams and trigrams, of which 0 is none and the word 1 is unknown, and labels."""
    lengths = rng.integers(1, longest, count)
    ids = [rng.integers([1, 0, 0], [words, 5, 4], (n, 3)).tolist() for n in lengths]
    return tf.ragged.constant(ids, ragged_rank=1, dtype=tf.int32), rng.integers(0, 3, count)


def features(ids, labels, words=7):
    """The features as scikit-learn takes them, from the definition: the factor of each occurrence, at unit norm."""
    counts = np.zeros((ids.nrows(), words + 5 + 4))
    for row, text in zip(counts, ids.to_list()):
        for word, bigram, trigram in text:
            row[word] += word > 1
            row[words + bigram] += bigram > 0
            row[words + 5 + trigram] += trigram > 0
    if labels.max() > 1:
        counts = counts[:, : words + 5]
    factors = 1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))
    if labels.max() == 1:
        one, other = (1 + (counts[labels == label] > 0).sum(axis=0) for label in (0, 1))
        factors = np.abs(np.log(one / one.sum() / (other / other.sum())))
    norms = np.sqrt((counts * factors**2).sum(axis=1, keepdims=True))  # of occurrences, not of words
    return counts * factors / np.where(norms > 0, norms, 1)


@pytest.mark.parametrize("weights", [None, [1.0, 5.0, 0.5], [2.0, 1.0]], ids=["alike", "weighted", "two classes"])
def test_the_margins_are_those_of_liblinear(weights, monkeypatch):
    monkeypatch.setattr(svm, "LEAST", 1e-9)
    ids, labels = texts(np.random.default_rng(0))
    classes = len(weights or [1, 1, 1])
    labels %= classes
    layer = MarginLogits([7, 5, 4], classes=classes)
    layer.build()
    layer.adapt([(ids[:25], labels[:25]), (ids[25:], labels[25:])], weights)
    inputs, expected = features(ids, labels), np.zeros((60, classes))
    for label in range(classes):
        weight = None if weights is None else {1: weights[label]}
        machine = LinearSVC(class_weight=weight, tol=1e-8, max_iter=100_000, random_state=0)
        expected[:, label] = machine.fit(inputs, labels == label).decision_function(inputs)
    np.testing.assert_allclose(layer(ids.to_tensor(0)) / svm.SCALE, expected, atol=2e-3)


def test_many_texts_are_thinned_evenly(monkeypatch):
    ids, labels = texts(np.random.default_rng(1))
    every_second = MarginLogits([7, 5], classes=3)
    every_second.build()
    every_second.adapt([(ids[::2], labels[::2])])
    monkeypatch.setattr(svm, "ITEMS", 400)  # of about 450
    thinned = MarginLogits([7, 5], classes=3)
    thinned.build()
    thinned.adapt([(ids[start : start + 7], labels[start : start + 7]) for start in range(0, 60, 7)])
    for weight, expected in zip(thinned.weights, every_second.weights):
        np.testing.assert_allclose(weight, expected, atol=1e-5)


def test_it_is_fitted_once_and_shared_by_an_ensemble():
    examples = Examples(tiny.strings(["good film", "bad film", "good", "bad"]), np.array([1, 0, 1, 0]))
    tasks = [tiny.new_classifier(tiny.words(ngrams=2), linear="svm") for _ in range(2)]
    for task in tasks:
        task.adapt(examples)
        task.choose_share(examples)  # of few examples 1/2
    ((ids, labels),) = tasks[0].prepare(examples, batch_size=4)
    recurrent, margins = tasks[0].heads(ids)
    np.testing.assert_allclose(tasks[0](ids), 0.5 * (recurrent + margins), rtol=1e-5)
    before = tasks[0].linear.get_weights()
    tasks[0].compile("sgd")
    tasks[0].fit(ids, labels, verbose=0)
    for value, weight in zip(before, tasks[0].linear.weights):
        np.testing.assert_array_equal(value, weight)
    ensemble = tasks[0].combined(tasks[1:])
    size = len(tasks[0].linear.weights)
    assert len(ensemble.reads()) == len(set(ensemble.reads())) == 3  # two of the networks, one of what they share
    assert len(ensemble.weights) == sum(len(task.weights) for task in tasks) - size
    scores = [task.predict_text(["good film", "unknown"])["scores"] for task in (*tasks, ensemble)]
    np.testing.assert_allclose((scores[0] + scores[1]) / 2, scores[2], atol=1e-6)


def test_the_network_is_validated_alone():
    task = TextClassifier(tiny.words(ngrams=2), ["no", "yes"], units=3, linear="svm")
    examples = Examples(tiny.strings(["good film", "bad film"]), np.array([1, 0]))
    task.adapt(examples)
    texts = tf.constant(examples.texts)
    np.testing.assert_allclose(task(texts), task.heads(texts)[0])
    assert task.choose_share(examples) is None
    np.testing.assert_allclose(task(texts), sum(task.heads(texts)) / 2, rtol=1e-5)


def test_another_model_does_not_replace_what_is_fitted():
    first, second = (tiny.new_classifier(tiny.words(ngrams=2), linear="svm") for _ in range(2))
    second.adapt(Examples(tiny.strings(["good film", "bad film"]), np.array([1, 0])))
    first.ensure_built()
    fitted = second.linear.get_weights()
    assert f"{len(first.weights) - len(fitted)} of {len(first.weights)} weights" in take_weights(second, first)[0]
    for value, weight in zip(fitted, second.linear.weights):
        np.testing.assert_array_equal(value, weight)
