"""Temperature, calibration error and thresholds against independent optimizers and counts made by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax
from sklearn.metrics import f1_score

from nlpseq.tasks.decisions import FEW, SHARES, best_share, best_thresholds, calibration, calibration_error


def overconfident(classes, factor=2.5, texts=400):
    """Logits that are too large by a factor, and labels."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(texts, classes))
    return logits, np.array([rng.choice(classes, p=np.exp(log_softmax(row / factor))) for row in logits])


def best(loss):
    return minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-7}).x


def test_the_temperature_is_the_most_likely_one():
    logits, labels = overconfident(4)
    share = 2 / (len(labels) + 2)  # of the targets that is spread over all classes, of Platt
    targets = (1 - share) * np.eye(4)[labels] + share / 4
    actual = calibration(logits, labels)
    assert actual.temperature == pytest.approx(
        best(lambda t: -np.sum(targets * log_softmax(logits / t, axis=1))), rel=1e-4
    )
    assert actual.temperature == pytest.approx(2.5, rel=0.2) and actual.after < 0.5 * actual.before


def test_the_temperature_of_several_labels_is_that_of_all_pairs():
    logits, _ = overconfident(3)
    labels = (np.random.default_rng(1).random(logits.shape) < 1 / (1 + np.exp(-logits / 2.5))).astype(int)
    share = 2 / (labels.size + 2)
    targets = (1 - share) * labels + share / 2

    def loss(t):
        return -np.sum(targets * log_expit(logits / t) + (1 - targets) * log_expit(-logits / t))

    assert calibration(logits, labels).temperature == pytest.approx(best(loss), rel=1e-4)


def test_a_few_texts_that_are_all_right_do_not_make_scores_certain():
    logits = np.array([[5.0, 0.0]] * 10)
    temperature = calibration(logits, np.zeros(10, int)).temperature
    assert 1 / (1 + np.exp(-5 / temperature)) == pytest.approx(11 / 12, abs=1e-3)


def test_the_share_is_the_most_likely_one():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=3000)
    labels = (truth > 0).astype(int)
    first, second = ((truth + noise * rng.normal(size=3000)) * scale for noise, scale in ((0.8, 1.0), (1.6, 3.0)))

    def loss(share, temperature):
        z = (share * first + (1 - share) * second) / temperature
        return -np.mean(np.where(labels, log_expit(z), log_expit(-z)))

    losses = [loss(share, best(lambda t, share=share: loss(share, t))) for share in SHARES]
    pairs = [np.stack([np.zeros(3000), z], axis=1) for z in (first, second)]
    share = best_share(*pairs, labels)
    assert share == SHARES[int(np.argmin(losses))] and share > 0.8
    assert best_share(first[:, None], second[:, None], labels[:, None]) == share  # of several labels


def test_calibration_error_by_hand():
    scores = np.array([0.95, 0.95, 0.95, 0.5, 1.0, 0.0, 0.9])
    correct = np.array([1, 1, 0, 0, 1, 0, 1], bool)
    # Of the four in the last bin, with 1.0, three are right, 0.9625 on average; the others are alone in their bins.
    assert calibration_error(scores, correct) == pytest.approx((4 * (0.9625 - 0.75) + 0.5 + 0.1) / 7)


def test_thresholds_have_the_best_f1_of_all():
    rng = np.random.default_rng(2)
    labels = (rng.random((60, 3)) < [0.5, 0.2, 0.1]).astype(int)
    logits = (labels + rng.normal(size=labels.shape)).round(1)  # some are equal
    actual = best_thresholds(logits, labels)
    for label in range(3):
        column, truth = logits[:, label], labels[:, label]
        tried = [f1_score(truth, column >= value) for value in np.unique(column)]
        assert f1_score(truth, column >= actual[label]) == pytest.approx(max(tried))


def test_a_rare_label_gets_the_threshold_of_all():
    rng = np.random.default_rng(3)
    labels = np.zeros((50, 3), int)
    labels[:20, 0], labels[: FEW - 1, 1] = 1, 1
    logits = 2 * labels + rng.normal(size=labels.shape)
    actual = best_thresholds(logits, labels)
    tried = [f1_score(labels.ravel(), logits.ravel() >= value) for value in np.unique(logits)]
    assert actual[1] == actual[2] != actual[0]
    assert f1_score(labels.ravel(), logits.ravel() >= actual[1]) == pytest.approx(max(tried))
