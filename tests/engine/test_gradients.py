"""Backpropagation through time by hand: finite differences, and autodiff in keras.layers.RNN."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq import engine, layers
from nlpseq.cells import (
    GRUCell,
    LSTMCell,
    MinGRUCell,
    MinLSTMCell,
    RecurrentCell,
    SimpleRNNCell,
)
from tests.benchmarks import cells
from tests.layers.helpers import (
    BATCH,
    EMPTY_ROW,
    FEATURES,
    MASK,
    TIME,
    UNITS,
    assert_close,
    assert_same,
    normal,
    project,
    randomize,
    run,
    sequences,
    states_of,
)


class MinimalGatedCell(cells.MinimalGatedCell):
    """A user's own cell, for which the engine keeps both halves whole."""

    additive = 0


class SumCell(RecurrentCell):
    """A cell of wx + uh with two states, one of which forgets slowly."""

    gates = 2
    states = 2

    def transition(self, wx, uh, states):
        _, memory = states
        gate, candidate = tf.split(wx + uh, 2, axis=-1)
        memory = 0.7 * memory + tf.sigmoid(gate) * candidate
        return [tf.tanh(memory), memory]


class AdditiveSumCell(SumCell):
    """The same, for which the engine keeps the sum alone."""

    additive = True


CELLS = [SimpleRNNCell, LSTMCell, GRUCell, MinimalGatedCell, SumCell]
MANNERS = [
    pytest.param(None, False, False, id="plain"),
    pytest.param(MASK, False, False, id="mask"),
    pytest.param(EMPTY_ROW, True, False, id="mask-reverse"),
    pytest.param(EMPTY_ROW, True, True, id="mask-reverse-unroll"),
]


def built(cell_class, **options):
    cell = cell_class(UNITS, dtype="float64", **options)
    # As many features as columns: the kernel is then square, and no error in the gradient
    # of the input half can vanish in its product with the kernel.
    cell.build((BATCH, cell.gates * UNITS))
    return randomize(cell)


def arguments(cell):
    """The sources of the gradients: inputs, initial states, and the values of the weights."""
    x = normal(BATCH, TIME, cell.gates * UNITS, dtype="float64")
    sizes = enumerate(cell.state_sizes)
    states = [normal(BATCH, size, seed=i + 5, dtype="float64") for i, size in sizes]
    return [tf.constant(each) for each in (x, *states)]


def total(cell, values, mask, **options):
    mask = None if mask is None else tf.constant(mask)
    options = {"engine": "portable", **options}
    outputs, final = engine.run(cell, values[0], list(values[1:]), mask, **options)
    return project([outputs, *final])


