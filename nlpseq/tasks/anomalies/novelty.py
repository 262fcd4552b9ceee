"""How far a series leaves what it has shown before: the score of a step.

Of every channel the value itself, and its running means over about 3 and `smoothing` steps, are followed; of the whole
step the surprise of the network. Each of these statistics f has a range [low, high] of what it was before:

    n = max(f - high, low - f) / (high - low)       of the surprise f - high alone
    high = max(f, high - (high - mean) / forget)    low likewise
    score = max over the statistics of n / margin

0 is as extreme as ever before, and 1 is beyond it by the margin, a share of the range. Inside of their ranges the
statistics of the values say nothing, and the score is that of the surprise, below 0. A spike that comes every day is
therefore an alarm once; Numenta's detector has a test of the range of the values too (Lavin and Ahmad 2015).
"""

import tensorflow as tf

States = dict[str, tf.Tensor]
MARGINS = {"value": 0.025, "trend": 0.1, "level": 0.05, "surprise": 0.05}  # shares of the range
TREND = 3  # steps of the short running mean
FORGET = 1e5  # steps over which ranges shrink
COLD = 50  # steps of a series before its surprise counts: the running scale is not known yet
RELATIVE = 1e-3  # least width of a range, as a share of the mean
NOTHING = -5.0  # novelty of what was not observed, and of the first steps; less than any other


class Novelty:
    """Scores one step at a time.

    Args:
        channels: Number of channels.
        smoothing: Steps of the long running mean.
    """

    def __init__(self, channels: int, smoothing: int):
        self.channels, self.smoothing = channels, smoothing

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state; all are float64 `(batch, size)` and start at zero."""
        ranges = {
            f"{what}_{name}": 1 if name == "surprise" else self.channels
            for name in MARGINS
            for what in ("seen", "mean", "high", "low")
        }
        return {**ranges, "trend": self.channels, "level": self.channels}

    def step(self, values: tf.Tensor, surprise: tf.Tensor, states: States) -> tuple[tf.Tensor, States]:
        """The score of a step.

        Args:
            values: float64 `(batch, channels)`, not finite where missing.
            surprise: Of the step, float32 `(batch,)`.
            states: Those of `sizes`.

        Returns:
            The score, float32 `(batch,)`, and the new states.
        """
        observed = tf.math.is_finite(values)
        present = tf.reduce_any(observed, axis=-1, keepdims=True)
        seen = states["seen_value"]
        filled = tf.where(observed, values, states["mean_value"])
        running = {
            name: states[name] + (filled - states[name]) / tf.minimum(seen + 1, float(steps))
            for name, steps in (("trend", TREND), ("level", self.smoothing))
        }
        running = {name: tf.where(observed, value, states[name]) for name, value in running.items()}
        warm = present & (states["seen_value"] >= COLD)
        surprise = tf.cast(surprise, tf.float64)[:, tf.newaxis]
        new, scores = dict(running), []
        for name, margin in MARGINS.items():
            statistic = {"value": filled, "surprise": surprise, **running}[name]
            counts = tf.reduce_any(warm, axis=-1, keepdims=True) if name == "surprise" else observed
            beyond, after = _beyond(name, statistic, counts, states)
            new |= after
            if name != "surprise":
                beyond = tf.where(beyond > 0, beyond, NOTHING)
            scores.append(tf.reduce_max(beyond, axis=-1) / margin)
        return tf.cast(tf.reduce_max(tf.stack(scores), axis=0), tf.float32), new


def _beyond(name, statistic, counts, states):
    """How far a statistic is outside of its range, and the range after it, where it counts."""
    seen, mean, high, low = (states[f"{what}_{name}"] for what in ("seen", "mean", "high", "low"))
    first = seen == 0
    mean, high, low = (tf.where(first, statistic, value) for value in (mean, high, low))
    width = high - low + RELATIVE * tf.abs(mean) + 1e-12
    above, below = statistic - high, low - statistic
    beyond = (above if name == "surprise" else tf.maximum(above, below)) / width
    new = {
        "seen": seen + 1,
        "mean": mean + (statistic - mean) / tf.minimum(seen + 1, 1000.0),
        "high": tf.maximum(statistic, high - (high - mean) / FORGET),
        "low": tf.minimum(statistic, low + (mean - low) / FORGET),
    }
    after = {f"{what}_{name}": tf.where(counts, value, states[f"{what}_{name}"]) for what, value in new.items()}
    return tf.where(counts & ~first, beyond, NOTHING), after
