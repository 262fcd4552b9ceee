"""Averages of the weights over the steps of training."""

import keras
import tensorflow as tf


class AverageWhenStuck(keras.callbacks.Callback):
    """Averages the weights from when validation stops improving (NT-ASGD; Merity et al. 2018).

        w' = mean of w_T ... w_K,   T = the step after the first validation that is worse
                                    than the best but for the last `wait` ones (algorithm 1)

    Validation, what it keeps, and the end of training have the averaged weights;
    training goes on with its own.

    Args:
        monitor: the validation figure, "val_loss" or another.
        mode: "min" or "max", which is best.
        wait: validations that need not be better than those before them. Default 5.
    """

    def __init__(self, monitor="val_loss", mode="min", wait=5):
        super().__init__()
        self.monitor, self.sign, self.wait = monitor, 1.0 if mode == "min" else -1.0, wait

    def on_train_begin(self, logs=None):
        self.seen, self.means, self.count, self.swapped = [], None, 0, False

    def on_epoch_begin(self, epoch, logs=None):
        self._swap(False)

    def on_train_batch_end(self, batch, logs=None):
        if self.means is not None:
            self.count += 1
            _move_means(self.means, self._weights(), tf.constant(1.0 / self.count))

    def on_test_begin(self, logs=None):
        self._swap(True)

    def on_test_end(self, logs=None):
        self._swap(False)

    def on_epoch_end(self, epoch, logs=None):
        value = self.sign * logs[self.monitor]
        if self.means is None and value > min(self.seen[: -self.wait], default=float("inf")):
            self.means = [tf.Variable(weight) for weight in self._weights()]
        self.seen.append(value)
        self._swap(True)

    def _weights(self):
        return [variable.value for variable in self.model.trainable_variables]

    def _swap(self, averaged):
        """Puts the averaged weights into the model, or its own ones back."""
        if self.means is None or not self.count or averaged == self.swapped:
            return
        for mean, weight in zip(self.means, self._weights()):
            kept = tf.identity(weight)
            weight.assign(mean)
            mean.assign(kept)
        self.swapped = averaged


@tf.function(reduce_retracing=True)
def _move_means(means, weights, rate):
    for mean, weight in zip(means, weights):
        mean.assign_add((weight - mean) * tf.cast(rate, mean.dtype))
