"""Gradient flows against NumPy and finite differences; saturation and monitored norms against known values."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import diagnostics, layers
from nlpseq.cells import RecurrentCell
from nlpseq.diagnostics import stepping
from nlpseq.errors import InputError

pytestmark = pytest.mark.usefixtures("portable")

TIME, UNITS, FEATURES = 6, 4, 3


@keras.saving.register_keras_serializable("tests")
class DampedCell(RecurrentCell):
    """A custom cell: h_t = 0.9 h_{t-1} + 0.1 tanh(W x_t + b + U h_{t-1})."""

    def transition(self, wx, uh, states):
        return [0.9 * states[0] + 0.1 * tf.tanh(wx + uh)]


@keras.saving.register_keras_serializable("tests")
class TaskLike(keras.Model):
    """A subclassed model, which has no graph of layers."""

    def __init__(self, layer):
        super().__init__()
        self.below = layers.GRU(5, return_sequences=True)
        self.layer = layer
        self.head = keras.layers.Dense(2)

    def call(self, inputs, training=False):
        mask = tf.reduce_any(inputs != 0, axis=-1)
        return self.head(self.layer(self.below(inputs, mask=mask), mask=mask))


def batch(rows=3, time=TIME):
    return np.random.default_rng(3).normal(size=(rows, time, FEATURES)).astype("float32")


def randomize(layer):
    """Random, distinct weights."""
    generator = np.random.default_rng(5)
    layer.set_weights([generator.normal(0, 0.6, w.shape) for w in layer.get_weights()])


def built(layer):
    layer.build((None, None, FEATURES))
    randomize(layer)
    return layer


def tail_norms(layer, x, loss, number):
    """The norms of dLoss/dh_t by central differences: the layer runs to t, and from the changed state to the end."""
    state_layer = type(layer).from_config({**layer.get_config(), "return_state": True})
    state_layer.build((None, None, FEATURES))
    state_layer.set_weights(layer.get_weights())

    run = tf.function(lambda rest, states: state_layer(rest, initial_state=states)[0], reduce_retracing=True)

    def loss_after(states, rest):
        return float(loss(run(rest, states) if rest.shape[1] else states[0]))

    norms, step = [], 1e-2
    for lag in range(x.shape[1]):
        t = x.shape[1] - lag
        states = [np.array(state) for state in state_layer(x[:, :t])[1:]]
        gradient = np.zeros(states[number].shape)
        for index in np.ndindex(*gradient.shape):
            values = []
            for sign in (1, -1):
                moved = [state.copy() for state in states]
                moved[number][index] += sign * step
                if number == 1:  # the memory acts through h_t = o_t tanh(c_t) as well
                    moved[0] *= np.tanh(moved[1]) / np.tanh(states[1])
                values.append(loss_after([tf.constant(state) for state in moved], tf.constant(x[:, t:])))
            gradient[index] = (values[0] - values[1]) / (2 * step)
        norms.append(np.linalg.norm(gradient))
    return norms


@pytest.mark.parametrize("module", [layers, pytest.param(keras.layers, marks=pytest.mark.slow)])
def test_simple_rnn_is_the_product_of_its_jacobians(module):
    layer, x = built(module.SimpleRNN(UNITS)), batch()
    kernel, recurrent, bias = (np.asarray(w, np.float64) for w in layer.get_weights())
    states, h = [], np.zeros((len(x), UNITS))
    for t in range(TIME):
        h = np.tanh(x[:, t] @ kernel + h @ recurrent + bias)
        states.append(h)
    gradient, expected = np.ones((len(x), UNITS)), []
    for h in reversed(states):  # dL/dh_{t-1} = U (1 - h_t^2) dL/dh_t
        expected.append(np.linalg.norm(gradient))
        gradient = (gradient * (1 - h**2)) @ recurrent.T
    flow = diagnostics.gradient_flow(layer, x)
    np.testing.assert_allclose(flow.norms, expected, rtol=1e-4)
    radius = np.abs(np.linalg.eigvals(recurrent)).max()
    np.testing.assert_allclose(flow.spectral_radii, [radius], rtol=1e-5)


@pytest.mark.parametrize(
    "make, state",
    [
        (layers.LSTM, 0),
        (layers.LSTM, 1),
        pytest.param(keras.layers.LSTM, 1, marks=pytest.mark.slow),
        pytest.param(layers.GRU, 0, marks=pytest.mark.slow),
        (keras.layers.GRU, 0),
        (lambda units: layers.RNN(DampedCell(units)), 0),
    ],
)
def test_finite_differences(make, state):
    layer, x = built(make(UNITS)), batch(rows=1, time=4)

    def loss(h):
        return tf.reduce_sum(h * h) + h[0, 1]

    flow = diagnostics.gradient_flow(layer, x, loss=loss, state=state)
    np.testing.assert_allclose(flow.norms, tail_norms(layer, x, loss, state), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(UNITS),
        lambda: keras.layers.GRU(UNITS, return_sequences=True, zero_output_for_mask=True),
        lambda: layers.GRU(UNITS, return_sequences=True, go_backwards=True),
        lambda: keras.layers.SimpleRNN(UNITS, return_sequences=True, go_backwards=True),
        lambda: layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True)),
        lambda: keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True)),
    ],
)
def test_outputs_step_by_step_are_those_of_the_layer(make):
    layer = make()
    x, mask = tf.constant(batch()), tf.sequence_mask([TIME, 2, 4], TIME)
    layer(x, mask=mask)
    randomize(layer)
    expected, records = layer(x, mask=mask), []
    with contextlib.ExitStack() as stack:
        for inner in stepping.recurrent_layers(layer):
            stack.enter_context(stepping.step_by_step(inner, records))
        np.testing.assert_allclose(layer(x, mask=mask), expected, atol=1e-5)
    count = len(records)
    layer(x, mask=mask)
    assert len(records) == count > 0  # the layer runs as before again


@pytest.mark.slow
def test_padding_does_not_change_the_flow_of_a_model():
    model = TaskLike(layers.LSTM(UNITS, name="seen"))
    model.compile("sgd", "mse")
    x, y = batch(), np.ones((3, 2), "float32")
    model(x)
    randomize(model)
    flow = diagnostics.gradient_flow(model, (x, y), layer="seen")
    padded = np.concatenate([x, np.zeros((3, 5, FEATURES), "float32")], axis=1)
    again = diagnostics.gradient_flow(model, (padded, y), layer=model.layer)
    assert flow.norms.shape == (TIME,) and (flow.norms > 0).all()
    np.testing.assert_allclose(again.norms, flow.norms, rtol=1e-4)
    doubled = diagnostics.gradient_flow(model, (x, y), layer="seen", loss=lambda t, p: 2 * tf.reduce_mean((t - p) ** 2))
    np.testing.assert_allclose(doubled.norms, 2 * flow.norms, rtol=1e-4)


def test_spectral_radius():
    turn = [[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]]
    assert diagnostics.spectral_radius(3 * np.array(turn)) == pytest.approx(3.0)
    assert diagnostics.spectral_radius(np.array([[0.5, 9.0], [0.0, -0.7]])) == pytest.approx(0.7)
    with pytest.raises(InputError, match="square"):
        diagnostics.spectral_radius(np.ones((2, 3)))


@pytest.mark.parametrize("module", [layers, pytest.param(keras.layers, marks=pytest.mark.slow)])
def test_saturation_counts_real_steps(module):
    """By the biases alone, i is open, f half open, o closed, and the candidate is 1."""
    layer = module.LSTM(UNITS)
    layer.build((None, None, FEATURES))
    weights = [np.zeros(w.shape) for w in layer.get_weights()]
    weights[2] = np.repeat([9.0, 0.0, 9.0, -9.0], UNITS)  # i, f, candidate, o
    layer.set_weights(weights)
    shares = diagnostics.saturation(layer, batch())
    assert shares["saturated_gates"] == pytest.approx(2 / 3)
    # The candidate always; tanh(c) with c = 1, 1.5, 1.75, ..., 1.97 from the fourth step on.
    assert shares["saturated_tanh"] == pytest.approx((TIME + TIME - 3) / (2 * TIME))


def test_saturation_ignores_padding():
    model = TaskLike(layers.LSTM(UNITS))
    x = batch()
    model(x)
    randomize(model)
    padded = np.concatenate([x, np.zeros((3, 5, FEATURES), "float32")], axis=1)
    expected = diagnostics.saturation(model, x)
    assert set(expected) == {"saturated_gates", "saturated_tanh"}
    assert diagnostics.saturation(model, padded) == pytest.approx(expected)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.slow
def test_monitor_sees_the_gradients_of_every_step(tmp_path, scaled):
    """With one batch and no learning, the norm is that of a tape.

    As in Keras's clipping, each occurrence of a token in the batch counts by itself.
    """
    model = keras.Sequential([keras.layers.Embedding(9, FEATURES), layers.GRU(UNITS), keras.layers.Dense(1)])
    x, y = np.array([[1, 2, 2, 3], [4, 5, 1, 1]]), np.array([[1.0], [-2.0]])
    model.build((None, 4))
    randomize(model)
    with tf.GradientTape() as tape:
        value = tf.reduce_mean((y - model(x)) ** 2)
    gradients = tape.gradient(value, [w.value for w in model.trainable_weights])
    dense = [getattr(gradient, "values", gradient) for gradient in gradients]
    norm = np.sqrt(sum(float(tf.reduce_sum(gradient**2)) for gradient in dense))
    optimizer = keras.optimizers.SGD(0.0, global_clipnorm=float(norm) / 2)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, "mse")
    monitor = diagnostics.GradientMonitor(x, tmp_path, every=2)
    model.fit(x, y, epochs=5, verbose=0, callbacks=[monitor])
    history = monitor.history
    assert history["step"] == [2, 4, 5]
    np.testing.assert_allclose(history["gradient_norm"], norm, rtol=1e-3)
    np.testing.assert_allclose(history["largest_gradient_norm"], norm, rtol=1e-3)
    assert history["clipped_fraction"] == [1.0, 1.0, 1.0]
    assert len(history["saturated_gates"]) == 3
    assert "apply_gradients" not in vars(model.optimizer)
    assert logged(tmp_path) == {f"gradients/{name}": 3 for name in history if name != "step"}
    model.fit(x, y, epochs=2, verbose=0)
    assert history["step"] == [2, 4, 5]


def logged(folder):
    """From each tag in the logs to the number of its values."""
    counts = {}
    for path in folder.glob("events*"):
        for record in tf.data.TFRecordDataset(str(path)):
            for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value:
                counts[value.tag] = counts.get(value.tag, 0) + 1
    return counts


def test_monitor_counts_only_the_steps_over_the_limit():
    x, y = np.ones((4, 3, 1), "float32"), np.array([0.0, 0.0, 0.0, 1e6], "float32")[:, np.newaxis]
    model = keras.Sequential([layers.SimpleRNN(2), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0, global_clipnorm=1e3), "mse")
    monitor = diagnostics.GradientMonitor(every=100)
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[monitor])
    assert monitor.history["clipped_fraction"] == [0.25]
    assert "saturated_gates" not in monitor.history


def two_gru_layers():
    return keras.Sequential([layers.GRU(2, return_sequences=True), layers.GRU(2)])


def called_twice():
    inputs, layer = keras.Input((None, FEATURES)), layers.GRU(FEATURES, return_sequences=True)
    return keras.Model(inputs, layer(layer(inputs)))


WRONG = {
    "no layer at all": (lambda: "lstm", {}, "`model_or_layer` must be a Keras model or a recurrent layer, got str"),
    "no recurrent layer": (lambda: keras.layers.Dense(2), {}, "has no recurrent layer"),
    "two layers": (two_gru_layers, {}, "has 2 recurrent layers: choose one with `layer`"),
    "name": (two_gru_layers, {"layer": "gruu"}, "0 recurrent layers named 'gruu'"),
    "stack": (lambda: layers.RNN([DampedCell(2), DampedCell(2)]), {}, "stack of cells"),
    "state": (lambda: layers.GRU(2), {"state": 1}, "state`? must be between 0 and 0, got 1"),
    "no steps": (lambda: layers.GRU(2), {"batch": np.ones((2, 0, 3))}, "sequences of no steps"),
    "called twice": (called_twice, {}, "is called 2 times"),
    "no loss": (lambda: layers.GRU(2), {"batch": (batch(), np.ones(3))}, "has no loss"),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors(name):
    make, options, message = WRONG[name]
    options = {"batch": batch(), **options}
    with pytest.raises(InputError, match=message):
        diagnostics.gradient_flow(make(), **options)
