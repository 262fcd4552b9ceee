"""Averaging that starts when validation stops improving."""

import keras
import numpy as np
import pytest

from nlpseq.training import TriggeredAveraging


class Recorder(keras.callbacks.Callback):
    """The weights after each step."""

    def on_train_begin(self, logs=None):
        self.weights = []

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(self.model.get_weights()[0].copy())


class Scores(keras.callbacks.Callback):
    """Replaces the validation loss by given values."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]


def trained(values, wait, epochs, mode="min"):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)).astype("float32"), rng.normal(size=(6, 1)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    recorder, averaging = Recorder(), TriggeredAveraging(mode=mode, wait=wait)
    options = {"epochs": epochs, "batch_size": 2, "shuffle": False, "validation_data": (x, y), "verbose": 0}
    model.fit(x, y, callbacks=[recorder, Scores(values), averaging], **options)
    return model, np.array(recorder.weights)


@pytest.mark.parametrize("mode, sign", [pytest.param("min", 1, marks=pytest.mark.slow), ("max", -1)])
def test_the_mean_from_when_validation_is_worse(mode, sign):
    values = [sign * value for value in (3.0, 2.0, 1.0, 2.5, 0.5, 0.4)]
    model, weights = trained(values, wait=1, epochs=6, mode=mode)
    # The fourth value, 2.5, is the first above min(v_0, ..., v_{t-2}) = 2.
    np.testing.assert_allclose(model.get_weights()[0], weights[4 * 3 :].mean(axis=0), atol=1e-6)


def test_no_mean_while_validation_improves():
    model, weights = trained([3.0, 2.0, 1.0], wait=1, epochs=3)
    np.testing.assert_array_equal(model.get_weights()[0], weights[-1])


def test_training_continues_with_its_own_weights():
    values = [1.0, 1.0, 2.0, 2.0, 2.0]
    _, averaged = trained(values, wait=1, epochs=5)
    _, plain = trained([5.0, 4.0, 3.0, 2.0, 1.0], wait=1, epochs=5)
    np.testing.assert_allclose(averaged, plain, atol=1e-6)
