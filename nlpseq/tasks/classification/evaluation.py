"""Scores of a classifier on a split."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.decisions import calibration_error, scored
from nlpseq.tasks.scores import (
    FIGURES,
    averaged,
    confident_mistakes,
    confused,
    confusion,
    figures,
    single_label,
)

if TYPE_CHECKING:
    from nlpseq.tasks.classification.data import Examples
    from nlpseq.tasks.classification.model import TextClassifier


@dataclass(frozen=True)
class Mistake:
    """A misclassified text with the score of the predicted label; of several labels the greatest error of a score."""

    text: str
    expected: str
    predicted: str
    score: float


@dataclass(frozen=True)
class ClassificationResult:
    """Scores on one split.

    Attributes:
        metrics: "accuracy"; macro-averaged "precision", "recall" and "f1"; "calibration_error", as of
            `nlpseq.tasks.decisions.calibration_error`; and the scores
            and support of each class in "classes". Labels that training never shows are
            classes too, whose examples are wrong. With `multi_label`: "micro_f1" over all pairs of a text
            and a label, "macro_f1" over the labels, precision and recall so too; "subset_accuracy", the share
            of texts with exactly the expected labels; "calibration_error" and "classes".
        names: The classes of the confusion matrix: those of the task, and those that training never shows.
        confusion: Counts `(classes, classes)`, a row for each expected class; None with `multi_label`.
        mistakes: The most confident mistakes, in descending order of score.
    """

    metrics: dict[str, Any]
    names: list[str]
    confusion: np.ndarray | None
    mistakes: list[Mistake]


def evaluate_classifier(task: "TextClassifier", examples: "Examples", most_mistakes: int = 20) -> ClassificationResult:
    """Evaluates a `TextClassifier` on `nlpseq.data.Examples`, keeping up to `most_mistakes` mistakes."""
    examples = examples.by_length()
    answers = task.predict_text(examples.texts)
    names = [*task.labels, *examples.unseen]
    if examples.labels.ndim == 2:
        return _of_several_labels(names, examples, answers, most_mistakes)
    scores = answers["scores"]
    expected, predicted = examples.labels, scores.argmax(axis=1)
    metrics = single_label(expected, scores, names)
    shown = confused(expected, len(names))
    return ClassificationResult(
        metrics,
        [names[number] for number in shown],
        confusion(expected, predicted, shown),
        _mistakes(names, examples, scores, most_mistakes),
    )


def _of_several_labels(names, examples, answers, most):
    numbers = {name: number for number, name in enumerate(names)}
    expected, predicted = examples.labels > 0, np.zeros(examples.labels.shape, bool)
    for row, labels in zip(predicted, answers["labels"]):
        row[[numbers[label] for label in labels]] = True
    counts = [(expected & predicted).sum(axis=0), predicted.sum(axis=0), expected.sum(axis=0)]
    classes = {
        name: {**dict(zip(FIGURES, figures(*row))), "support": int(row[2])} for name, *row in zip(names, *counts)
    }
    metrics = {
        **{f"micro_{name}": value for name, value in zip(FIGURES, figures(*(sum(count) for count in counts)))},
        **{f"macro_{name}": value for name, value in averaged(classes).items()},
        "subset_accuracy": float(np.mean((expected == predicted).all(axis=1))),
        "calibration_error": calibration_error(*scored(answers["scores"], examples.labels)),
        "classes": classes,
    }
    return ClassificationResult(metrics, names, None, _mistaken_sets(names, examples, predicted, answers, most))


def _mistaken_sets(names, examples, predicted, answers, most):
    """The texts with a wrong or a missing label whose score is furthest from right."""
    scores = np.pad(answers["scores"], [(0, 0), (0, len(names) - answers["scores"].shape[1])])
    expected = examples.labels > 0
    distance = np.where(expected != predicted, np.abs(expected - scores), 0).max(axis=1)
    order = np.argsort(-distance, kind="stable")[:most]

    def listed(row):
        return ", ".join(names[number] for number in np.flatnonzero(row)) or "no label"

    return [
        Mistake(
            examples.texts[i].decode("utf-8", "replace"), listed(expected[i]), listed(predicted[i]), float(distance[i])
        )
        for i in order
        if distance[i]
    ]


def _mistakes(labels, examples, scores, most):
    return [
        Mistake(
            examples.texts[i].decode("utf-8", "replace"),
            labels[examples.labels[i]],
            labels[scores[i].argmax()],
            float(scores[i].max()),
        )
        for i in confident_mistakes(examples.labels, scores, most)
    ]
