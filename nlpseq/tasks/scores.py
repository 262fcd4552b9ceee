"""Precision, recall and F1 of each class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

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
    indices = list(range(len(names)))
    *columns, support = precision_recall_fscore_support(
        expected,
        predicted,
        labels=indices,
        zero_division=0.0,  # pyright: ignore[reportArgumentType]
    )
    return {
        name: {
            **{figure: float(column[index]) for figure, column in zip(FIGURES, columns)},
            "support": int(support[index]),
        }
        for index, name in enumerate(names)
    }


def figures(correct: float, predicted: float, expected: float) -> tuple[float, float, float]:
    """Precision, recall and F1 of counts; one whose denominator is zero is 0.

    >>> figures(correct=1, predicted=2, expected=4)
    (0.5, 0.25, 0.3333333333333333)
    """
    ratio = lambda part, whole: float(part / whole) if whole else 0.0  # noqa: E731
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
