"""A limit of the time of a run."""

import time

import keras
import tensorflow as tf

from nlpseq.training import workers

RESERVE = 0.1  # share of the budget for evaluation and export

began: float | None = None  # when the recipe was started, in seconds of `time.perf_counter`; None without a recipe


def until(minutes: float, before: int) -> float:
    """The budget of a training of `minutes` after `before` others like it, in minutes as `Budget` counts them."""
    return minutes * (before + 1) if began is not None else minutes


def is_spent(minutes: float) -> bool:
    """Whether the time for training of a budget has passed since the run began; never without a recipe."""
    passed = began is not None and time.perf_counter() >= began + 60 * minutes * (1 - RESERVE)
    return bool(workers.current().of_chief(float(passed)))


class Budget(keras.callbacks.Callback):
    """Ends training so that a run takes no longer than a number of minutes.

        spent = (time since the run began - time until training began) / (time for training)

    The schedule of the learning rate reads `spent`, see `nlpseq.training.optimizers.WarmUp`: the
    rate is zero when the time is over, however long a step takes. Training then stops within an
    epoch, which ends with its validation; the time that the longest validation took so far is kept
    for it, and a tenth of the budget for what comes after training.

    Args:
        minutes: The budget, from the beginning of the run, positive.

    Attributes:
        spent: The share of the time for training that has passed, float32 variable.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> budget = Budget(0.001)
    >>> _ = model.fit(np.ones((2, 3)), np.ones(2), epochs=10_000, verbose=0, callbacks=[budget])
    >>> float(budget.spent)
    1.0
    """

    def __init__(self, minutes: float):
        super().__init__()
        self.seconds, self.spent = 60 * minutes, tf.Variable(0.0, trainable=False)

    def on_train_begin(self, logs=None):
        self.begin = time.perf_counter()
        self.end = (began or self.begin) + self.seconds * (1 - RESERVE)
        self.validation = 0.0

    def get_state(self):
        now = time.perf_counter()
        passed, left = now - self.begin, self.end - now
        return {"passed": passed, "left": left, "validation": self.validation, "spent": float(self.spent)}

    def set_state(self, state):
        now = time.perf_counter()
        self.begin, self.end, self.validation = now - state["passed"], now + state["left"], state["validation"]
        self.spent.assign(state["spent"])

    def on_test_begin(self, logs=None):
        self.validation_begin = time.perf_counter()

    def on_test_end(self, logs=None):
        self.validation = max(self.validation, time.perf_counter() - self.validation_begin)

    def on_train_batch_end(self, batch, logs=None):
        now, seconds = time.perf_counter(), self.end - self.validation - self.begin
        share = workers.current().of_chief((now - self.begin) / seconds if seconds > 0 else 1.0)
        self.spent.assign(min(share, 1.0))
        if share >= 1:
            self.model.stop_training = True
