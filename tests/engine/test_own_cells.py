"""Cells that users write: their own weights, layers, attributes and mistakes."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import layers
from nlpseq.cells import GRUCell, LSTMCell, RecurrentCell
from nlpseq.errors import InputError
from tests.layers.helpers import BATCH, FEATURES, MASK, UNITS, assert_close, normal, randomize, sequences
from tests.tiers import slow_but

ENGINES = slow_but(["portable", "xla"], "portable")


class LeakyCell(RecurrentCell):
    rate = 0.9

    def transition(self, wx, uh, states):
        return [self.rate * states[0] + tf.tanh(wx + uh)]


class ScaledCell(RecurrentCell):
    """With a weight that the step uses as it is."""

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight(name="scale", shape=(self.units,))
        self.count = self.add_weight(name="count", shape=(), dtype="int32", trainable=False, initializer="ones")

    def transition(self, wx, uh, states):
        return [tf.tanh(wx + uh) * self.scale * tf.cast(self.count, wx.dtype)]


class DeepCell(RecurrentCell):
    """With layers that have no weights before their first call."""

    def __init__(self, units, **options):
        super().__init__(units, **options)
        self.first, self.others = keras.layers.Dense(5, "tanh"), [keras.layers.Dense(units, "tanh")]

    def transition(self, wx, uh, states):
        return [self.others[0](self.first(wx + uh)) + 0.5 * states[0]]


def results_of(layer, x, weights, **options):
    """Outputs, and the gradients of inputs and weights."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, **options)
        loss = tf.reduce_sum(tf.cast(outputs, "float32") * normal(*outputs.shape))
    return outputs, *tape.gradient(loss, [x, *weights])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "cell", [LSTMCell(UNITS, peephole=True, projection_size=2), GRUCell(UNITS, layer_normalization=True)]
)
def test_a_frozen_layer_passes_gradients_on(engine, cell):
    layer = layers.RNN(cell, engine=engine)
    layer.build((BATCH, None, FEATURES))
    randomize(layer)
    expected = results_of(layer, sequences(), [], training=True)
    layer.trainable = False
    for frozen, free in zip(results_of(layer, sequences(), [], training=True), expected):
        assert_close(frozen, free)
    layer.set_weights([2 * weight for weight in layer.get_weights()])
    by_keras = keras.layers.RNN(cell)(sequences())
    assert_close(layer(sequences(), training=True), by_keras)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [ScaledCell, DeepCell])
