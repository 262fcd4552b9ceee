"""Averages of the weights over the steps of training."""

from typing import Literal

import keras
import numpy as np
import tensorflow as tf


class TriggeredAveraging(keras.callbacks.Callback):
    """Averages the weights as soon as validation stops improving (NT-ASGD).

        averaged = 1 / (K - T + 1) sum_{k=T}^{K} w_k
        T = the first step after a validation t with v_t > min(v_0, ..., v_{t-wait-1})

    The model has the averaged weights in validation, in the callbacks after this one at the end
    of an epoch, and after training; training itself continues with the weights w_k.

    Args:
        monitor: Name of the validation metric v. Default "val_loss".
        mode: "min" or "max", which values of it are better. Default "min".
        wait: The number of latest validations that a value is not compared with, at least 1.
            Default 5.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((4, 3)), np.ones(4)
    >>> _ = model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[TriggeredAveraging(wait=3)])

    Reference:
        Merity, Keskar and Socher (2018), Regularizing and optimizing LSTM language models,
        algorithm 1.
    """

    def __init__(self, monitor: str = "val_loss", mode: Literal["min", "max"] = "min", wait: int = 5):
        super().__init__()
        self.monitor, self.sign, self.wait = monitor, 1.0 if mode == "min" else -1.0, wait

    def on_train_begin(self, logs=None):
        self.validations: list[float] = []
        self.means: list[tf.Variable] | None = None
        self.count, self.swapped = 0, False

    def on_epoch_begin(self, epoch, logs=None):
        self._swap(False)

    def on_train_batch_end(self, batch, logs=None):
        if self.means is not None:
            self.count += 1
            _update_means(self.means, self._weights(), tf.constant(1.0 / self.count))

    def on_test_begin(self, logs=None):
        self._swap(True)

    def on_test_end(self, logs=None):
        self._swap(False)

    def on_epoch_end(self, epoch, logs=None):
        value = self.sign * logs[self.monitor]
        if self.means is None and value > min(self.validations[: -self.wait], default=float("inf")):
            self.means = [tf.Variable(weight) for weight in self._weights()]
        self.validations.append(value)
        self._swap(True)

    def get_state(self):
        means = None if self.means is None else [np.array(mean) for mean in self.means]
        return {"validations": [*self.validations], "means": means, "count": self.count, "swapped": self.swapped}

    def set_state(self, state):
        self.validations, self.count, self.swapped = list(state["validations"]), state["count"], state["swapped"]
        self.means = None if state["means"] is None else [tf.Variable(mean) for mean in state["means"]]

    def _weights(self):
        return [variable.value for variable in self.model.trainable_variables]

    def _swap(self, averaged):
        """Exchanges the weights of the model and the means, unless the wanted ones are there already."""
        if self.means is None or not self.count or averaged == self.swapped:
            return
        for mean, weight in zip(self.means, self._weights()):
            previous = tf.identity(weight)
            weight.assign(mean)
            mean.assign(previous)
        self.swapped = averaged


@tf.function(autograph=False, reduce_retracing=True)
def _update_means(means, weights, rate):
    for mean, weight in zip(means, weights):
        mean.assign_add((weight - mean) * tf.cast(rate, mean.dtype))
