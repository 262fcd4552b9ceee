"""Simple detectors, which every learnt one has to beat: rolling z-score, PCA of windows, random scores."""

from collections.abc import Callable, Sequence

import numpy as np

ROLLING = 200  # steps of the rolling z-score
WINDOW = 24  # steps of the windows of PCA
EXPLAINED = 0.9  # share of the variance that PCA keeps
MOST_ROWS = 20_000  # windows from which PCA is learnt

Detector = Callable[[np.ndarray], np.ndarray]  # from values (steps, channels) to scores (steps,)


def make_rivals(training: Sequence[np.ndarray], seed: int = 0) -> dict[str, Detector]:
    """The rivals by name, learnt from series `(steps, channels)`; none looks ahead."""
    random = np.random.default_rng(seed)
    return {"z_score": rolling_z_score, "pca": _pca(training, random), "random": lambda rows: random.random(len(rows))}


def rolling_z_score(values: np.ndarray) -> np.ndarray:
    """The greatest distance of a channel from its mean over the last `ROLLING` steps, in standard deviations.

    >>> rolling_z_score(np.array([[1.0], [3.0], [2.0], [7.0]])).round(3).tolist()
    [0.0, 0.0, 0.0, 6.124]
    """
    filled = _filled(values)
    filled = filled - filled[:1]  # sums of squares of large numbers are not exact
    sums, squares = (np.cumsum(np.vstack([np.zeros_like(part[:1]), part]), 0) for part in (filled, filled**2))
    time = np.arange(len(filled))
    first = np.maximum(time - ROLLING, 0)
    count = np.maximum(time - first, 1)[:, np.newaxis]
    mean = (sums[time] - sums[first]) / count
    deviation = np.sqrt(np.maximum((squares[time] - squares[first]) / count - mean**2, 0))
    scale = deviation + 1e-6 * np.abs(mean) + 1e-12
    distance = np.abs(filled - mean) / scale
    distance[: min(3, len(distance))] = 0
    return np.minimum(distance, 1e6).max(axis=1)


def _pca(training, random):
    """The error of the reconstruction of the last `WINDOW` steps from principal components."""
    rows = np.concatenate([_filled(part) for part in training])
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)

    def windows(values):
        rows = (_filled(values) - mean) / scale
        rows = np.vstack([np.repeat(rows[:1], WINDOW - 1, axis=0), rows])
        return np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0).reshape(len(values), -1)

    sample = np.concatenate([windows(part) for part in training])
    if len(sample) > MOST_ROWS:
        sample = sample[random.choice(len(sample), MOST_ROWS, replace=False)]
    centre = sample.mean(axis=0)
    _, sizes, axes = np.linalg.svd(sample - centre, full_matrices=False)
    share = np.cumsum(sizes**2) / max(np.sum(sizes**2), 1e-12)
    axes = axes[: int(np.searchsorted(share, EXPLAINED)) + 1]

    def score(values):
        parts = windows(values) - centre
        return np.sqrt(np.mean((parts - parts @ axes.T @ axes) ** 2, axis=1))

    return score


def _filled(values):
    """Values with the last one before each that is missing; with the next one, or 0, at the start."""
    values = np.where(np.isfinite(values), values, np.nan)
    place = np.where(np.isnan(values), -1, np.arange(len(values))[:, np.newaxis])
    last = np.maximum.accumulate(place, axis=0)
    first = np.argmax(place >= 0, axis=0)
    filled = np.take_along_axis(values, np.where(last < 0, first, last), axis=0)
    return np.nan_to_num(filled)
