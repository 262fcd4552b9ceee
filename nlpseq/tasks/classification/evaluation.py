"""Scores of a classifier on a split."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import confusion_matrix

from nlpseq.tasks.scores import averaged, confused, scores_by_class

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
            and support of each class in "classes". Labels that training never shows are
            classes too, whose examples are wrong.
        names: The classes of the confusion matrix: those of the task, and those that training never shows.
        confusion: Counts `(classes, classes)`, a row for each expected class.
        mistakes: The most confident mistakes, in descending order of score.
    """

    metrics: dict[str, Any]
    names: list[str]
    confusion: np.ndarray
    mistakes: list[Mistake]


def evaluate_classifier(task: "TextClassifier", examples: "Examples", most_mistakes: int = 20) -> ClassificationResult:
    """Evaluates a `TextClassifier` on `nlpseq.data.Examples`, keeping up to `most_mistakes` mistakes."""
    order = np.argsort([len(text) for text in examples.texts], kind="stable")
    examples = examples.select(order)  # texts of similar length share a batch
    scores = task.predict_text(examples.texts)["scores"]
    expected, predicted = examples.labels, scores.argmax(axis=1)
    names = [*task.labels, *examples.unseen]
    classes = scores_by_class(expected, predicted, names)
    accuracy = float(np.mean(expected == predicted))
    metrics = {"accuracy": accuracy, **averaged(classes), "classes": classes}
    shown = confused(expected, len(names))
    return ClassificationResult(
        metrics,
        [names[number] for number in shown],
        confusion_matrix(expected, predicted, labels=shown),
        _mistakes(names, examples, scores, most_mistakes),
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
