"""Scores of a classifier on a split."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support


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
    *columns, support = precision_recall_fscore_support(
        expected, predicted, labels=numbers, zero_division=0.0
    )
    columns = dict(zip(("precision", "recall", "f1"), columns))
    metrics = {
        "accuracy": float(np.mean(expected == predicted)),
        **{name: float(column.mean()) for name, column in columns.items()},
        "classes": {
            label: {**{name: float(c[i]) for name, c in columns.items()}, "support": int(support[i])}
            for i, label in enumerate(task.labels)
        },
    }
    return ClassificationResult(
        metrics,
        confusion_matrix(expected, predicted, labels=numbers),
        _mistakes(task.labels, examples, scores, most_mistakes),
    )


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
