"""Connectionist temporal classification against the enumeration of all paths, and against autodiff."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.engine.ctc import log_likelihood

CLASSES, TIME = 3, 4
LENGTHS = np.array([4, 3, 4, 1, 0, 2])
LABELS = np.array([[1, 2], [1, 1], [2, -1], [1, -1], [-1, -1], [1, 1]])  # the last one does not fit
MASK = np.arange(TIME) < LENGTHS[:, None]


def collapse(path):
    return [label for label, _ in itertools.groupby(path) if label]


def enumerated(logits, labels):
    """log P(labels) of one row, the sum over all paths."""
    log_y = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    paths = itertools.product(range(CLASSES), repeat=len(logits))
    scores = [sum(log_y[t, k] for t, k in enumerate(path)) for path in paths if collapse(path) == list(labels)]
    return np.logaddexp.reduce(scores) if scores else -np.inf


@pytest.fixture
def logits():
    return 3 * np.random.default_rng(0).normal(size=(len(LENGTHS), TIME, CLASSES)).astype("float32")


@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_likelihood_and_gradient_are_those_of_all_paths(logits, mode):
    x = tf.constant(logits)
    with engine.mode(mode), tf.GradientTape() as tape:
        tape.watch(x)
        likelihood = log_likelihood(x, MASK, tf.constant(LABELS, tf.int32))
        total = tf.reduce_sum(tf.where(likelihood > -1e9, likelihood, 0.0) * [1.0, 2.0, -1.0, 0.5, 1.0, 1.0])
    rows = [(row[:n].astype("float64"), labels[labels >= 0]) for row, n, labels in zip(logits, LENGTHS, LABELS)]
    assert likelihood.numpy() == pytest.approx([enumerated(*row) for row in rows], abs=1e-5)
    gradient = tape.gradient(total, x).numpy()
    assert np.all(gradient[~MASK] == 0) and np.all(gradient[-1] == 0)
    for at, weight in ((0, 1.0), (1, 2.0), (2, -1.0), (3, 0.5)):
        row, labels = rows[at]
        for place in np.ndindex(row.shape):
            step = np.zeros_like(row)
            step[place] = 1e-5
            slope = (enumerated(row + step, labels) - enumerated(row - step, labels)) / 2e-5
            assert gradient[at][place] == pytest.approx(weight * slope, abs=1e-4)


def test_long_and_unlikely_labels_equal_tensorflow():
    """Logits of a hundred, labels of twenty: where probabilities are far below the smallest number."""
    random = np.random.default_rng(1)
    logits = tf.constant(60 * random.normal(size=(3, 60, 6)), tf.float32)
    lengths, counts = np.array([60, 45, 50]), np.array([20, 12, 0])
    labels = np.where(np.arange(20) < counts[:, None], random.integers(1, 6, (3, 20)), -1).astype("int32")
    results = []
    for ours in (True, False):
        with engine.mode("portable"), tf.GradientTape() as tape:
            tape.watch(logits)
            if ours:
                losses = -log_likelihood(logits, tf.sequence_mask(lengths, 60), tf.constant(labels))
            else:
                losses = tf.nn.ctc_loss(np.maximum(labels, 0), logits, counts, lengths, False, blank_index=0)
        results.append((losses.numpy(), tape.gradient(losses, logits).numpy()))
    (ours, d_ours), (theirs, d_theirs) = results
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    np.testing.assert_allclose(d_ours, d_theirs, atol=2e-3)
