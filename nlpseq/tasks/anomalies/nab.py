"""The score of the Numenta Anomaly Benchmark (NAB).

A point at index i of a series is rewarded by its place, with sigma(y) = 2 / (1 + exp(5 y)) - 1:

    in a window (l, r):     sigma(-(r - i + 1) / (r - l + 1)) / sigma(-1)     1 at its left end, about 0 at its right
    after a window:         sigma((i - r) / (r - l)), -1 from three widths on
    before every window:    -1

    raw = sum over windows (A_TP * greatest reward of an alarm in the window, or -A_FN without one)
        + A_FP * sum of the rewards of alarms outside of windows
    score = 100 * (raw - raw of no alarm) / (raw of alarms at all left ends - raw of no alarm)

Alarms are scores of at least a threshold, one for all series, chosen to give the greatest raw score. Points of the
probationary period at the start of a series do not count.

Source: Lavin and Ahmad 2015, "Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly Benchmark".
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PROBATION = 0.15  # share of a series that a detector may learn from before it is scored
LONGEST_PROBATION = 750  # steps, 15 % of 5,000
FAR = 3.0  # widths of a window behind it from which an alarm is as wrong as any


class Profile(NamedTuple):
    """Weights A_TP, A_FP and A_FN of an application."""

    true_positive: float
    false_positive: float
    false_negative: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP": Profile(1.0, 0.22, 1.0),
    "reward_low_FN": Profile(1.0, 0.11, 2.0),
}
Windows = Sequence[tuple[int, int]]  # first and last index of each window, in ascending order


class Outcome(NamedTuple):
    """The score of a threshold.

    Attributes:
        score: Normalised score: 0 without alarms, 100 with alarms at the left ends of all windows alone.
        threshold: The least score that is an alarm.
        raw: The score before it is normalised.
    """

    score: float
    threshold: float
    raw: float


def probation(steps: int) -> int:
    """Length of the probationary period of a series of so many steps."""
    return int(min(math.floor(PROBATION * steps), LONGEST_PROBATION))


def nab_score(
    scores: Sequence[np.ndarray],
    windows: Sequence[Windows],
    profile: str = "standard",
    threshold: float | None = None,
    starts: Sequence[int] | None = None,
) -> Outcome:
    """The score of the alarms of a detector on several series.

    Args:
        scores: Anomaly scores of each series, float `(steps,)`.
        windows: First and last index of each anomaly window, for each series.
        profile: Name of one of `PROFILES`. Default "standard".
        threshold: The least score that is an alarm. Default the one with the greatest raw score.
        starts: First step of each series that counts. Default that after its probationary period.

    Example:

    >>> nab_score([[0.0] * 80 + [1.0] + [0.0] * 19], [[(80, 89)]]).score
    100.0
    """
    weights = PROFILES[profile]
    if starts is None:
        starts = [probation(len(row)) for row in scores]
    parts = [_gains(np.asarray(row, float), *others, weights) for row, *others in zip(scores, windows, starts)]
    values, gains = (np.concatenate(part) for part in zip(*parts))
    count = sum(len(ranges) for ranges in windows)
    order = np.argsort(-values, kind="stable")
    values, totals = values[order], np.cumsum(gains[order])
    last = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)  # points of equal score come together
    lowest = -weights.false_negative * count
    thresholds, raws = np.append(np.inf, values[last]), np.append(0.0, totals[last]) + lowest
    best = int(np.argmax(raws)) if threshold is None else int(np.searchsorted(-thresholds, -threshold, "right") - 1)
    raw = float(raws[best])
    perfect = weights.true_positive * count
    score = 100 * (raw - lowest) / (perfect - lowest) if count else math.nan
    return Outcome(score, float(thresholds[best]), raw)


def rewards(steps: int, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The rewards of alarms at each step, float `(steps,)`, and the number of the window of each step or -1."""
    time, owner = np.arange(steps), np.full(steps, -1)
    reward = np.full(steps, -1.0)
    for left, right in windows:
        after = time > right
        reward[after] = _sigma((time[after] - right) / max(right - left, 1))
    for number, (left, right) in enumerate(windows):
        inside = slice(left, right + 1)
        reward[inside] = _sigma(-(right - time[inside] + 1) / (right - left + 1)) / _sigma(np.array(-1.0))
        owner[inside] = number
    return reward, owner


def _sigma(position):
    return np.where(position > FAR, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, FAR))) - 1)


def _gains(scores, windows, start, weights):
    """The scores after probation, and what the raw score gains when the threshold falls to each of them."""
    reward, owner = rewards(len(scores), windows)
    scores, reward, owner = scores[start:], reward[start:], owner[start:]
    gains = np.where(owner < 0, weights.false_positive * reward, 0.0)
    for number in range(len(windows)):
        points = np.flatnonzero(owner == number)
        if len(points) == 0:
            continue
        points = points[np.argsort(-scores[points], kind="stable")]
        greatest = np.maximum.accumulate(weights.true_positive * reward[points])
        gains[points] = np.diff(greatest, prepend=-weights.false_negative)
    return scores, gains
