"""All running statistics of a series, by functions that NumPy and TensorFlow have: in graphs, and without them."""

from typing import Any, NamedTuple

from nlpseq.tasks.anomalies.alarms import Alarms
from nlpseq.tasks.anomalies.novelty import LEAST, Novelty
from nlpseq.tasks.anomalies.scale import RunningScale

States = dict[str, Any]


class Fitted(NamedTuple):
    """What `calibrate` sets.

    Attributes:
        usual: As of `Novelty.step`.
        counts: 1 for each of `MARGINS` that counts, else 0, float `(6,)`.
        threshold: The least score of an alarm.
    """

    usual: Any
    counts: Any
    threshold: Any


class Statistics:
    """What comes before and behind the network, one step at a time.

    Args:
        channels: Number of channels.
        settings: `memory`, `smoothing`, `rest` and `warm_up` by name, as of `DetectorSettings`.
        ops: `numpy`, or `nlpseq.tasks.anomalies.scans.TENSORS`: where the functions are found.
    """

    def __init__(self, channels: int, settings: dict[str, Any], ops: Any):
        self.ops = ops
        self.scale = RunningScale(channels, settings["memory"], ops)
        self.novelty = Novelty(channels, settings["smoothing"], ops)
        self.alarms = Alarms(settings["rest"], settings["warm_up"], ops)

    @property
    def score_sizes(self) -> dict[str, int]:
        """The size of each state of `scores`; all are float64 `(batch, size)` and start at zero."""
        return {**self.novelty.sizes, **self.alarms.sizes}

    def features(self, values: Any, states: States) -> tuple[Any, States]:
        """What the network reads of values float64 `(batch, channels)`, float32 `(batch, 2 * channels)`; and states."""
        numbers, new = self.scale.step(values, {name: states[name] for name in self.scale.sizes})
        return self.ops.concatenate([numbers, self.ops.float32(self.ops.isfinite(values))], -1), new

    def scores(self, values: Any, before: Any, surprise: Any, fitted: Fitted, states: States) -> tuple[dict, States]:
        """`score`, `alarm` `(batch,)` and `evidence` `(batch, 6)` of a step; and the states.

        Args:
            values, before, surprise: As of `Novelty.step`.
            fitted: What `calibrate` sets.
            states: Those of `score_sizes`.
        """
        novelty_states = {name: states[name] for name in self.novelty.sizes}
        evidence, novelty = self.novelty.step(values, before, surprise, fitted.usual, novelty_states)
        score = self.ops.max(self.ops.where(fitted.counts > 0, evidence, LEAST), axis=-1)
        alarm, alarms = self.alarms.step(score, fitted.threshold, {name: states[name] for name in self.alarms.sizes})
        return {"score": score, "alarm": alarm, "evidence": evidence}, {**novelty, **alarms}
