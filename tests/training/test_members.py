"""Several networks trained one after another, and a run of them that is interrupted."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.errors import Interrupted
from nlpseq.training import Checkpoints, budget, load_task, train_members
from nlpseq.training.settings import TrainingSettings
from tests.training.rows import RowsTask

SETTINGS = TrainingSettings(epochs=2, batch_size=8, seed=4)
ROWS = np.random.default_rng(2).normal(size=(32, 3)).astype("float32")
DATA = ROWS, (ROWS[:, 0] > 0).astype("int32")


@keras.saving.register_keras_serializable("tests")
class Network(RowsTask):
    """One layer."""

    settings = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.head = keras.layers.Dense(2)
        self.head.build((None, 3))

    def call(self, x):
        return self.head(x)

    def ensure_built(self):
        """The weights are there already."""

    def combined(self, others):
        return Pair(self, *others)


@keras.saving.register_keras_serializable("tests")
class Pair(keras.Model):
    """Two networks."""

    settings = None

    def __init__(self, first=None, second=None, **kwargs):
        super().__init__(**kwargs)
        self.members = [first or Network(), second or Network()]

    def ensure_built(self):
        """The weights are there already."""

    def get_config(self):
        return {}


def trained(folder, make: Callable[[], Any] = Network):
    checkpoints = Checkpoints(folder)
    task, (history, _) = train_members(make, 2, DATA, DATA, SETTINGS, checkpoints)
    return task, history, checkpoints


def assert_equal(one, other):
    for weight, same in zip(one.members, other.members):
        np.testing.assert_array_equal(weight.head.kernel, same.head.kernel)


def test_a_run_that_is_interrupted_continues_in_the_network_that_it_was_training(tmp_path, capsys):
    task, history, _ = trained(tmp_path / "unbroken")
    first, second = (member.head.kernel.numpy() for member in task.members)
    assert len(history["val_accuracy"]) == 4 and (first != second).all()
    assert history["minutes"] == sorted(history["minutes"]) and history["network"] == [1, 1, 2, 2]
    calls = []

    def make():
        calls.append(1)
        if len(calls) == 2:
            raise Interrupted("by a test", 2)
        return Network()

    with pytest.raises(Interrupted):
        trained(tmp_path / "broken", make)
    capsys.readouterr()
    again, _, _ = trained(tmp_path / "broken")
    assert "resuming after the training" in capsys.readouterr().out
    assert_equal(task, again)
    finished, same, checkpoints = trained(tmp_path / "broken", make=lambda: 1 / 0)  # makes no network
    assert_equal(task, finished)
    assert same["val_accuracy"] == history["val_accuracy"]
    assert_equal(task, load_task(tmp_path / "broken"))
    checkpoints.clear()
    assert not (tmp_path / "broken").exists()


def test_networks_whose_part_of_a_budget_has_passed_are_left_out(monkeypatch, capsys):
    settings = dataclasses.replace(SETTINGS, budget=3.0)
    monkeypatch.setattr(budget, "began", time.perf_counter() - 60)  # of two networks the first part is 1.5 minutes
    task, _ = train_members(Network, 2, DATA, DATA, settings)
    assert isinstance(task, Pair)
    monkeypatch.setattr(budget, "began", time.perf_counter() - 600)
    task, (history, _) = train_members(Network, 2, DATA, DATA, settings)
    assert isinstance(task, Network) and len(history["val_accuracy"]) == 1
    assert "network 2 of 2 is left out: its part of the budget has passed" in capsys.readouterr().out
    monkeypatch.setattr(budget, "began", None)
    assert (budget.until(1.5, 1), budget.is_spent(0.001)) == (1.5, False)


@pytest.mark.slow
def test_one_network_is_trained_as_before(tmp_path):
    keras.utils.set_random_seed(4)
    one, _ = train_members(Network, 1, DATA, DATA, SETTINGS)
    keras.utils.set_random_seed(4)
    other, _ = train_members(Network, 2, DATA, DATA, SETTINGS)
    assert isinstance(one, Network)
    np.testing.assert_array_equal(one.head.kernel, other.members[0].head.kernel)
    assert tf.math.reduce_all(tf.math.is_finite(one.head.kernel))
