"""When a score is an alarm: it reaches the threshold, and is a peak.

A peak is higher than the last peak, or comes `rest` steps or more after it. An anomaly that lasts is so announced once,
and again only where it gets worse or lasts long.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

States = dict[str, Any]


class Alarms:
    """Decides one step at a time.

    Args:
        rest: Steps after a peak in which only a higher score is one.
        warm_up: First steps of a series, which are not alarms.
        ops: As of `nlpseq.tasks.anomalies.statistics.Statistics`.
    """

    def __init__(self, rest: int, warm_up: int, ops: Any):
        self.rest, self.warm_up, self.ops = rest, warm_up, ops

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state; all are float64 `(batch, size)` and start at zero."""
        return {"steps": 1, "peak": 1, "since": 1}

    def step(self, score: Any, threshold: Any, states: States) -> tuple[Any, States]:
        """Whether the step is an alarm, bool `(batch,)`, for scores float32 `(batch,)`; and the new states."""
        ops = self.ops
        value = ops.float64(score)[:, np.newaxis]
        steps, since = states["steps"], states["since"] + 1
        peak = (steps == 0) | (value > states["peak"]) | (since > self.rest)
        alarm = peak & (value >= ops.float64(threshold)) & (steps >= self.warm_up)
        new = {
            "steps": steps + 1,
            "peak": ops.where(peak, value, states["peak"]),
            "since": ops.where(peak, ops.zeros_like(since), since),
        }
        return alarm[:, 0], new


def peaks(scores: np.ndarray, rest: int) -> np.ndarray:
    """The scores `(steps,)` of peaks, and -inf elsewhere; the alarms of a threshold are those that reach it.

    >>> peaks(np.array([1.0, 0.5, 2.0, 0.1, 0.1]), rest=2).tolist()
    [1.0, -inf, 2.0, -inf, -inf]
    """
    result = np.full(len(scores), -np.inf)
    last, since = -np.inf, 0
    for time, score in enumerate(scores):
        since += 1
        if time == 0 or score > last or since > rest:
            result[time], last, since = score, score, 0
    return result


def quiet_threshold(scores: Sequence[np.ndarray], rest: int, rate: float) -> float:
    """The least threshold above 0 with at most `rate` alarms in 1,000 steps of normal operation.

    Args:
        scores: Of each series without anomalies, float `(steps,)`.
        rest: As of `peaks`.
        rate: Alarms in 1,000 steps.
    """
    highest = np.concatenate([peaks(row, rest) for row in scores]) if len(scores) else np.zeros(0)
    highest = np.sort(highest[highest > 0])[::-1]
    allowed = int(rate * sum(len(row) for row in scores) / 1000)
    return float(np.nextafter(np.float32(highest[allowed]), np.float32(np.inf))) if allowed < len(highest) else 1e-3
