"""The engine against automatic differentiation of the cell, called at every step."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, MinLSTMCell, ResetBeforeGRUCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.engine import loops, recurrence
from tests.engine.cells import AdditiveSumCell, MixedCell, SumCell, run_by_steps
from tests.engine.runs import arguments, built, gradients_of, small_segments  # noqa: F401
from tests.engine.test_pairwise import pairwise
from tests.layers.helpers import (
    BATCH,
    EMPTY_ROW,
    MASK,
    TIME,
    UNITS,
    assert_close,
    normal,
)

CELLS = {
    "LSTM": (LSTMCell, {}),
    "GRU": (GRUCell, {}),
    "reset before": (ResetBeforeGRUCell, {"layer_normalization": True}),
    "mixed": (MixedCell, {}),
}
LINEAR = {"MinGRU": (MinGRUCell, {}), "MinLSTM": (MinLSTMCell, {"layer_normalization": True})}
TABLE = pairwise({
    "cell": list(CELLS),
    "loop": ["steps", "unroll", "recompute"],
    "compiled": [True, False],
    "dropout": [None, "all gates", "each gate", "zoneout", "kernel"],
    "mask": [None, "mask", "empty row"],
    "reverse": [False, True],
    "time_major": [False, True],
    "return_sequences": [True, False],
    "training": [True, False],
})  # fmt: skip
LINEAR_TABLE = pairwise({
    "cell": list(LINEAR),
    "parallel": [True, False],
    "compiled": [True, False],
    "loop": ["steps", "unroll"],
    "dropout": [None, "all gates", "each gate", "zoneout"],
    "mask": [None, "mask", "empty row"],
    "reverse": [False, True],
    "time_major": [False, True],
    "return_sequences": [True, False],
})  # fmt: skip
PADDING = {None: None, "mask": MASK, "empty row": EMPTY_ROW}


def scaled_mask(*shape, seed):
    return tf.constant(2.0 * (normal(*shape, seed=seed, dtype="float64") > 0))


def masks_of(cell, dropout):
    """Fixed random masks of every kind that the cell has."""
    features, gates, recurrent = cell.gates * UNITS, cell.gates, not cell.linear
    if dropout == "all gates":
        return RandomMasks(scaled_mask(BATCH, features, seed=1))
    if dropout == "each gate":
        inputs = [scaled_mask(BATCH, features, seed=gate) for gate in range(gates)]
        if not recurrent:
            return RandomMasks(inputs)
        hidden = [scaled_mask(BATCH, UNITS, seed=9 + gate) for gate in range(gates)]
        if isinstance(cell, ResetBeforeGRUCell):
            return RandomMasks(inputs, hidden[:2], step=hidden[2])
        return RandomMasks(inputs, hidden)
    if dropout == "kernel":
        return RandomMasks(recurrent_kernel=scaled_mask(*cell.recurrent_kernel.shape, seed=3))
    if dropout == "zoneout":
        return RandomMasks(zoneout=tf.constant(normal(BATCH, TIME, sum(cell.state_sizes), seed=4) > 0.3))
    return RandomMasks()


def swap(sequence, time_major):
    return tf.experimental.numpy.swapaxes(sequence, 0, 1) if time_major and sequence is not None else sequence


def compare(monkeypatch, cell, mode, row, tolerance=1e-10):
    """A run with the options of the row, its results and gradients, against single steps."""
    masks, mask = masks_of(cell, row["dropout"]), PADDING[row["mask"]]
    mask = None if mask is None else tf.constant(mask)
    major = row["time_major"]
    drawn = masks._replace(zoneout=swap(masks.zoneout, major))
    monkeypatch.setattr(cell, "draw_masks", lambda *_: drawn)
    x, states = arguments(cell)

    def on_the_engine(x, states):
        outputs, final = recurrence.run(
            cell,
            swap(x, major),
            states,
            swap(mask, major),
            return_sequences=row["return_sequences"],
            reverse=row["reverse"],
            unroll=row["loop"] == "unroll",
            recompute=row["loop"] == "recompute",
            training=row.get("training", True),
            engine=mode,
            time_major=major,
        )
        return [swap(outputs, major and row["return_sequences"]), *final]

    def by_steps(x, states):
        outputs, final = run_by_steps(cell, x, states, mask, masks, row["reverse"])
        last = outputs[:, 0 if row["reverse"] else -1]
        return [outputs if row["return_sequences"] else last, *final]

    actual, gradients = gradients_of(cell, x, states, on_the_engine)
    expected, expected_gradients = gradients_of(cell, x, states, by_steps)
    names = ["outputs", *(f"state {i}" for i in range(len(states)))]
    for name, one, other in zip(names, actual, expected, strict=True):
        assert_close(one, other, tolerance, name)
    names = ["inputs", *names[1:], *(weight.path for weight in cell.trainable_variables)]
    for name, one, other in zip(names, gradients, expected_gradients, strict=True):
        assert_close(one, other, tolerance, f"the gradient of {name}")


def options_of(row):
    make, options = {**CELLS, **LINEAR}[row["cell"]]
    options = dict(options)
    if row["cell"] in LINEAR:
        options["parallel"] = row["parallel"]
    if row["dropout"] == "zoneout":
        options["zoneout"] = 0.3
    return make, options


def row_id(row):
    return "-".join(f"{name}={value}" for name, value in row.items())


@pytest.mark.usefixtures("eager", "small_segments")
@pytest.mark.parametrize("row", TABLE + LINEAR_TABLE, ids=row_id)
def test_the_engine_equals_single_steps(monkeypatch, row):
    make, options = options_of(row)
    compare(monkeypatch, built(make, **options), "xla" if row["compiled"] else "portable", row)


PLAIN_ROW = {"loop": "steps", "dropout": None, "mask": "mask", "reverse": True, "time_major": False,
             "return_sequences": True}  # fmt: skip


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize(
    "name, changes",
    [
        ("LSTM", {"dropout": "each gate"}),
        ("GRU", {"training": False, "mask": "empty row"}),
        pytest.param("reset before", {"loop": "recompute", "reverse": False}, marks=pytest.mark.slow),
        pytest.param("MinLSTM", {"parallel": False}, marks=pytest.mark.slow),
        ("MinGRU", {"parallel": True}),
        pytest.param("mixed", {"time_major": True}, marks=pytest.mark.slow),
        pytest.param("mixed", {"loop": "unroll", "dropout": "zoneout"}, marks=pytest.mark.slow),
        pytest.param("LSTM", {"loop": "recompute", "dropout": "zoneout"}, marks=pytest.mark.slow),
        pytest.param("GRU", {"time_major": True, "dropout": "kernel"}, marks=pytest.mark.slow),
    ],
)
def test_compiled_runs_equal_single_steps(monkeypatch, name, changes):
    row = {**PLAIN_ROW, "cell": name, **changes}
    make, options = options_of(row)
    compare(monkeypatch, built(make, **options), "xla", row)


def test_a_traced_run_equals_single_steps(monkeypatch):
    compare(monkeypatch, built(GRUCell), "portable", {**PLAIN_ROW, "cell": "GRU"})


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", ["LSTM", "MinGRU"])
def test_zoneout_in_inference(name):
    make, options = {**CELLS, **LINEAR}[name]
    cell = built(make, zoneout=0.3, **options)
    x, states = arguments(cell)
    outputs, _ = recurrence.run(cell, x, states)
    for time in range(TIME):
        output, states = cell(x[:, time], states)
        assert_close(outputs[:, time], output, 1e-10)


@pytest.mark.usefixtures("eager", "small_segments")
@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_additive_gates_change_no_number(mode):
    results = []
    for make in (SumCell, AdditiveSumCell):
        cell = built(make)
        x, states = arguments(cell)
        results.append(gradients_of(cell, x, states, lambda x, states: flat_run(cell, x, states, mode)))  # noqa: B023
    for one, other in zip(*map(tf.nest.flatten, results), strict=True):
        assert_close(one, other, 1e-12)


def flat_run(cell, x, states, mode, mask=None):
    outputs, final = recurrence.run(cell, x, states, mask, engine=mode)
    return [outputs, *final]


@pytest.mark.usefixtures("eager")
def test_the_residuals_of_additive_gates_are_their_sum():
    for make, widths in ((SumCell, [2, 2]), (AdditiveSumCell, [2]), (MixedCell, [1, 2, 2])):
        cell = built(make)
        spec = loops.StepSpec(cell.step, cell.additive_columns, recurrence.Layout(1))
        x, states = arguments(cell)
        *_, residuals = loops.forward(
            spec, False, True, x, cell.run_weights(RandomMasks()), states, None, RandomMasks()
        )
        assert [block.shape[-1] for block in residuals.preactivations] == [width * UNITS for width in widths]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("training, runs", [(True, 1), (False, 2)])
def test_training_saves_the_residuals_of_the_forward_loop(monkeypatch, training, runs):
    calls, forward = [], loops.forward
    monkeypatch.setattr(loops, "forward", lambda *arguments: calls.append(1) or forward(*arguments))
    cell = built(GRUCell)
    x, states = arguments(cell)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs, _ = recurrence.run(cell, x, states, training=training, engine="portable")
    tape.gradient(outputs, x)
    assert len(calls) == runs


# Dtypes, slices, second derivatives


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("mode", ["portable", "xla"])
@pytest.mark.parametrize("make", [LSTMCell, MinGRUCell])
def test_wide_states_are_carried_in_their_dtype(make, mode):
    cell = make(UNITS, dtype="mixed_float16")
    cell.build((BATCH, UNITS))
    states = [tf.constant(normal(BATCH, UNITS, seed=i)) for i in range(cell.states)]
    x = tf.constant(normal(BATCH, TIME, UNITS, dtype="float16"))
    outputs, final = recurrence.run(cell, x, states, engine=mode)
    assert outputs.dtype == tf.float16 and {state.dtype for state in final} == {tf.float32}
    assert np.any(final[-1] != tf.cast(tf.cast(final[-1], tf.float16), tf.float32))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("make, options", [(LSTMCell, {}), (MinGRUCell, {"parallel": True})])
def test_gradients_that_come_as_slices(make, options):
    cell, rows = built(make, **options), [2, 0, 2]
    x, states = arguments(cell)
    gradients = []
    for select in (
        lambda y: tf.gather(y, rows),
        lambda y: tf.tensordot(tf.one_hot(rows, BATCH, dtype="float64"), y, 1),
    ):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, _ = recurrence.run(cell, x, states)
            loss = tf.reduce_sum(select(outputs) ** 2)
        gradients.append(tape.gradient(loss, x))
    assert_close(*gradients, 1e-12)


@pytest.mark.parametrize("recompute", [False, True])
def test_gradients_of_a_cell_that_nothing_else_holds(recompute):
    def gradient(*reused):
        cells = reused or (built(LSTMCell),)
        x, states = arguments(cells[0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(recurrence.run(cells[0], x, states, engine="portable", recompute=recompute)[0])
        del cells
        gc.collect()
        return tape.gradient(loss, x)

    assert_close(gradient(), gradient(built(LSTMCell)), 1e-12)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("make", [LSTMCell, MinGRUCell])
@pytest.mark.parametrize("loss", [tf.square, tf.identity])
def test_second_derivatives_are_refused(make, loss):
    cell = make(3)
    cell.build((2, 3))
    x, states = tf.random.normal((2, 4, 3)), [tf.zeros((2, 3))] * cell.states
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(loss(recurrence.run(cell, x, states)[0]))
        penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
    with pytest.raises(NotImplementedError, match=r"first derivatives only.*keras.layers.RNN"):
        outer.gradient(penalty, x)