def test_weights_and_layers_of_a_cell_train_as_in_keras(make, engine):
    cell = make(UNITS)
    layer, by_keras = (
        layers.RNN(cell, return_sequences=True, engine=engine),
        keras.layers.RNN(cell, return_sequences=True),
    )
    layer.build((BATCH, None, FEATURES))
    weights = cell.trainable_weights
    assert len(weights) == {ScaledCell: 4, DeepCell: 7}[make]
    ours = results_of(layer, sequences(), weights, mask=MASK, training=True)
    for mine, other in zip(ours, results_of(by_keras, sequences(), weights, mask=MASK)):
        assert_close(mine, other, 1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_weights_of_a_cell_in_mixed_precision(policy, engine):
    layer, wide = (
        layers.RNN(ScaledCell(UNITS, dtype=policy), dtype=policy, engine=engine),
        layers.RNN(ScaledCell(UNITS)),
    )
    for each in (layer, wide):
        each.build((BATCH, None, FEATURES))
    wide.set_weights(layer.get_weights())
    narrow = results_of(layer, sequences(), layer.trainable_weights, training=True)
    for mine, other in zip(narrow, results_of(wide, sequences(), wide.trainable_weights)):
        assert_close(tf.cast(mine, "float32"), other, 0.1)


@pytest.mark.parametrize("training", slow_but([False, True], False))
def test_an_attribute_that_changes_is_seen_by_the_next_run(training):
    layer = layers.RNN(LeakyCell(UNITS))
    before = layer(sequences(), training=training)
    layer.cell.rate = 0.1
    after = layer(sequences(), training=training)
    assert_close(after, keras.layers.RNN(layer.cell)(sequences()))
    assert abs(after - before).numpy().max() > 0.01


def test_rates_that_change_are_seen_by_the_next_run():
    layer = layers.GRU(UNITS, dropout=0.5, recurrent_dropout=0.5, zoneout=0.5, weight_dropout=0.5, engine="portable")
    layer(sequences(), training=True)
    cell = layer.cell
    cell.dropout = cell.recurrent_dropout = cell.zoneout = cell.weight_dropout = 0.0
    plain = keras.layers.GRU(UNITS)
    plain.build(sequences().shape)
    plain.set_weights(layer.get_weights()[:3])
    for training in (True, False):
        assert_close(layer(sequences(), training=training), plain(sequences()))


@pytest.mark.parametrize("returned, words", [
    (lambda h: h, "a list of 1 state, got a tensor"),
    (lambda h: None, "a list of 1 state, got None"),
    (lambda h: [h, h], "a list of 1 state, got 2"),
    (lambda h: [h[:, :2]], r"state 0 as it was before the step, \(3, 3\) of float32, got \(3, 2\) of float32"),
    (lambda h: [tf.cast(h, "float64")], r"state 0 as .*, got \(3, 3\) of float64"),
])  # fmt: skip
def test_a_transition_returns_the_new_states(returned, words):
    class WrongCell(RecurrentCell):
        def transition(self, wx, uh, states):
            return returned(wx + uh)

    cell = WrongCell(UNITS, name="wrong")
    with pytest.raises(InputError, match=f"`transition` of cell 'wrong' must return {words}"):
        layers.RNN(cell)(sequences())
    with pytest.raises(InputError, match=words):
        cell(sequences()[:, 0], [tf.zeros((BATCH, UNITS))])


@pytest.mark.parametrize("engine", ["portable", "xla"])
@pytest.mark.parametrize("kind", ["layer", "variable", "operation"])
def test_a_transition_is_a_pure_function(kind, engine):
    if (kind, engine) == ("operation", "portable"):
        pytest.skip("only a graph that is compiled is looked at")

    class ImpureCell(RecurrentCell):
        def build(self, input_shape):
            super().build(input_shape)
            self.noise = keras.layers.Dropout(0.5)
            self.total = self.add_weight(name="total", shape=(), trainable=False)

        def transition(self, wx, uh, states):
            if kind == "layer":
                return [self.noise(wx + uh, training=True)]
            if kind == "operation":
                return [wx + uh + tf.random.normal(tf.shape(wx))]
            self.total.assign(self.total + 1)
            return [wx + uh]

    with pytest.raises(InputError, match=r"of cell 'impure_cell.*' must be a pure function"):
        layers.RNN(ImpureCell(UNITS), engine=engine)(sequences(), training=True)


def test_a_variable_that_is_no_weight_is_said():
    class HoldingCell(RecurrentCell):
        held = tf.Variable(2.0)

        def transition(self, wx, uh, states):
            return [self.held * (wx + uh)]

    with pytest.raises(InputError, match="make the weights of a cell with its `add_weight`"):
        layers.RNN(HoldingCell(UNITS))(sequences())


@pytest.mark.parametrize("sizes, words", [
    ({"state_size": [UNITS, (UNITS, 2)]}, r"`state_size` of cell .* must hold a number for each of its `states`, 2"),
    ({"state_size": [UNITS, 1, 1]}, r"for each of its `states`, 2, got \[3, 1, 1\]"),
    ({"state_size": [UNITS, 1], "output_size": 2}, "the size of its first state, which is the output, 3, got 2"),
])  # fmt: skip
def test_sizes_of_a_cell(sizes, words):
    class SizedCell(RecurrentCell):
        states = 2

    cell = SizedCell(UNITS)
    for name, value in sizes.items():
        setattr(cell, name, value)
    with pytest.raises(InputError, match=words):
        layers.RNN(cell)(sequences())


def test_units_are_a_whole_number():
    units: Any
    for units in (2.5, "2"):
        with pytest.raises(ValueError, match=f"expected a positive integer, got {units!r}"):
            layers.GRU(units)
    units = np.int64(UNITS)
    assert layers.GRU(units)(sequences()).shape == (BATCH, UNITS)
