"""Precision, recall and F1 of each class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nlpseq.tasks.decisions import calibration_error, scored

FIGURES = ("precision", "recall", "f1")
MOST_CONFUSED = 500  # classes of a confusion matrix


def scores_by_class(expected: Any, predicted: Any, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support (the number of expected items) of each class.

    A score whose denominator is zero is 0.

    Args:
        expected, predicted: Class indices, integers `(items,)`. Indices outside `names`
            stand for no class.
        names: Names of the classes.

    Returns:
        `{name: {"precision": ..., "recall": ..., "f1": ..., "support": ...}}`.

    Example:

    >>> scores_by_class([0, 0, 1], [0, 1, 1], ["negative", "positive"])["positive"]["precision"]
    0.5
    """
    counts = zip(names, *counts_by_class(expected, predicted, len(names)))
    return {name: {**dict(zip(FIGURES, figures(*row))), "support": int(row[-1])} for name, *row in counts}


def counts_by_class(expected: Any, predicted: Any, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each of `count` classes is predicted and right, predicted, and expected: integers `(count,)`.

    >>> [counts.tolist() for counts in counts_by_class([0, 0, 1], [0, 1, -1], 2)]
    [[1, 0], [1, 1], [2, 1]]
    """
    expected, predicted = np.asarray(expected, int), np.asarray(predicted, int)

    def count_of(items):
        return np.bincount(items[(items >= 0) & (items < count)], minlength=count)

    return count_of(expected[expected == predicted]), count_of(predicted), count_of(expected)


def figures(correct: float, predicted: float, expected: float) -> tuple[float, float, float]:
    """Precision, recall and F1 of counts; one whose denominator is zero is 0.

    >>> figures(correct=1, predicted=2, expected=4)
    (0.5, 0.25, 0.3333333333333333)
    """

    def ratio(part, whole):
        return float(part / whole) if whole else 0.0

    return ratio(correct, predicted), ratio(correct, expected), ratio(2 * correct, predicted + expected)


def averaged(classes: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean of precision, recall and F1 over the classes (macro average).

    Args:
        classes: As `scores_by_class` returns them, with at least one class.

    Returns:
        `{"precision": ..., "recall": ..., "f1": ...}`.

    Example:

    >>> averaged(scores_by_class([0, 0, 1], [0, 1, 1], ["negative", "positive"]))["recall"]
    0.75
    """
    return {figure: float(np.mean([row[figure] for row in classes.values()])) for figure in FIGURES}


def confused(expected: np.ndarray, count: int) -> np.ndarray:
    """The classes of a confusion matrix: all, or of many those that are expected most often.

    Args:
        expected: Class indices, integers `(items,)`.
        count: Number of classes.

    Returns:
        Class indices in ascending order, at most `MOST_CONFUSED`.

    Example:

    >>> confused(np.array([1, 1, 0]), 3).tolist()
    [0, 1, 2]
    """
    if count <= MOST_CONFUSED:
        return np.arange(count)
    support = np.bincount(expected[expected >= 0], minlength=count)
    return np.sort(np.argsort(-support, kind="stable")[:MOST_CONFUSED])


def confusion(expected: np.ndarray, predicted: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The confusion matrix of some classes: counts `(shown, shown)`, a row for each expected class.

    Args:
        expected, predicted: Class indices, integers `(items,)`; items of other classes do not count.
        shown: Class indices in ascending order.

    Example:

    >>> confusion(np.array([0, 0, 2, 1]), np.array([0, 2, 2, 2]), np.array([0, 2])).tolist()
    [[1, 1], [0, 1]]
    """
    is_shown = np.isin(expected, shown) & np.isin(predicted, shown)
    rows, columns = np.searchsorted(shown, expected[is_shown]), np.searchsorted(shown, predicted[is_shown])
    size = len(shown)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def single_label(expected: np.ndarray, scores: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Metrics of a classifier with one label for each item.

    Args:
        expected: Class indices `(items,)`; those of labels that training never shows stand behind the others.
        scores: Probabilities `(items, classes that training shows)`.
        names: Names of all classes.

    Returns:
        "accuracy"; macro-averaged "precision", "recall" and "f1"; "calibration_error"; and the scores of each class in
        "classes".

    Example:

    >>> single_label(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]), ["a", "b"])["accuracy"]
    0.5
    """
    predicted = scores.argmax(axis=1)
    classes = scores_by_class(expected, predicted, names)
    return {
        "accuracy": float(np.mean(expected == predicted)),
        **averaged(classes),
        "calibration_error": calibration_error(*scored(scores, expected)),
        "classes": classes,
    }


def confident_mistakes(expected: np.ndarray, scores: np.ndarray, most: int) -> np.ndarray:
    """The indices of the items with the highest score of a wrong class, at most so many.

    >>> confident_mistakes(np.array([0, 0, 1]), np.array([[0.4, 0.6], [0.1, 0.9], [0.2, 0.8]]), 5).tolist()
    [1, 0]
    """
    wrong = np.flatnonzero(scores.argmax(axis=1) != expected)
    return wrong[np.argsort(-scores[wrong].max(axis=1), kind="stable")][:most]
