"""Schedules, clipping, early stopping, seeds, and losses that are not finite."""

import importlib.util
import math

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine, training
from nlpseq.data import Examples
from nlpseq.errors import InputError, TrainingError
from nlpseq.settings import TrainingSettings
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordEncoder
from nlpseq.training.averaging import AverageWhenStuck

pytestmark = pytest.mark.usefixtures("portable")

TEXTS = ["good one", "bad one", "not good", "not bad"]


def examples():
    texts = [text.encode() for text in TEXTS] * 6
    return Examples(np.array(texts, object), np.array([1, 0, 0, 1] * 6))


def task(**settings):
    encoder = WordEncoder.learn(TEXTS)
    return TextClassifier(encoder, ["n", "p"], units=4, embedding_size=4, **settings)


def test_warm_up_then_fall():
    for decay, middle in (("cosine", 0.5), ("linear", 0.5)):
        rate = training.WarmUp(2.0, 100, decay)
        assert float(rate(0)) == pytest.approx(0.2)
        assert float(rate(9)) == pytest.approx(2.0)
        assert float(rate(55)) == pytest.approx(2.0 * middle, abs=0.02)
        assert float(rate(100)) == pytest.approx(0.0, abs=1e-6)
        assert training.WarmUp.from_config(rate.get_config()).get_config() == rate.get_config()


def test_optimizer_clips_by_the_global_norm():
    settings = TrainingSettings(schedule="constant", clip_norm=1.0)
    clipped = training.optimizer(settings, steps=1)._clip_gradients([tf.constant([3.0, 0.0]), tf.constant([4.0])])
    norm = math.sqrt(sum(float(tf.reduce_sum(g**2)) for g in clipped))
    assert norm == pytest.approx(1.0)
    assert training.optimizer(TrainingSettings(clip_norm=0.0), 1).global_clipnorm is None


def test_best_weights_come_back():
    chosen = task()
    settings = TrainingSettings(epochs=8, learning_rate=0.3, patience=2, batch_size=8)
    history, seconds = training.train(chosen, examples(), examples(), settings)
    assert seconds > 0
    best = max(history["val_accuracy"])
    batches = chosen.prepare(examples(), 8)
    assert chosen.evaluate(batches, verbose=0)[1] == pytest.approx(best)


def test_a_seed_fixes_the_run():
    def weights(seed):
        training.set_seed(seed)
        chosen = task()
        with engine.mode("auto"):  # as users have it
            training.train(chosen, examples(), examples(), TrainingSettings(epochs=2, seed=seed))
        return chosen.get_weights()

    first, again, other = weights(5), weights(5), weights(6)
    assert all((a == b).all() for a, b in zip(first, again))
    assert any((a != b).any() for a, b in zip(first, other))


def test_asgd_averages_once_validation_gets_worse(monkeypatch):
    """Which it does where the labels of validation are turned round."""
    made = []

    class Kept(AverageWhenStuck):
        def on_train_begin(self, logs=None):
            super().on_train_begin(logs)
            made.append(self)

    monkeypatch.setattr(training, "AverageWhenStuck", Kept)
    texts = np.array([b"good one", b"bad one"] * 12, object)
    right, turned = Examples(texts, np.array([1, 0] * 12)), Examples(texts, np.array([0, 1] * 12))
    options = {"optimizer": "asgd", "schedule": "constant", "learning_rate": 1.0, "patience": 2}
    chosen = task(dropout=0.0, output_dropout=0.0, word_dropout=0.0)
    history, _ = training.train(chosen, right, turned, TrainingSettings(epochs=9, batch_size=8, **options))
    (averaging,) = made
    assert averaging.count > 0 and averaging.count % 3 == 0  # three steps a pass
    assert len(history["loss"]) > 5  # early stopping leaves it as many validations again
    assert chosen.evaluate(chosen.prepare(turned, 8), verbose=0)[1] == pytest.approx(max(history["val_accuracy"]))


def test_more_validations_than_batches():
    with pytest.raises(InputError, match="--validations must be between 1 and 3, got 4"):
        training.train(task(), examples(), examples(), TrainingSettings(validations=4, batch_size=8))


def test_loss_that_is_not_finite_stops_with_a_sentence():
    chosen = task()
    chosen.build()
    chosen.head.bias.assign([np.nan, np.nan])
    with pytest.raises(TrainingError, match="loss became nan in epoch 1, step 1.*clip"):
        training.train(chosen, examples(), examples(), TrainingSettings(epochs=1))


def test_tensorboard(tmp_path):
    settings = TrainingSettings(epochs=1, tensorboard=str(tmp_path))
    if importlib.util.find_spec("tensorboard") is None:
        with pytest.raises(InputError, match=r"nlpseq\[tensorboard\]"):
            training.train(task(), examples(), examples(), settings)
    else:
        training.train(task(), examples(), examples(), settings)
        assert list(tmp_path.rglob("events*"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": -1},
        {"learning_rate": 0.0},
        {"clip_norm": -1.0},
        {"clip_norm": math.inf},
        {"learning_rate": math.nan},
        {"patience": 0},
        {"seed": -1},
    ],
)
def test_values_out_of_range(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=f"--{name.replace('_', '-')} must be"):
        TrainingSettings(**wrong).check()


@pytest.mark.parametrize("hook, logs", [("on_train_batch_end", "loss"), ("on_epoch_end", "val_loss")])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_training_stops_where_a_loss_is_not_finite(hook, logs, value):
    stop = training.StopOnNonFinite()
    stop.on_epoch_begin(2)
    getattr(stop, hook)(4, {logs: 1.5})
    with pytest.raises(TrainingError, match="loss became (nan|inf) in epoch 3"):
        getattr(stop, hook)(4, {logs: value})
