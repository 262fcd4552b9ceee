"""Precision, recall and F1 by class."""

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

FIGURES = ("precision", "recall", "f1")


def scores_by_class(expected, predicted, names):
    """Precision, recall, F1 and support (how many are expected) of each class.

    Args:
        expected, predicted: numbers of classes, of equal length; a number that no
            name has stands for none of the classes.
        names: of the classes.

    Returns:
        `{name: {"precision": ..., "recall": ..., "f1": ..., "support": ...}}`.
    """
    numbers = list(range(len(names)))
    *columns, support = precision_recall_fscore_support(expected, predicted, labels=numbers, zero_division=0.0)
    return {
        name: {**{f: float(c[i]) for f, c in zip(FIGURES, columns)}, "support": int(support[i])}
        for i, name in enumerate(names)
    }


def averaged(classes):
    """The mean of each figure over the classes."""
    return {name: float(np.mean([row[name] for row in classes.values()])) for name in FIGURES}
