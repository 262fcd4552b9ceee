"""Running mean and scale of every channel, from which values become numbers about 1, without a look ahead.

    alpha_t = 1 / min(t, memory)
    s = sqrt(v_{t-1}) + 0.001 |m_{t-1}|
    u_t = asinh((x_t - m_{t-1}) / s)
    d = x_t - m_{t-1}, limited to [-5 s, 5 s] after 50 steps
    m_t = m_{t-1} + alpha_t d
    v_t = (1 - alpha_t) (v_{t-1} + alpha_t d^2)

t counts the values that were observed; one that is missing changes nothing. The mean of the first values is exact, and
that of later ones forgets (Welford 1962; Finch 2009). asinh leaves small numbers as they are and tames large ones.
"""

from typing import Any

States = dict[str, Any]
SETTLED = 50  # values from which on outliers are limited
OUTLIER = 5.0  # scales from the mean
RELATIVE = 1e-3  # least scale, as a share of the mean
TINY = 1e-9  # least scale of a channel that is zero


class RunningScale:
    """Normalises values one step at a time.

    Args:
        channels: Number of channels.
        memory: Steps that are remembered, about.
        ops: As of `nlpseq.tasks.anomalies.statistics.Statistics`.
    """

    def __init__(self, channels: int, memory: int, ops: Any):
        self.channels, self.memory, self.ops = channels, memory, ops

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state; all are float64 `(batch, size)` and start at zero."""
        return dict.fromkeys(("count", "mean", "variance"), self.channels)

    def step(self, values: Any, states: States) -> tuple[Any, States]:
        """Values of a step, float64 `(batch, channels)`, to numbers float32, zero for what is missing; and states."""
        ops = self.ops
        count, mean, variance = states["count"], states["mean"], states["variance"]
        observed = ops.isfinite(values)
        values = ops.where(observed, values, mean)
        mean = ops.where(count > 0, mean, values)
        scale = ops.sqrt(variance) + RELATIVE * ops.abs(mean) + TINY
        change = values - mean
        numbers = ops.float32(ops.arcsinh(change / scale))
        limited = ops.clip(change, -OUTLIER * scale, OUTLIER * scale)
        change = ops.where(count < SETTLED, change, limited)
        seen = count + 1
        alpha = 1 / ops.minimum(seen, float(self.memory))
        new = {
            "count": seen,
            "mean": mean + alpha * change,
            "variance": (1 - alpha) * (variance + alpha * change * change),
        }
        return numbers, {name: ops.where(observed, value, states[name]) for name, value in new.items()}
