"""Callbacks of every training run."""

import math
import time

import keras

from nlpseq.errors import TrainingError
from nlpseq.reporting.waiting import PATIENCE, Waiting

MUCH = 10  # times the quickest step: a step that takes longer is being compiled


class Compiling(keras.callbacks.Callback):
    """Says on standard error that a step is compiled, if it takes more than two seconds of processor time.

    Such steps are the first one, which is traced too, and those that need a new program: they take
    many times the processor time of the others.

    Args:
        waiting: A `nlpseq.reporting.Waiting`, within its `with` block.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with nlpseq.reporting.Waiting() as waiting:
    ...     history = model.fit(np.ones((2, 3)), np.ones(2), verbose=0, callbacks=[Compiling(waiting)])
    """

    def __init__(self, waiting: Waiting):
        super().__init__()
        self.waiting = waiting
        self.started: set[str] = set()  # kinds of steps
        self.quickest: dict[str, float] = {}  # processor time of the quickest step after the first, by kind

    def on_train_batch_begin(self, batch, logs=None):
        self._begin("training")

    def on_train_batch_end(self, batch, logs=None):
        self._end("training")

    def on_test_batch_begin(self, batch, logs=None):
        self._begin("evaluation")

    def on_test_batch_end(self, batch, logs=None):
        self._end("evaluation")

    def _begin(self, kind):
        self.waiting.begin(f"compiling the {kind} step", max(PATIENCE, MUCH * self.quickest.get(kind, 0.0)))

    def _end(self, kind):
        seconds = self.waiting.end()
        if kind in self.started:
            self.quickest[kind] = min(seconds, self.quickest.get(kind, math.inf))
        self.started.add(kind)


class Minutes(keras.callbacks.Callback):
    """Adds "minutes", the time since training began, to the logs of each epoch.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((2, 3)), np.ones(2), verbose=0, callbacks=[Minutes()]).history
    >>> sorted(history)
    ['loss', 'minutes']
    """

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["minutes"] = self.seconds() / 60

    def seconds(self) -> float:
        """The time since training began, without that between an interruption and its continuation."""
        return time.perf_counter() - self.start

    def get_state(self):
        return {"seconds": self.seconds()}

    def set_state(self, state):
        self.start = time.perf_counter() - state["seconds"]


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops training with an error as soon as the loss is infinite or not a number.

    `keras.callbacks.TerminateOnNaN` ends `fit` without one, and does not check the validation loss.

    Raises:
        TrainingError: The loss after a step, or the validation loss after an epoch, is not finite.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.fit(np.ones((2, 3)), np.array([1, np.inf]), verbose=0, callbacks=[StopOnNonFinite()])
    Traceback (most recent call last):
    nlpseq.errors.TrainingError: the loss became inf in epoch 1, step 1: ...
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        self._check((logs or {}).get("loss"), "loss", f"epoch {self.epoch}, step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        # The loss of a step is computed before its update: the last update shows here first.
        self._check((logs or {}).get("val_loss"), "validation loss", f"epoch {self.epoch}")

    @staticmethod
    def _check(loss, name, place):
        if loss is not None and not math.isfinite(float(loss)):
            raise TrainingError(
                f"the {name} became {float(loss)} in {place}: expected a finite number; decrease `learning_rate`, "
                "or clip the gradients by a smaller `clip_norm`, such as 1."
            )
