"""The schedule of the learning rate, and what the optimizer of the settings does to a gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.training.settings import TrainingSettings


@pytest.mark.parametrize("decay, quarter", [("cosine", 0.5 + 0.5 * np.cos(np.pi / 4)), ("linear", 0.75)])
def test_warm_up_then_fall(decay, quarter):
    schedule = training.WarmUp(2.0, 100, decay)
    expected = {0: 0.2, 9: 2.0, 10: 2.0, 32.5: 2.0 * quarter, 55: 1.0, 100: 0.0, 120: 0.0}
    rates = [float(schedule(step)) for step in expected]
    np.testing.assert_allclose(rates, list(expected.values()), atol=1e-6)


def test_the_schedule_round_trips():
    schedule = training.WarmUp(2.0, 100, "linear")
    copy = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert copy.get_config() == {"peak": 2.0, "steps": 100, "decay": "linear"}


def test_the_rate_falls_with_the_time_that_is_spent():
    spent = tf.Variable(0.0)
    schedule = training.WarmUp(2.0, 100, "linear", spent)
    rates = []
    for share in (0.0, 0.55, 1.0):
        spent.assign(share)
        rates.append(float(schedule(20)))
    np.testing.assert_allclose(rates, [2 * 80 / 90, 1.0, 0.0], atol=1e-6)


def step_of(**values):
    """The change of two variables, (1,) each, by one step with gradients 3 and 4."""
    settings = TrainingSettings(**{"schedule": "constant", "learning_rate": 1.0, "optimizer": "sgd", **values})
    variables = [keras.Variable(np.zeros(1, "float32")) for _ in range(2)]
    optimizer = training.optimizer(settings, steps=10)
    optimizer.apply([tf.constant([3.0]), tf.constant([4.0])], variables)
    return [float(variable[0]) for variable in variables]


def test_gradients_are_clipped_by_their_global_norm():
    np.testing.assert_allclose(step_of(clip_norm=1.0), [-0.6, -0.8], rtol=1e-6)
    np.testing.assert_allclose(step_of(clip_norm=0.0), [-3, -4], rtol=1e-6)


def test_the_schedule_starts_with_the_warm_up():
    np.testing.assert_allclose(step_of(clip_norm=0.0, schedule="linear"), [-3, -4], rtol=1e-6)  # w = 1
    np.testing.assert_allclose(step_of(clip_norm=0.0, optimizer="adam"), [-1, -1], rtol=1e-5)


def test_the_optimizers():
    def make(**values):
        return training.optimizer(TrainingSettings(**values), steps=1)

    assert isinstance(make(optimizer="adam"), training.Adam)
    assert type(make(optimizer="asgd")) is keras.optimizers.SGD
    assert make(averaging=0.9).ema_momentum == 0.9 and make(averaging=0.9).use_ema
    assert not make().use_ema
