"""The optimizer of a run, and the schedule of its learning rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import keras
import tensorflow as tf

from nlpseq.training.adam import Adam

if TYPE_CHECKING:
    from nlpseq.training.settings import TrainingSettings


def optimizer(settings: TrainingSettings, steps: int, spent: tf.Variable | None = None) -> keras.optimizers.Optimizer:
    """Creates the optimizer that the settings describe.

    Gradients are clipped by their global norm (Pascanu et al. 2013), or each by its value (Mikolov 2012), which
    changes the direction of a step.

    Args:
        settings: `nlpseq.training.settings.TrainingSettings`. Read are `optimizer` ("adam", else
            gradient descent), `learning_rate`, `schedule`, `clip_norm` (0 does not clip), `clip_value`
            (0 clips by norm) and `averaging`, the decay of a moving average of the weights (Polyak and
            Juditsky 1992); 0 for none.
        steps: Number of training steps, over which the schedule ends at zero.
        spent: As in `WarmUp`. Default None.

    Returns:
        `nlpseq.training.Adam` (Kingma and Ba 2015) or `keras.optimizers.SGD`.
    """
    learning_rate: Any = settings.learning_rate
    if settings.schedule != "constant":
        learning_rate = WarmUp(learning_rate, steps, settings.schedule, spent)
    averaging = {"use_ema": True, "ema_momentum": settings.averaging} if settings.averaging else {}
    optimizer_class = Adam if settings.optimizer == "adam" else keras.optimizers.SGD
    clipping = (
        {"clipvalue": settings.clip_value} if settings.clip_value else {"global_clipnorm": settings.clip_norm or None}
    )
    return optimizer_class(learning_rate, **clipping, **averaging)


@keras.saving.register_keras_serializable("nlpseq")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises linearly over the first tenth of the steps and then falls to zero.

        w = max(1, steps / 10)      d = clip((step - w) / (steps - w), 0, 1)
        rate = peak (step + 1) / w             for step < w
        rate = peak (1 + cos(pi d)) / 2        after it, "cosine"
        rate = peak (1 - d)                    after it, "linear"

    With `spent`, the share of the time for training that has passed, `step` is at least
    `spent * steps`, so that the rate is zero when the time is over.

    Args:
        peak: The highest learning rate, positive.
        steps: Number of training steps.
        decay: "cosine" (Loshchilov and Hutter 2017) or "linear". Default "cosine".
        spent: Float32 scalar variable, as of `nlpseq.training.budget.Budget`. Default None.

    Example:

    >>> schedule = WarmUp(0.1, steps=100)
    >>> [round(float(schedule(step)), 3) for step in (0, 10, 55, 100)]
    [0.01, 0.1, 0.05, 0.0]
    """

    def __init__(
        self,
        peak: float,
        steps: int,
        decay: Literal["cosine", "linear"] = "cosine",
        spent: tf.Variable | None = None,
    ):
        self.peak, self.steps, self.decay, self.spent = peak, steps, decay, spent

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        if self.spent is not None:
            step = tf.maximum(step, self.spent * self.steps)
        warm_up = max(1.0, self.steps / 10)
        progress = tf.clip_by_value((step - warm_up) / max(1.0, self.steps - warm_up), 0.0, 1.0)
        fall = 0.5 * (1 + tf.cos(math.pi * progress)) if self.decay == "cosine" else 1 - progress
        return self.peak * tf.where(step < warm_up, (step + 1) / warm_up, fall)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps, "decay": self.decay}
