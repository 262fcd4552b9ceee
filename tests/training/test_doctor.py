"""Each rule of the doctor speaks where its fault is built in, and none where a training learns."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq.diagnostics import GradientMonitor
from nlpseq.layers import LSTM, SimpleRNN
from nlpseq.training import Doctor, optimizer, rules
from nlpseq.training.doctor import FEW
from nlpseq.training.rules import Evidence
from nlpseq.training.settings import TrainingSettings

pytestmark = pytest.mark.usefixtures("portable")

ROWS, STEPS, FEATURES = 64, 6, 4
flatten = keras.layers.Flatten  # the rules about the loss need no recurrent layer


def sequences(rows=ROWS, seed=0):
    """Sequences and the sign of their first feature's sum."""
    x = np.random.default_rng(seed).normal(size=(rows, STEPS, FEATURES)).astype("float32")
    return x, (x[:, :, 0].sum(axis=1) > 0).astype("int32")


def dense(units=16):
    return keras.layers.Dense(units, "tanh")


def classifier(*layers, optimizer="adam", rate=None):
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    chosen = keras.optimizers.get(optimizer)
    if rate is not None:
        chosen.learning_rate = rate
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(chosen, loss, metrics=["accuracy"])
    return model


def findings(model, data=None, validation=None, epochs=3, batch_size=4):
    """The rules that speak in a training."""
    x, y = sequences() if data is None else data
    validation = validation or sequences(seed=1)
    batches = tf.data.Dataset.from_tensor_slices(validation).batch(32)
    doctor = Doctor("accuracy", "max", batches, steps=epochs * len(x) // batch_size, report=lambda sentence: None)
    model.fit(x, y, batch_size, epochs, verbose=0, validation_data=batches, callbacks=[doctor], shuffle=False)
    return doctor.findings


def test_silent_where_it_learns():
    assert findings(classifier(flatten(), dense(), rate=0.02)) == {}


def test_exploding():
    recurrent = keras.initializers.Orthogonal(gain=8.0)
    actual = findings(
        classifier(SimpleRNN(8, "relu", recurrent_initializer=recurrent), optimizer="sgd", rate=0.01), epochs=1
    )
    assert "simple_rnn_cell" in actual["exploding"] and "`clip_norm`" in actual["exploding"]


@pytest.mark.slow
def test_vanishing():
    small = keras.initializers.RandomNormal(stddev=1e-3)
    deep = [SimpleRNN(4, return_sequences=number < 3, kernel_initializer=small) for number in range(4)]
    assert "`layers`" in findings(classifier(*deep), epochs=1)["vanishing"]


@pytest.mark.slow
def test_saturated_gates():
    x, y = sequences()
    actual = findings(classifier(LSTM(8), rate=1e-4), (1000 * x, y), (1000 * x, y))
    assert list(actual) == ["saturated_gates"]


@pytest.mark.slow
def test_dead_embedding():
    x, y = sequences()
    ids = (x[..., 0] > 0).astype("int32")
    actual = findings(classifier(keras.layers.Embedding(100, 4), flatten(), rate=0.02), (ids, y), (ids, y))
    assert list(actual) == ["dead_embedding"] and "98 of the 100" in actual["dead_embedding"]


def test_an_embedding_that_nothing_reads_is_no_vanishing_gradient():
    norms = {"dense": 0.1, "embedding": 0.0}
    assert rules.vanishing(Evidence(norms=norms)) and rules.vanishing(
        Evidence(norms=norms, unused={"embedding": (8, 9)})
    )
    assert rules.vanishing(Evidence(norms=norms, unused={"embedding": (9, 9)})) is None


def test_a_table_of_one_row_is_not_judged():
    """Of n-grams, where no text has one that is frequent."""
    x, y = sequences()
    ids = (x[..., 0] > 0).astype("int32")
    inputs = keras.Input((None,), dtype="int32")
    tables = [keras.layers.Embedding(2, 4)(inputs), keras.layers.Embedding(1, 4, "zeros")(0 * inputs)]
    hidden = keras.layers.GlobalAveragePooling1D()(keras.layers.concatenate([tables[0], 0.0 * tables[1]]))
    model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    actual = findings(model, (ids, y), (ids, y))
    assert not {"vanishing", "dead_embedding"} & set(actual)


@pytest.mark.slow
def test_rate_too_high():
    assert "rate_too_high" in findings(classifier(flatten(), dense(), rate=30.0))


def test_rate_too_low():
    assert list(findings(classifier(flatten(), dense(), rate=1e-7))) == ["rate_too_low"]


@pytest.mark.slow
def test_flat_loss():
    """The labels do not depend on the inputs."""
    x, _ = sequences(3200)
    actual = findings(
        classifier(flatten(), dense(4), rate=1e-3), (0.05 * x, np.arange(3200) // 2 % 2), epochs=1, batch_size=64
    )
    assert list(actual) == ["flat_loss"]


@pytest.mark.slow
def test_shuffled_labels():
    x, _ = sequences(32)
    labels = np.arange(32) % 2
    model = classifier(flatten(), dense(64), rate=0.01)
    actual = findings(model, (x, labels), (sequences(200, 1)[0], np.arange(200) % 2), epochs=8)
    assert "shuffled_labels" in actual and "0.693" in actual["shuffled_labels"]


@pytest.mark.slow
def test_drifting():
    """Validation has the other labels half of the time."""
    x, y = sequences(32)
    noisy = np.where(np.arange(32) % 4 == 0, 1 - y, y)
    model = classifier(flatten(), dense(64), rate=0.02)
    assert "drifting" in findings(model, (x, noisy), sequences(300, 1), epochs=12)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_is_explained_at_once():
    model = classifier(SimpleRNN(4, "relu"), optimizer="sgd", rate=1e9)
    x, y = sequences(16)
    assert "exploding" in findings(model, (1e6 * x, y), epochs=1)


def test_beside_a_monitor_and_afterwards():
    """Both see the gradients, and the optimizer is as before, whichever ends first."""
    x, y = sequences(8)
    for order in (1, -1):
        model = classifier(flatten())
        callbacks = [GradientMonitor(every=1), Doctor(report=print)]
        model.fit(x, y, 4, verbose=0, callbacks=callbacks[::order])
        assert len(callbacks[0].history["gradient_norm"]) == 2
        assert "apply_gradients" not in vars(model.optimizer)


@pytest.mark.parametrize(
    "rule, seen",
    [
        (rules.exploding, Evidence(norms={"a": 1.0, "b": math.nan})),
        (rules.vanishing, Evidence(norms={"a": 1.0, "b": 1e-9})),
        (rules.dead_embedding, Evidence(unused={"e": (60, 100)})),
        (rules.saturated_gates, Evidence(losses=(1.0, 0.95), saturated=0.95)),
        (rules.rate_too_high, Evidence(losses=(1.0, 1.2), noise=0.05, steps=100, changes={"a": 1.0})),
        (rules.rate_too_high, Evidence(losses=(9.0, 8.0), start=1.0, steps=100, changes={"a": 1.0})),
        (rules.rate_too_low, Evidence(losses=(1.0, 1.0), steps=100, changes={"a": 1e-4})),
        (rules.flat_loss, Evidence(losses=(1.0, 0.99), steps=100, changes={"a": 1.0})),
        (rules.shuffled_labels, Evidence(history={"loss": [0.7, 0.4, 0.2], "val_loss": [0.7, 0.8, 1.0]}, entropy=0.69)),
        (rules.drifting, Evidence(history={"loss": [4, 3, 2, 1], "val_loss": [3, 2, 3, 4]})),
    ],
)
def test_rules(rule, seen):
    """Each speaks of its own fault, and not of a healthy training."""
    assert len(rule(seen).splitlines()) == 1
    history = {"loss": [1.0, 0.8, 0.6], "val_loss": [0.9, 0.8, 0.85]}
    healthy = Evidence((1.0, 0.6), 1.1, 0.02, 100, {"a": 1.0, "b": 0.1}, {"a": 0.5}, {"e": (10, 100)}, 0.5, history)
    assert rule(healthy) is None and rule(Evidence()) is None


@pytest.mark.parametrize("losses", [(2e-6, 2e-6), (2e-6, 4e-6), (0.0, 0.0)])
def test_a_loss_that_is_almost_zero_needs_no_remedy(losses):
    seen = Evidence(losses=losses, start=2e-6, steps=100, changes={"a": 1e-4})
    assert not any(rule(seen) for rule in (rules.rate_too_low, rules.rate_too_high, rules.flat_loss))


def test_few_steps_are_not_judged():
    x, y = sequences(4 * (FEW - 1))
    assert findings(classifier(flatten(), dense(), rate=1e-9), (x, y), epochs=1) == {}


@pytest.mark.slow
def test_layers_below_weights_that_start_at_zero_are_no_fault():
    model = keras.Sequential([flatten(), dense(), keras.layers.Dense(2, kernel_initializer="zeros")])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    assert findings(model, epochs=FEW + 2, batch_size=ROWS) == {}


def test_clipping_by_value():
    chosen = optimizer(TrainingSettings(clip_value=5.0), steps=10)
    assert (chosen.clipvalue, chosen.global_clipnorm) == (5.0, None)
    assert optimizer(TrainingSettings(), steps=10).clipvalue is None
