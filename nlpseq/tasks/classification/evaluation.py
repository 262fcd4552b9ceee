"""Scores of a classifier on a split."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix

from nlpseq.tasks.scores import averaged, scores_by_class


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
    classes = scores_by_class(expected, predicted, task.labels)
    accuracy = float(np.mean(expected == predicted))
    metrics = {"accuracy": accuracy, **averaged(classes), "classes": classes}
    return ClassificationResult(
        metrics,
        confusion_matrix(expected, predicted, labels=range(len(task.labels))),
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
