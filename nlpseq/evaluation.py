"""Scores of a classifier on a split."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import classification_report, confusion_matrix


@dataclass(frozen=True)
class Mistake:
    """A text that was given the wrong label, and how sure the model was."""

    text: str
    expected: str
    predicted: str
    score: float


@dataclass(frozen=True)
class ClassificationResult:
    """Scores on one split.

    Attributes:
        metrics: accuracy; macro-averaged precision, recall and f1; and the same
            three and the support of each class, under "classes".
        confusion: counts `(classes, classes)`, a row for each expected class.
        mistakes: the most confident ones, the surest first.
    """

    metrics: dict
    confusion: np.ndarray
    mistakes: list


def evaluate_classifier(task, examples, most_mistakes=20):
    """Scores a `TextClassifier` on `nlpseq.data.Examples`."""
    order = np.argsort([len(text) for text in examples.texts], kind="stable")
    examples = examples.select(order)  # texts of similar length run together
    scores = task.predict_text(examples.texts)["scores"]
    expected, predicted = examples.labels, scores.argmax(axis=1)
    numbers = list(range(len(task.labels)))
    report = classification_report(
        expected, predicted, labels=numbers, target_names=list(task.labels),
        output_dict=True, zero_division=0.0,
    )
    averages = report["macro avg"]
    metrics = {
        "accuracy": float(np.mean(expected == predicted)),
        "precision": averages["precision"],
        "recall": averages["recall"],
        "f1": averages["f1-score"],
        "classes": {label: _by_class(report[label]) for label in task.labels},
    }
    return ClassificationResult(
        metrics,
        confusion_matrix(expected, predicted, labels=numbers),
        _mistakes(task.labels, examples, scores, most_mistakes),
    )


def _by_class(row):
    return {
        "precision": row["precision"],
        "recall": row["recall"],
        "f1": row["f1-score"],
        "support": int(row["support"]),
    }


def _mistakes(labels, examples, scores, most):
    predicted, sure = scores.argmax(axis=1), scores.max(axis=1)
    wrong = np.flatnonzero(predicted != examples.labels)
    surest = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    return [
        Mistake(
            examples.texts[i].decode("utf-8", "replace"),
            labels[examples.labels[i]],
            labels[predicted[i]],
            float(sure[i]),
        )
        for i in surest
    ]
