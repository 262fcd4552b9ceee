"""`train`: best weights, averaging, seeds, validations in an epoch, and losses that are not finite."""

import importlib.machinery
import importlib.util
import sys
import types

import keras
import numpy as np
import pytest

from nlpseq import training
from nlpseq.data import Examples
from nlpseq.errors import InputError, TrainingError
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordEncoder
from nlpseq.training import fit
from nlpseq.training.settings import TrainingSettings
from tests.training.rows import RowsTask

ROWS, FEATURES = 24, 3


class NumbersTask(RowsTask):
    """Rows of numbers, with a record of the weights."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.dropout, self.head = keras.layers.Dropout(dropout), keras.layers.Dense(2)
        self.steps = []  # the weights after each step

    def call(self, inputs, training=False):
        return self.head(self.dropout(inputs, training=training))

    def fit(self, *args, callbacks, **kwargs):
        def record(batch, logs):
            self.steps.append(self.get_weights())

        recorder = keras.callbacks.LambdaCallback(on_train_batch_end=record)
        return super().fit(*args, callbacks=[recorder, *callbacks], **kwargs)


def examples():
    x = np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int32")


def opposite():
    """The same rows with the other labels: validation on them gets worse with every epoch."""
    x, y = examples()
    return x, 1 - y


def settings(**values):
    return TrainingSettings(**{"batch_size": 8, "schedule": "constant", "learning_rate": 0.1, **values})


def final_accuracy(task, examples):
    return task.evaluate(task.prepare(examples, 8), verbose=0)[1]


def test_the_best_weights_are_restored_after_the_patience():
    task = NumbersTask()
    history, seconds = training.train(task, examples(), opposite(), settings(epochs=9, patience=2))
    accuracies = history["val_accuracy"]
    best = int(np.argmax(accuracies))
    assert len(accuracies) == best + 3 and accuracies[-1] < accuracies[best]
    assert final_accuracy(task, opposite()) == pytest.approx(accuracies[best])
    assert 0 < history["minutes"][0] < history["minutes"][-1] <= seconds / 60


def test_the_mode_of_the_metric_decides_what_is_best():
    task = NumbersTask()
    task.metric, task.metric_mode = "loss", "min"
    history, _ = training.train(task, examples(), examples(), settings(epochs=3, patience=1))
    assert len(history["val_loss"]) == 3
    assert task.evaluate(task.prepare(examples(), 8), verbose=0)[0] == pytest.approx(min(history["val_loss"]))


def test_asgd_averages_once_validation_gets_worse(monkeypatch):
    callbacks = []

    class Recorded(training.TriggeredAveraging):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            callbacks.append(self)

    monkeypatch.setattr(fit, "TriggeredAveraging", Recorded)
    task = NumbersTask()
    history, _ = training.train(task, examples(), opposite(), settings(optimizer="asgd", epochs=12, patience=2))
    (averaging,) = callbacks
    assert averaging.count > 0 and averaging.count % 3 == 0  # three steps an epoch
    best = int(np.argmax(history["val_accuracy"]))
    assert len(history["loss"]) == best + 1 + 2 * 2 + 1  # early stopping waits for the averages too
    assert final_accuracy(task, opposite()) == pytest.approx(max(history["val_accuracy"]))


def test_a_moving_average_of_the_weights_is_what_is_left():
    task = NumbersTask()
    training.train(task, examples(), examples(), settings(epochs=1, averaging=0.5, optimizer="sgd"))
    average = task.steps[0]
    for weights in task.steps[1:]:
        average = [0.5 * mean + 0.5 * weight for mean, weight in zip(average, weights)]
    for weight, mean in zip(task.get_weights(), average):
        np.testing.assert_allclose(weight, mean, rtol=1e-5, atol=1e-6)


def test_several_validations_in_an_epoch(capsys):
    options = {"epochs": 2, "validations": 3, "patience": 99}
    history, _ = training.train(NumbersTask(), examples(), examples(), settings(**options))
    assert len(history["val_loss"]) == 6
    assert "3 validations in each pass" in capsys.readouterr().out


def test_more_validations_than_steps():
    with pytest.raises(InputError, match="validations`? must be between 1 and 3, got 4"):
        training.train(NumbersTask(), examples(), examples(), settings(validations=4))


def test_a_budget_ends_the_run_with_the_rate_at_zero():
    task = NumbersTask()
    values = {"budget": 0.01, "epochs": 10**6, "patience": 10**6, "schedule": "cosine"}
    history, _ = training.train(task, examples(), examples(), settings(**values))
    assert 1 <= len(history["val_loss"]) < 10**6
    assert float(task.optimizer.learning_rate) == pytest.approx(0, abs=1e-3)


def final_weights(seed):
    training.set_seed(seed)
    task = NumbersTask(dropout=0.3)
    training.train(task, examples(), examples(), settings(epochs=2, seed=seed))
    return task.get_weights()


def test_a_seed_fixes_the_run():
    first, again, other = final_weights(5), final_weights(5), final_weights(6)
    assert all((a == b).all() for a, b in zip(first, again))
    assert any((a != b).any() for a, b in zip(first, other))


@pytest.mark.slow
def test_a_seed_fixes_the_run_of_a_compiled_text_task():
    texts = ["good one", "bad one", "not good", "not bad"]
    data = Examples(np.array([text.encode() for text in texts] * 6, object), np.array([1, 0, 0, 1] * 6))

    def weights():
        training.set_seed(5)
        task = TextClassifier(WordEncoder.learn(texts), ["n", "p"], units=4, embedding_size=4)
        training.train(task, data, data, settings(epochs=2, seed=5))
        return task.get_weights()

    assert all((a == b).all() for a, b in zip(weights(), weights()))


def test_a_loss_that_is_not_finite_stops_training():
    x, y = examples()
    x[:] = np.nan
    with pytest.raises(TrainingError, match="loss became nan in epoch 1, step 1: .* decrease `learning_rate`"):
        training.train(NumbersTask(), (x, y), examples(), settings(epochs=1))


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_without_tensorboard(tmp_path):
    with pytest.raises(InputError, match=r"`tensorboard` requires .*nlpseq\[tensorboard\]"):
        training.train(NumbersTask(), examples(), examples(), settings(tensorboard=str(tmp_path)))


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
def test_with_tensorboard(tmp_path):
    class Sequences(NumbersTask):
        def __init__(self):
            super().__init__()
            self.recurrent = keras.layers.SimpleRNN(2)

        def call(self, inputs, training=False):
            return super().call(self.recurrent(inputs[..., None]), training=training)

    training.train(Sequences(), examples(), examples(), settings(epochs=1, tensorboard=str(tmp_path)))
    assert list(tmp_path.rglob("events*"))


def test_a_file_in_the_place_of_the_folder_of_tensorboard(tmp_path, monkeypatch):
    package = types.ModuleType("tensorboard")
    package.__spec__ = importlib.machinery.ModuleSpec("tensorboard", None)
    monkeypatch.setitem(sys.modules, "tensorboard", package)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write to the folder `tensorboard` .*file \(File exists\)"):
        training.train(NumbersTask(), examples(), examples(), settings(tensorboard=str(tmp_path / "file")))