def check_against_differences(cell, mask, **options):
    """The derivative along two random directions of each source, by the tape and centrally."""
    values, variables = arguments(cell), [w.value for w in cell.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = total(cell, values, mask, **options)
    gradients = tape.gradient(loss, [*values, *variables])
    sources = [tf.convert_to_tensor(each) for each in (*values, *variables)]

    def at(i, shift):
        moved = [s + shift if i == j else s for j, s in enumerate(sources)]
        for variable, value in zip(variables, moved[len(values) :]):
            variable.assign(value)
        return float(total(cell, moved[: len(values)], mask, **options))

    step = 1e-5
    for i, gradient in enumerate(gradients):
        for seed in (80, 81):
            direction = normal(*gradient.shape, seed=seed + i, dtype="float64")
            expected = (at(i, step * direction) - at(i, -step * direction)) / (2 * step)
            actual = float(tf.reduce_sum(gradient * direction))
            assert actual == pytest.approx(expected, rel=1e-7, abs=1e-8), f"source {i}"


@pytest.mark.parametrize("mask, reverse, unroll", MANNERS)
@pytest.mark.parametrize("cell_class", CELLS)
def test_gradients_equal_finite_differences(cell_class, mask, reverse, unroll):
    check_against_differences(built(cell_class), mask, reverse=reverse, unroll=unroll)


VARIANTS = [
    (SimpleRNNCell, {"layer_normalization": True}),
    (LSTMCell, {"layer_normalization": True, "peephole": True}),
    (LSTMCell, {"peephole": True, "coupled_gates": True}),
    (LSTMCell, {"projection_size": 2}),
    (LSTMCell, {"projection_size": 4, "layer_normalization": True, "coupled_gates": True}),
    (LSTMCell, {"zoneout": [0.2, 0.4]}),
    (GRUCell, {"layer_normalization": True, "zoneout": 0.3}),
    (GRUCell, {"reset_after": False}),
    (GRUCell, {"reset_after": False, "layer_normalization": True}),
    (MinGRUCell, {}),
    (MinGRUCell, {"parallel": True, "zoneout": 0.3}),
    (MinLSTMCell, {"layer_normalization": True}),
    (MinLSTMCell, {"parallel": True}),
]


@pytest.mark.parametrize("mask, reverse", [(None, False), (EMPTY_ROW, True)])
@pytest.mark.parametrize("cell_class, options", VARIANTS, ids=str)
def test_gradients_of_variants_equal_finite_differences(cell_class, options, mask, reverse):
    check_against_differences(built(cell_class, **options), mask, reverse=reverse)


@pytest.mark.parametrize("cell_class, options", [(c, {}) for c in CELLS] + VARIANTS[:9], ids=str)
def test_gradients_with_recomputation(cell_class, options):
    check_against_differences(built(cell_class, **options), MASK, recompute=True)


@pytest.mark.parametrize("cell_class", [SimpleRNNCell, LSTMCell, GRUCell, MinGRUCell])
def test_gradients_under_zoneout(monkeypatch, cell_class):
    cell = built(cell_class, zoneout=0.5)
    shape = (BATCH, TIME, sum(cell.state_sizes))
    held = tf.constant(normal(*shape, seed=9) > 0.5)
    monkeypatch.setattr(cell, "noise", lambda *_: held)
    check_against_differences(cell, MASK, training=True, engine="portable")


@pytest.mark.parametrize("reset_after", [True, False])
def test_gradients_under_weight_dropout(monkeypatch, reset_after):
    cell = built(GRUCell, reset_after=reset_after, weight_dropout=0.5)
    mask = tf.constant(2.0 * (normal(*cell.recurrent_kernel.shape, dtype="float64") > 0))
    monkeypatch.setattr(cell, "_kernel_mask", lambda: mask)
    check_against_differences(cell, MASK, training=True)


@pytest.mark.parametrize("cell_class", CELLS)
def test_gradients_without_bias_or_sequences(cell_class):
    check_against_differences(built(cell_class, use_bias=False), MASK, return_sequences=False)


@pytest.mark.parametrize("one_a_gate, reverse", [(False, True), (True, False)])
@pytest.mark.parametrize("cell_class", CELLS)
def test_gradients_under_recurrent_dropout(monkeypatch, cell_class, one_a_gate, reverse):
    cell = built(cell_class)
    masks = [tf.constant(2.0 * (normal(BATCH, UNITS, seed=i, dtype="float64") > 0)) for i in range(cell.gates)]
    # Fixed masks, for the differences need the same ones in every evaluation.
    monkeypatch.setattr(cell, "recurrent_masks", lambda *_: masks if one_a_gate else masks[0])
    check_against_differences(cell, MASK, reverse=reverse, training=True)


@pytest.mark.parametrize(
    "cell_class, mask, training",
    [(cell_class, mask, False) for cell_class in CELLS for mask in (None, EMPTY_ROW)]
    + [(MinimalGatedCell, MASK, True)],
)
def test_engine_equals_autodiff(cell_class, mask, training):
    cell = cell_class(UNITS)
    options = {"return_sequences": True, "return_state": True}
    theirs = keras.layers.RNN(cell, **options)
    ours = nlpseq.layers.RNN(cell, **options)  # "auto": compiled in training
    theirs.build((BATCH, TIME, FEATURES))
    ours.build((BATCH, TIME, FEATURES))
    randomize(cell)
    x, states = sequences(), states_of(theirs)
    expected = run(theirs, x, states, mask=mask)
    assert_same(run(ours, x, states, mask=mask, training=training), expected)


def test_a_users_cell_trains_as_it_does_in_keras():
    losses, weights = [], []
    for layer_class in (nlpseq.layers.RNN, keras.layers.RNN):
        inputs = keras.Input((TIME, FEATURES))
        model = keras.Model(inputs, layer_class(MinimalGatedCell(UNITS))(inputs))
        randomize(model)
        model.compile(keras.optimizers.SGD(0.5), "mse")
        history = model.fit(sequences(), normal(BATCH, UNITS), epochs=4, verbose=0)
        losses.append(history.history["loss"])
        weights.append(model.get_weights())
    np.testing.assert_allclose(*losses, rtol=1e-5)
    assert losses[0][-1] < losses[0][0]
    for one, other in zip(*weights, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize(
    "mask, reverse, unroll, engine_mode",
    [(*manner.values, "portable") for manner in MANNERS] + [(MASK, True, False, "xla")],
)
def test_additive_changes_no_number(mask, reverse, unroll, engine_mode):
    results = []
    for cell_class in (SumCell, AdditiveSumCell):
        layer = nlpseq.layers.RNN(
            cell_class(UNITS),
            return_sequences=True,
            return_state=True,
            go_backwards=reverse,
            unroll=unroll,
            engine=engine_mode,
        )
        layer.build((BATCH, TIME, FEATURES))
        randomize(layer)
        results.append(run(layer, sequences(), states_of(layer), mask=mask))
    assert_same(*results)


@pytest.mark.parametrize(
    "cell_class, mask, reverse",
    [
        (SimpleRNNCell, None, True),
        (LSTMCell, EMPTY_ROW, True),
        (GRUCell, MASK, False),
        (MinimalGatedCell, EMPTY_ROW, True),
    ],
)
def test_xla_portable_and_unrolled_agree(cell_class, mask, reverse):
    cell = cell_class(UNITS)
    cell.build((BATCH, FEATURES))
    randomize(cell)
    results = []
    for mode, unrolled in (("portable", False), ("xla", False), ("portable", True)):
        layer = nlpseq.layers.RNN(
            cell,
            return_sequences=True,
            return_state=True,
            go_backwards=reverse,
            unroll=unrolled,
            engine=mode,
        )
        results.append(run(layer, sequences(), states_of(layer), mask=mask))
    assert_same(results[1], results[0])
    assert_same(results[2], results[0])


def test_xla_unrolled_agrees():
    cell = GRUCell(UNITS)
    cell.build((BATCH, FEATURES))
    randomize(cell)
    layers = [nlpseq.layers.RNN(cell, unroll=True, engine=mode) for mode in ("xla", "portable")]
    assert_same(*(run(layer, sequences(), mask=MASK) for layer in layers))


# XLA takes a second or more to compile one loop: one cell stands for all where the cell
# has no part in what is tested.
COMPILED = [(cell_class, "portable") for cell_class in CELLS[1:4]] + [(LSTMCell, "xla")]


@pytest.mark.parametrize("cell_class, engine_mode", COMPILED)
@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("time", [0, TIME])
def test_without_a_real_step_the_states_stay(cell_class, time, return_sequences, engine_mode):
    layer = nlpseq.layers.RNN(
        cell_class(UNITS), return_sequences=return_sequences, return_state=True, engine=engine_mode
    )
    layer.build((BATCH, None, FEATURES))
    randomize(layer)
    states = states_of(layer)
    mask = np.zeros((BATCH, time), bool)
    (output, *final), gradients = run(layer, sequences(time), states, mask=mask)
    shape = (BATCH, time, UNITS) if return_sequences else (BATCH, UNITS)
    assert_close(output, np.zeros(shape))
    for one, other in zip(final, states, strict=True):
        assert_close(one, other)
    for name, gradient in gradients.items():
        assert np.isfinite(gradient).all(), name
        # What a state is given for reaches it whole; nothing else has a part in the result.
        assert np.any(gradient) == name.startswith("state"), name


@pytest.mark.parametrize("cell_class, engine_mode", COMPILED)
def test_time_zero_without_mask(cell_class, engine_mode):
    layer = nlpseq.layers.RNN(cell_class(UNITS), return_state=True, engine=engine_mode)
    layer.build((BATCH, None, FEATURES))
    results, gradients = run(layer, sequences(0))
    for result in results:
        assert_close(result, np.zeros((BATCH, UNITS)))
    for name, gradient in gradients.items():
        assert not np.any(gradient), name


@pytest.mark.parametrize("reverse", [False, True])
def test_outputs_stay_at_the_time_of_their_inputs(reverse):
    cell = built(LSTMCell)
    x, *states = arguments(cell)
    outputs, final = engine.run(cell, x, states, reverse=reverse, engine="portable")
    last, _ = engine.run(cell, x, states, reverse=reverse, return_sequences=False, engine="portable")
    assert_close(outputs[:, 0 if reverse else -1], last)
    assert_close(final[0], last)


@pytest.mark.parametrize("engine_mode", ["xla", "portable"])
@pytest.mark.parametrize("cell", [nlpseq.cells.LSTMCell(3), nlpseq.cells.MinGRUCell(3, parallel=True)])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_gradients_that_come_as_slices(cell, return_sequences, engine_mode):
    layer = layers.RNN(cell, return_sequences=return_sequences, engine=engine_mode)
    x, rows = tf.random.stateless_normal((4, 5, 2), seed=(1, 2)), [2, 0, 2]
    found = []
    for picked in (lambda y: tf.gather(y, rows), lambda y: tf.tensordot(tf.one_hot(rows, 4), y, 1)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(picked(layer(x)) ** 2)
        found.append(tape.gradient(loss, x))
    np.testing.assert_allclose(*found, atol=1e-6)


@pytest.mark.parametrize(
    "cell", [nlpseq.cells.LSTMCell(3), nlpseq.cells.MinGRUCell(3), nlpseq.cells.MinGRUCell(3, parallel=True)]
)
def test_second_derivatives_are_refused(cell):
    layer = layers.RNN(cell)
    x = tf.random.normal((2, 4, 3))
    for loss in (tf.square, tf.identity):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(loss(layer(x)))
            penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
        with pytest.raises(NotImplementedError, match="first derivatives only"):
            outer.gradient(penalty, x)


class ScaledCell(RecurrentCell):
    """A cell with a trainable vector in its transition."""

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight(name="scale", shape=(self.units,), initializer="normal")

    def transition(self, wx, uh, states):
        return [tf.tanh(self.scale * (wx + uh))]


@pytest.mark.parametrize("training", [False, True])
def test_a_cell_with_weights_in_its_transition_trains_on_the_engine(training):
    cell = ScaledCell(3)
    x = tf.random.normal((2, 4, 3))
    results = []
    for layer in (layers.RNN(cell), keras.layers.RNN(cell)):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(x, training=training) ** 2)
        results.append([y, *tape.gradient(y, [v.value for v in cell.trainable_weights])])
    assert cell.fused and len(results[0]) == 5
    for one, other in zip(*results):
        np.testing.assert_allclose(one, other, rtol=1e-5)
