"""Compiled runs tile by tile: every length and number of rows, few programs, shared by layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import nlpseq
from nlpseq import engine
from nlpseq.cells import GRUCell, LSTMCell, RecurrentCell
from nlpseq.engine import plans, recurrence
from tests.engine.cells import run_by_steps
from tests.layers.helpers import assert_close, normal, project, randomize

UNITS, FEATURES = 2, 3


@pytest.fixture
def small(monkeypatch):
    """Tiles of at most four rows and three steps."""
    monkeypatch.setattr(plans, "CAPACITIES", ((1, 5), (2, 4), (4, 3)))


def results(cell, x, states, mask, call):
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        outputs, final = call(x, states, mask)
        loss = project([outputs, *final])
    sources = [x, *states, *(weight.value for weight in cell.trainable_variables)]
    return [outputs, *final, *tape.gradient(loss, sources)]


def built(make=LSTMCell, dtype="float64"):
    cell = make(UNITS, dtype=dtype)
    cell.build((None, FEATURES))
    return randomize(cell)


def data(cell, batch, time):
    x = tf.constant(normal(batch, time, FEATURES, dtype="float64"))
    return x, [tf.constant(normal(batch, n, seed=i + 3, dtype="float64")) for i, n in enumerate(cell.state_sizes)]


@pytest.mark.usefixtures("eager", "small")
@pytest.mark.parametrize("make, batch, time", [
    (LSTMCell, 1, 5), (GRUCell, 5, 7), (LSTMCell, 9, 4),
    *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in ((GRUCell, 2, 5), (LSTMCell, 3, 3))),
])  # fmt: skip
@pytest.mark.parametrize("options", [
    {}, {"reverse": True, "mask": "ragged"}, {"mask": "gaps", "recompute": True}, {"mask": "ragged", "last": True},
], ids=str)  # fmt: skip
def test_sizes_around_tiles(make, batch, time, options):
    cell, random = built(make), np.random.default_rng(batch)
    x, states = data(cell, batch, time)
    reverse, last = options.get("reverse", False), options.get("last", False)
    mask = {
        None: None,
        "ragged": np.arange(time) < random.integers(0, time + 1, (batch, 1)),
        "gaps": random.random((batch, time)) < 0.6,
    }[options.get("mask")]
    mask = None if mask is None else tf.constant(mask)

    def on_the_engine(x, states, mask):
        return recurrence.run(
            cell,
            x,
            states,
            mask,
            reverse=reverse,
            return_sequences=not last,
            recompute=options.get("recompute", False),
            training=True,
            engine="xla",
        )

    def by_steps(x, states, mask):
        outputs, final = run_by_steps(cell, x, states, mask, reverse=reverse)
        return (final[0] if last else outputs), final

    actual, expected = (results(cell, x, states, mask, call) for call in (on_the_engine, by_steps))
    for one, other in zip(actual, expected, strict=True):
        assert_close(one, other, 1e-10)


@pytest.mark.usefixtures("eager", "small")
@pytest.mark.parametrize("lengths", [[7, 4, 0, 6, 2, 1, 1, 2], [7, 2, 7, 0, 2, 6, 1, 2]], ids=["as given", "ordered"])
def test_steps_after_the_end_of_a_block_are_not_run(monkeypatch, lengths):
    """Rows are ordered by length where that saves steps."""
    cell, steps = built(), []
    step = cell.step
    monkeypatch.setattr(cell, "step", lambda *arguments: steps.append(1) or step(*arguments))
    x, states = data(cell, 8, 9)  # two blocks of four rows
    mask = tf.sequence_mask(lengths, 9)
    for _ in range(2):  # the first run also traces the step for the signature
        steps.clear()
        recurrence.run(cell, x, states, mask, engine="xla")
    assert len(steps) == 7 + 2


def test_capacities_are_a_function_of_the_number_of_rows():
    for batch in range(1, 200):
        expected = next((c for c in plans.CAPACITIES if 2 * batch <= 3 * c[0]), plans.CAPACITIES[-1])
        assert plans.capacity(batch) == expected
        assert tuple(map(int, plans.capacity(tf.constant(batch)))) == expected


class Decay(RecurrentCell):
    """A custom cell with a number that is not in its config."""

    def __init__(self, units, rate=0.5, **kwargs):
        super().__init__(units, **kwargs)
        self.rate = rate

    def transition(self, wx, uh, states):
        return [self.rate * states[0] + tf.tanh(wx + uh)]


def train(layer, batch, time, features=FEATURES):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(normal(batch, time, features), training=True))
    tape.gradient(loss, [weight.value for weight in layer.trainable_variables])


def test_layers_of_one_signature_share_their_programs():
    # Programs of other tests may be held: differences count.
    train(nlpseq.layers.RNN(Decay(UNITS)), 2, 3)
    before = engine.program_count()
    for time in (4, 9, 70):
        train(nlpseq.layers.RNN(Decay(UNITS), go_backwards=True), 5, time, features=4)
    assert engine.program_count() == before
    train(nlpseq.layers.RNN(Decay(UNITS, rate=0.25)), 2, 3)
    assert engine.program_count() == before + 2  # the loop and its gradient


def test_a_cell_that_holds_a_tensor_shares_nothing():
    outputs = []
    for value in (0.0, 1.0):

        class Shifted(RecurrentCell):
            shift = tf.constant(normal(1, UNITS)) + value

            def transition(self, wx, uh, states):
                return [tf.tanh(wx + uh + self.shift)]

        layer = nlpseq.layers.RNN(Shifted(UNITS, kernel_initializer="zeros"))
        outputs.append(layer(tf.zeros((2, 3, FEATURES)), training=True))
    assert not np.allclose(*outputs)


@pytest.mark.slow
def test_a_model_compiled_as_a_whole_trains_the_same():
    losses, x, y = [], normal(5, 6, FEATURES), normal(5, 2)
    for jit_compile in (False, True):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([nlpseq.layers.LSTM(UNITS, return_sequences=True), nlpseq.layers.GRU(UNITS)])
        model.compile("sgd", "mse", jit_compile=jit_compile)
        losses.append(model.fit(x, y, epochs=2, verbose=0, batch_size=5).history["loss"])
    assert_close(*losses, 1e-5)
    assert losses[0][0] != losses[0][1]


@pytest.mark.parametrize("mode", ["auto", pytest.param("xla", marks=pytest.mark.slow)])
def test_an_export_of_known_sizes_compiles_nothing(tmp_path, mode):
    from tensorflow.core.protobuf import saved_model_pb2

    inputs = keras.Input((4, FEATURES))
    model = keras.Model(inputs, nlpseq.layers.LSTM(UNITS, engine=mode)(inputs))
    model.compile("sgd", "mse")
    model.predict(normal(2, 4, FEATURES), verbose=0)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", model.call, input_signature=[tf.TensorSpec([1, 4, FEATURES])])
    archive.write_out(str(tmp_path), verbose=False)
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((tmp_path / "saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    assert functions and not any(function.attr["_XlaMustCompile"].b for function in functions)


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("batch, time", [(1, 65), (8, 64), (9, 33), (32, 32), (65, 17)])
def test_compiled_sizes_around_tiles(batch, time, reverse):
    cell = built()
    x, states = data(cell, batch, time)
    mask = tf.sequence_mask(np.random.default_rng(0).integers(0, time + 1, batch), time)
    portable, compiled = (
        results(
            cell,
            x,
            states,
            mask,
            lambda *arguments, mode=mode: recurrence.run(cell, *arguments, reverse=reverse, training=True, engine=mode),
        )
        for mode in ("portable", "xla")
    )
    for one, other in zip(compiled, portable, strict=True):
        assert_close(one, other, 1e-10)
