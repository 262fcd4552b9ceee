"""Thirty sequences of six frames of two channels, and their labels."""

import numpy as np

LABELS = [index % 3 for index in range(30)]
MOVES = np.random.default_rng(0).normal(size=(30, 6, 2)).round(3).astype(np.float32)


def joined(values, mark=","):
    return mark.join(f"{value:g}" for value in values)
