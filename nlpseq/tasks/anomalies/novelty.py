"""What is new in a step: how far a series leaves what it has shown before, and what training has shown.

Of every channel the value itself, its running means over about 5 and `smoothing` steps, and that of its difference from
the value a day before over about 36 steps are followed, and of the whole step the running mean of the surprise of the
network over about 3 steps. Each of these statistics f has a range [low, high] of what it was before in this series:

    n = max(f - high, low - f) / (high - low)       of the surprise (f - high) / (high - low)
    high = max(f, high - (high - mean) / forget)    low likewise
    usual = (f - greatest) / (greatest - median)    of the surprise, by that of normal operation in validation
    evidence = n / margin, usual / margin

0 is as extreme as ever before, and 1 is beyond it by the margin. Inside of their ranges the statistics of the values
say nothing. What comes back, such as a spike every day, is new in its series only once; Numenta's detector has a test
of the range of the values too (Lavin and Ahmad 2015).
"""

from typing import Any

import numpy as np

States = dict[str, Any]
# Of each statistic, shares of its range, or of the width of `usual`.
MARGINS = {"value": 0.0125, "trend": 0.05, "level": 0.025, "season": 0.15, "surprise": 0.04, "usual": 0.3}
RANGES = ("value", "trend", "level", "season", "surprise")  # statistics with a range of their own
TREND = 5  # steps of the short running mean
SEASON = 36  # steps of the running mean of differences from the day before
SURPRISE = 3  # steps of the running mean of the surprise
FORGET = 1e5  # steps over which ranges shrink
COLD = 50  # values of a series before anything is new: neither its range nor its scale is known yet
RELATIVE = 1e-3  # least width of a range, as a share of the mean
LEAST = -30.0  # evidence of what was not observed, and of the first steps; less than any other


class Novelty:
    """Scores one step at a time.

    Args:
        channels: Number of channels.
        smoothing: Steps of the long running mean.
        ops: As of `nlpseq.tasks.anomalies.statistics.Statistics`.
    """

    def __init__(self, channels: int, smoothing: int, ops: Any):
        self.channels, self.smoothing, self.ops = channels, smoothing, ops

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state; all are float64 `(batch, size)` and start at zero."""
        return {
            f"{name}_{statistic}": 1 if name == "surprise" else self.channels
            for name in RANGES
            for statistic in ("seen", "last", "mean", "high", "low")
        }

    def step(self, values: Any, before: Any, surprise: Any, usual: Any, states: States) -> tuple[Any, States]:
        """The evidence of a step.

        Args:
            values: float64 `(batch, channels)`, not finite where missing.
            before: Those of a day before, not finite where unknown.
            surprise: Of the step, float32 `(batch,)`.
            usual: The greatest and the median running mean of the surprise in normal operation, float `(2,)`.
            states: Those of `sizes`.

        Returns:
            The evidence of each of `MARGINS`, float32 `(batch, 6)`, and the new states.
        """
        ops = self.ops
        observed = ops.isfinite(values)
        warm = ops.any(observed & (states["value_seen"] >= COLD), axis=-1, keepdims=True)
        both_observed = observed & ops.isfinite(before)
        change = ops.where(both_observed, values - before, 0.0)
        values = ops.where(observed, values, 0.0)
        surprise = ops.float64(surprise)[:, np.newaxis]
        statistics = {
            "value": (values, observed, 1, COLD),
            "trend": (values, observed, TREND, COLD),
            "level": (values, observed, self.smoothing, COLD),
            "season": (change, both_observed, SEASON, COLD),
            "surprise": (surprise, warm, SURPRISE, 1),
        }
        new, evidence = {}, []
        for name, statistic in statistics.items():
            state = {entry: states[f"{name}_{entry}"] for entry in ("seen", "last", "mean", "high", "low")}
            above, below, after = _beyond(ops, *statistic, state)
            new |= {f"{name}_{entry}": value for entry, value in after.items()}
            if name != "surprise":
                beyond = ops.maximum(above, below)
                above = ops.where(beyond > 0, beyond, LEAST)
            evidence.append(ops.max(above, axis=-1))
        greatest, median = ops.float64(usual)[0], ops.float64(usual)[1]
        beyond = (new["surprise_last"] - greatest) / (greatest - median)
        evidence.append(ops.where(warm, beyond, LEAST)[:, 0])
        evidence = ops.stack(evidence, axis=-1) / np.array([*MARGINS.values()])
        return ops.float32(ops.maximum(evidence, LEAST)), new


def _beyond(ops, numbers, counts, steps, cold, before):
    """How far the running mean of numbers is above and below its range, in widths of it; and the state after it.

    Args:
        ops: As of `Statistics`.
        numbers: Those of a step, float64 `(batch, size)`.
        counts: Whether each is there.
        steps: Steps of the running mean; 1 for the numbers themselves.
        cold: Numbers after which the range is known.
        before: `seen`, `last` (the running mean), `mean`, `high` and `low` before the step.
    """
    seen = before["seen"]
    first = seen == 0
    last = before["last"] + (numbers - before["last"]) / ops.minimum(seen + 1, float(steps))
    mean, high, low = (ops.where(first, last, before[statistic]) for statistic in ("mean", "high", "low"))
    width = high - low + RELATIVE * ops.abs(mean) + 1e-12
    real = counts & (seen >= cold)
    above, below = (ops.where(real, distance / width, LEAST) for distance in (last - high, low - last))
    after = {
        "seen": seen + 1,
        "last": last,
        "mean": mean + (last - mean) / ops.minimum(seen + 1, 1000.0),
        "high": ops.maximum(last, high - (high - mean) / FORGET),
        "low": ops.minimum(last, low + (mean - low) / FORGET),
    }
    return above, below, {statistic: ops.where(counts, value, before[statistic]) for statistic, value in after.items()}
