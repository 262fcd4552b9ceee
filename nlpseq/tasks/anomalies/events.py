"""Scores of alarms by event, and of graded scores by range; without point adjustment.

Point adjustment counts a whole anomaly as found if one of its points is, which makes random scores win (Kim et al.
2022, "Towards a Rigorous Evaluation of Time-series Anomaly Detection"). Here one alarm in an anomaly finds one event,
and every alarm outside of all is wrong.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlpseq.tasks.anomalies.recordings import Windows

LEVELS = 250  # thresholds of `vus_pr`
BUFFERS = 11  # widths of the buffer, from 0 to the longest


class Events(NamedTuple):
    """Counts, and what follows of them.

    Attributes:
        hits: Anomalies with an alarm.
        events: Anomalies.
        right: Alarms in an anomaly.
        alarms: Alarms.
    """

    hits: int
    events: int
    right: int
    alarms: int

    @property
    def precision(self) -> float:
        """The share of alarms that are right; 0 without alarms."""
        return self.right / self.alarms if self.alarms else 0.0

    @property
    def recall(self) -> float:
        """The share of anomalies that are found."""
        return self.hits / self.events if self.events else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def count_events(alarms: Sequence[np.ndarray], windows: Sequence[Windows], starts: Sequence[int]) -> Events:
    """Counts events and alarms of several series, from the step `start` of each on.

    Args:
        alarms: Whether each step is an alarm, bool `(steps,)`.
        windows: First and last index of each anomaly.
        starts: First step that counts, of each series.

    Example:

    >>> count_events([np.array([0, 1, 0, 1, 1])], [((1, 2),)], [0])
    Events(hits=1, events=1, right=1, alarms=3)
    """
    hits = events = right = total = 0
    for row, ranges, start in zip(alarms, windows, starts):
        row = np.asarray(row, bool).copy()
        row[:start] = False
        total += int(row.sum())
        inside = np.zeros(len(row), bool)
        for left, last in ranges:
            if last >= start:
                events += 1
                hits += bool(row[left : last + 1].any())
                inside[left : last + 1] = True
        right += int((row & inside).sum())
    return Events(hits, events, right, total)


def best_threshold(peaks: Sequence[np.ndarray], windows: Sequence[Windows], starts: Sequence[int]) -> float:
    """The threshold of peaks with the greatest F1 of events, in the middle of those from the greatest one down.

    Args:
        peaks: As of `nlpseq.tasks.anomalies.alarms.peaks`, of each series.
        windows, starts: As of `count_events`.
    """
    values = np.concatenate([row[start:] for row, start in zip(peaks, starts)])
    values = every = np.unique(values[np.isfinite(values)])[::-1]
    if len(values) > LEVELS:  # the high ones one by one, the others at equal ranks
        values = np.unique(
            np.r_[values[: LEVELS // 2], values[np.linspace(0, len(values) - 1, LEVELS // 2, dtype=int)]]
        )
        values = values[::-1]
    if not len(values):
        return 0.0
    f1 = np.array([count_events([row >= value for row in peaks], windows, starts).f1 for value in values])
    first = int(f1.argmax())
    last = first + int(np.argmin(np.r_[f1[first:] == f1[first], False])) - 1  # of equal ones
    below = every[every < values[last]]
    if not len(below):
        return float(values[last])
    middle = float(np.float32((values[first] + below[0]) / 2))
    return middle if middle > below[0] else float(values[first])


def vus_pr(scores: np.ndarray, windows: Windows, longest: int | None = None) -> float:
    """The volume under the surface of precision and recall over thresholds and widths of a buffer around anomalies.

        soft_l(t) = sqrt(1 - d / l)              within l / 2 steps of an anomaly, d steps from it; 1 inside of it
        precision = sum(soft_l in alarms) / alarms
        recall = min(1, sum(soft_l in alarms) / P) * share of anomalies with an alarm in them or their buffer
        P = (steps in anomalies + sum(soft_l)) / 2

    Source: Paparrizos et al. 2022, "Volume Under the Surface: A New Accuracy Evaluation Measure for Time-Series Anomaly
    Detection".

    Args:
        scores: Of each step, float `(steps,)`.
        windows: First and last index of each anomaly, one at least.
        longest: Longest buffer l in steps. Default the median length of the anomalies.

    Example:

    >>> round(vus_pr(np.array([0.0] * 50 + [1.0] * 10 + [0.0] * 40), ((50, 59),), longest=0), 3)
    1.0
    """
    if longest is None:
        longest = int(np.median([right - left + 1 for left, right in windows]))
    widths = np.unique(np.linspace(0, longest, BUFFERS).astype(int))
    return float(np.mean([_average_precision(np.asarray(scores, float), windows, int(width)) for width in widths]))


def _average_precision(scores, windows, width):
    steps = len(scores)
    soft, ranges = np.zeros(steps), []
    for left, right in windows:
        first, last = max(0, left - width // 2), min(steps - 1, right + width // 2)
        time = np.arange(first, last + 1)
        distance = np.maximum(np.maximum(left - time, time - right), 0)
        soft[first : last + 1] += np.sqrt(1 - distance / max(width, 1))
        ranges.append((first, last))
    soft = np.minimum(soft, 1)
    positive = (sum(right - left + 1 for left, right in windows) + soft.sum()) / 2
    order = np.argsort(-scores, kind="stable")
    ordered, within = scores[order], np.cumsum(soft[order])
    highest = np.sort([scores[first : last + 1].max() for first, last in ranges])
    level = ordered[np.linspace(0, steps - 1, LEVELS).astype(int)]
    alarms = np.searchsorted(-ordered, -level, "right")
    caught = within[alarms - 1]
    reached = (len(highest) - np.searchsorted(highest, level, "left")) / len(highest)
    precision, recall = caught / alarms, np.minimum(caught / positive, 1) * reached
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
