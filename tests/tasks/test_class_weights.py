"""Class weights and micro-averaged F1 against scikit-learn, and losses computed by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.utils.class_weight import compute_class_weight

from nlpseq.data import Examples
from nlpseq.errors import InputError
from nlpseq.tasks import TextClassifier
from nlpseq.tasks.class_weights import THRESHOLDS, MicroF1, WeightedAccuracy, balanced_weights
from tests.tasks import tiny

WEIGHTS = {"maybe": 3.0, "no": 0.5}


def weighted(**settings):
    return tiny.new_classifier(class_weights=WEIGHTS, dropout=0.0, output_dropout=0.0, word_dropout=0.0, **settings)


def test_the_loss_counts_texts_by_the_weight_of_their_class():
    task = weighted()
    ((ids, labels),) = task.prepare(tiny.labelled_texts(2), batch_size=8)
    task.compile("sgd")
    logits = task(ids).numpy()
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    weights = np.array([0.5, 1.0, 3.0])[labels.numpy()]  # no, yes, maybe
    expected = -np.mean(weights * logs[np.arange(8), labels])
    assert float(task.compute_loss(ids, labels, task(ids))) == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_several_labels_weights_those_that_a_text_has():
    task = TextClassifier(tiny.words(), tiny.LABELS, multi_label=True, units=3, class_weights=WEIGHTS)
    labels, logits = np.array([[1, 0, 1], [0, 1, 0]]), np.array([[2.0, -1.0, 0.5], [1.0, 0.0, -2.0]], np.float32)
    p = 1 / (1 + np.exp(-logits))
    expected = -np.mean([0.5, 1.0, 3.0] * labels * np.log(p) + (1 - labels) * np.log(1 - p))
    assert float(task.default_loss()(labels, logits)) == pytest.approx(expected, rel=1e-5)


def test_balanced_weights():
    labels = np.array([0] * 6 + [1] * 3 + [3])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    np.testing.assert_allclose(balanced_weights(labels, 4), [*expected[:2], 1.0, expected[2]], atol=1e-4)
    several = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert balanced_weights(several, 3).tolist() == [pytest.approx(1 / 3, abs=1e-4), 1.0, 3.0]


def test_balanced_weights_are_counted_saved_and_decide_what_is_kept(tmp_path):
    task = tiny.new_classifier(class_weights="balanced")
    with pytest.raises(InputError, match="call `adapt` with them first"):
        task.compile("sgd")
    task.adapt(Examples(tiny.strings(["good"] * 4), np.array([0, 0, 0, 1])))
    assert task.class_weights == [0.6667, 2.0, 1.0] and task.metric == "weighted_accuracy"
    task.compile("sgd")
    task.save(tmp_path / "task.keras")
    assert keras.saving.load_model(tmp_path / "task.keras").class_weights == task.class_weights


def test_weighted_accuracy_with_balanced_weights_is_the_mean_recall():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 30 + [1] * 10 + [2] * 5)
    predicted = np.where(rng.random(45) < 0.6, labels, rng.integers(0, 3, 45))
    metric = WeightedAccuracy(balanced_weights(labels, 3))
    for part in (slice(20), slice(20, None)):
        metric.update_state(labels[part], tf.one_hot(predicted[part], 3))
    assert float(metric.result()) == pytest.approx(balanced_accuracy_score(labels, predicted), abs=1e-4)


def test_micro_f1_is_that_of_the_best_threshold():
    rng = np.random.default_rng(1)
    labels = (rng.random((50, 4)) < 0.2).astype(np.int32)
    logits = (2 * labels - 3 + rng.normal(size=labels.shape)).astype(np.float32)  # few reach a score of 0.5
    metric = MicroF1()
    for part in (slice(20), slice(20, None)):
        metric.update_state(labels[part], logits[part])
    scores = 1 / (1 + np.exp(-logits))
    tried = [f1_score(labels, scores >= t, average="micro") for t in THRESHOLDS]
    assert float(metric.result()) == pytest.approx(max(tried)) and max(tried) > tried[9] + 0.1


@pytest.mark.parametrize("weights, message", [
    ("balance", "unknown `class_weights` 'balance': did you mean balanced"),
    ({"mayb": 2.0}, "unknown label of `class_weights` 'mayb': did you mean maybe"),
    ({"maybe": -1.0}, "the weight of 'maybe' in `class_weights` must be at least 0"),
])  # fmt: skip
def test_wrong_class_weights(weights, message):
    with pytest.raises(InputError, match=message):
        tiny.new_classifier(class_weights=weights)
