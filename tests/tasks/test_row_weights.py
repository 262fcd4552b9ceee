"""Sample weights of losses and metrics with a value for each row: each row counts by its weight, whatever the shape."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.layers.ctc_loss import CTCLoss
from nlpseq.tasks.anomalies.density import MeanSurprise
from nlpseq.tasks.class_weights import MicroF1, WeightedAccuracy, WeightedCrossEntropy
from nlpseq.tasks.speech.metrics import UnitErrorRate
from tests.tasks.fitted import FITTED, fitted_task

pytestmark = pytest.mark.usefixtures("portable")

RNG = np.random.default_rng(0)
BATCH = 3
LOGITS = RNG.normal(size=(BATCH, 3)).astype("float32")
FRAMES = RNG.normal(size=(BATCH, 6, 4)).astype("float32")
UNITS = np.array([[1, 2], [3, -1], [1, 1]])
READINGS = np.concatenate([RNG.normal(size=(BATCH, 5, 2)), np.ones((BATCH, 5, 2))], axis=-1).astype("float32")
WRONG = {"(B, B)": np.ones((BATCH, BATCH)), "(1, B)": np.ones((1, BATCH)), "another batch": np.ones(BATCH - 1)}


def _of_a_forecaster(**settings):
    task = fitted_task("forecasting", **settings)
    inputs, targets = next(iter(task.prepare(FITTED["forecasting"][1](), BATCH)))
    inputs, targets = tf.nest.map_structure(lambda value: value[:BATCH], (inputs, targets))
    predictions = task(inputs)
    return lambda weights: task.compute_loss(inputs, targets, predictions, weights)


LOSSES = {
    "ctc": lambda: lambda weights: CTCLoss()(UNITS, FRAMES, weights),
    "classes": lambda: lambda weights: WeightedCrossEntropy([1.0, 2.0, 3.0])(np.array([0, 1, 2]), LOGITS, weights),
    "labels": lambda: lambda weights: WeightedCrossEntropy([1.0, 2.0, 3.0], True)(np.eye(3), LOGITS, weights),
    "surprise": lambda: lambda weights: MeanSurprise()(READINGS, np.tile(LOGITS[:, None, :1], (1, 5, 10)), weights),
    "forecasts": _of_a_forecaster,
}


@pytest.mark.parametrize("name", LOSSES)
def test_each_row_counts_by_its_weight(name):
    loss = LOSSES[name]()
    weights = np.array([0.5, 2.0, 0.0], "float32")
    rows = [float(loss(row)) for row in np.eye(BATCH, dtype="float32")]
    assert len(set(rows)) == BATCH and float(loss(None)) == pytest.approx(sum(rows), rel=1e-5)
    for shaped in (weights, weights[:, np.newaxis]):
        assert float(loss(shaped)) == pytest.approx(weights @ rows, rel=1e-5)
    assert float(loss(3.0)) == pytest.approx(3 * sum(rows), rel=1e-5)


METRICS = {
    "accuracy": (lambda: WeightedAccuracy([1.0, 2.0, 3.0]), np.array([0, 1, 2]), LOGITS),
    "f1": (MicroF1, np.eye(3), LOGITS),
    "unit errors": (UnitErrorRate, UNITS, FRAMES),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_row_of_weight_two_is_two_rows(name):
    make, labels, predictions = METRICS[name]
    results = []
    for rows, weights in (([0, 1, 1], None), ([0, 1, 2], [1, 2, 0]), ([0, 1, 2], [[1.0], [2.0], [0.0]])):
        metric = make()
        metric.update_state(labels[rows], predictions[rows], weights)
        results.append(float(metric.result()))
    assert results[1:] == pytest.approx(results[:1] * 2)


@pytest.mark.parametrize("wrong", WRONG)
def test_weights_of_another_shape_are_refused(wrong):
    for name in LOSSES:
        with pytest.raises(InputError, match=r"`sample_weight` must be a number, or have the shape \(batch,\)"):
            LOSSES[name]()(WRONG[wrong])
    for make, labels, predictions in METRICS.values():
        with pytest.raises(InputError, match="`sample_weight`"):
            make().update_state(labels, predictions, WRONG[wrong])


@pytest.mark.parametrize("labels, message", [([0, 1, 3], "below 3"), ([0, 1, 0.5], "got 0.5"), ([0, 1], "each row")])
def test_labels_that_are_no_classes_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        WeightedCrossEntropy([1.0, 2.0, 3.0])(np.array(labels), LOGITS)
