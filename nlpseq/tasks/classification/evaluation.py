"""Scores of a classifier on a split."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import confusion_matrix

from nlpseq.tasks.scores import averaged, scores_by_class

if TYPE_CHECKING:
    from nlpseq.tasks.classification.data import Examples
    from nlpseq.tasks.classification.model import TextClassifier


@dataclass(frozen=True)
class Mistake:
    """A misclassified text, with the score of the predicted label."""

    text: str
    expected: str
    predicted: str
    score: float


@dataclass(frozen=True)
class ClassificationResult:
    """Scores on one split.

    Attributes:
        metrics: "accuracy"; macro-averaged "precision", "recall" and "f1"; and the scores
            and support of each class in "classes".
        confusion: Counts `(classes, classes)`, a row for each expected class.
        mistakes: The most confident mistakes, in descending order of score.
    """

    metrics: dict[str, Any]
    confusion: np.ndarray
    mistakes: list[Mistake]


def evaluate_classifier(task: "TextClassifier", examples: "Examples", most_mistakes: int = 20) -> ClassificationResult:
    """Evaluates a `TextClassifier` on `nlpseq.data.Examples`, keeping up to `most_mistakes` mistakes."""
    order = np.argsort([len(text) for text in examples.texts], kind="stable")
    examples = examples.select(order)  # texts of similar length share a batch
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
    predicted, confidence = scores.argmax(axis=1), scores.max(axis=1)
    wrong = np.flatnonzero(predicted != examples.labels)
    most_confident = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    return [
        Mistake(
            examples.texts[i].decode("utf-8", "replace"),
            labels[examples.labels[i]],
            labels[predicted[i]],
            float(confidence[i]),
        )
        for i in most_confident
    ]
