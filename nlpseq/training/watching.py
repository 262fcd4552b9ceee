"""Trainings seen from outside: their validations one by one, and their end."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

Watch = Callable[[Any, Any, Any], "keras.callbacks.Callback | None"]
watches: list[Watch] = []  # make a callback, or none, of the task and the examples of each training


class Finished(BaseException):
    """A training has ended; `value` is its best validation. No `Exception`, so that nothing handles it as an error."""

    def __init__(self, value: float):
        super().__init__(value)
        self.value = value


class Stopped(BaseException):
    """A training was stopped, because others were better after as many validations."""


class Validations(keras.callbacks.Callback):
    """Reports the metric of each validation; raises `Stopped` if asked to, and `Finished` after training.

    Args:
        metric: Name of the metric, without "val_".
        mode: "max" or "min", which of its values are better.
        report: Function of the number of the validation, from 1, and the metric; True stops the training.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((2, 3)), np.ones(2)
    >>> try:
    ...     model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[Validations("loss", "min", lambda *_: True)])
    ... except Stopped:
    ...     print("stopped")
    stopped
    """

    def __init__(self, metric: str, mode: str, report: Callable[[int, float], bool]):
        super().__init__()
        self.metric, self.best, self.report = metric, {"max": max, "min": min}[mode], report
        self.values: list[float] = []

    def on_epoch_end(self, epoch, logs=None):
        self.values.append(float((logs or {})[f"val_{self.metric}"]))
        if self.report(len(self.values), self.values[-1]):
            raise Stopped

    def on_train_end(self, logs=None):
        raise Finished(self.best(self.values))


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """In the block each `nlpseq.training.train` has the callback that `watch` makes of its task and examples."""
    watches.append(watch)
    try:
        yield
    finally:
        watches.remove(watch)
