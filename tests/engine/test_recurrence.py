"""The engine against automatic differentiation of the cell, called at every step."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell, MinLSTMCell, ResetBeforeGRUCell
from nlpseq.cells.contract import RandomMasks
from nlpseq.engine import loops, recomputation, recurrence, tiles
from nlpseq.engine.layout import Layout
from tests.engine.cells import AdditiveSumCell, MixedCell, SumCell, run_by_steps
from tests.engine.test_pairwise import pairwise
from tests.layers.helpers import (
    BATCH,
    EMPTY_ROW,
    MASK,
    TIME,
    UNITS,
    assert_close,
    normal,
    project,
    randomize,
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


@pytest.fixture
def small_segments(monkeypatch):
    """Segments of two steps, and tiles of two rows and three steps."""
    monkeypatch.setattr(tiles, "CAPACITIES", ((1, 5), (2, 3)))
    monkeypatch.setattr(recomputation, "SHORTEST", 2)


def built(make, **options):
    cell = make(UNITS, dtype="float64", **options)
    # As many features as columns: the kernel is then square and invertible, and no error in the
    # gradient of the input half vanishes in the product with it.
    cell.build((BATCH, cell.gates * UNITS))
    return randomize(cell)


def arguments(cell, time=TIME):
    x = tf.constant(normal(BATCH, time, cell.gates * UNITS, dtype="float64"))
    return x, [tf.constant(normal(BATCH, n, seed=i + 5, dtype="float64")) for i, n in enumerate(cell.state_sizes)]


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


def gradients_of(cell, x, states, call):
    """All results of a call, and the gradients of a random projection of them."""
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        results = call(x, states)
        loss = project(results)
    sources = [x, *states, *(weight.value for weight in cell.trainable_variables)]
    return results, tape.gradient(loss, sources, unconnected_gradients="zero")


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


# Lengths and masks at their limits


@pytest.mark.usefixtures("eager", "small_segments")
@pytest.mark.parametrize("time, reverse, mode", [
    (1, True, "xla"), (3, False, "portable"), (7, True, "xla"),
    *(pytest.param(*options, "xla", marks=pytest.mark.slow) for options in ((6, True), (7, False))),
])  # fmt: skip
def test_numbers_of_steps_around_a_segment(time, reverse, mode):
    for recompute in (False, True):
        cell = built(LSTMCell)
        x, states = arguments(cell, time)

        def call(x, states, cell=cell, recompute=recompute):
            outputs, final = recurrence.run(
                cell, x, states, reverse=reverse, recompute=recompute, training=True, engine=mode
            )
            return [outputs, *final]

        def by_steps(x, states, cell=cell):
            outputs, final = run_by_steps(cell, x, states, reverse=reverse)
            return [outputs, *final]

        results = gradients_of(cell, x, states, call), gradients_of(cell, x, states, by_steps)
        for one, other in zip(*map(tf.nest.flatten, results), strict=True):
            assert_close(one, other, 1e-10)


def check_states_stay(make, time, mode, return_sequences):
    """Without a real step the states stay, and their gradients are those of the final states."""
    cell = built(make)
    x, states = arguments(cell, time)
    mask = tf.zeros((BATCH, time), bool)
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        outputs, final = recurrence.run(
            cell, x, states, mask, return_sequences=return_sequences, training=True, engine=mode
        )
        loss = project(final)
    assert outputs.shape == ((BATCH, time, UNITS) if return_sequences else (BATCH, UNITS))
    for one, other in zip(final, states, strict=True):
        assert_close(one, other)
    weights = [weight.value for weight in cell.trainable_variables]
    gradients = tape.gradient(loss, [*states, x, *weights], unconnected_gradients="zero")
    upstream = [tf.random.stateless_normal(tf.shape(state), (3, i), dtype=state.dtype) for i, state in enumerate(final)]
    for one, other in zip(gradients, upstream):
        assert_close(one, other)
    assert not any(np.any(gradient) for gradient in gradients[len(states) :])


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("time, return_sequences, mode", [
    (0, True, "portable"), (0, False, "xla"), (2, True, "xla"), (2, False, "portable"),
])  # fmt: skip
@pytest.mark.parametrize("make", [GRUCell, MixedCell, MinGRUCell])
def test_without_a_real_step_the_states_stay(make, time, return_sequences, mode):
    check_states_stay(make, time, mode, return_sequences)


@pytest.mark.parametrize("mode", ["xla", pytest.param("portable", marks=pytest.mark.slow)])
def test_no_steps_at_all_in_a_compiled_loop(mode):
    check_states_stay(GRUCell, 0, mode, True)


@pytest.mark.parametrize("mode", ["xla", pytest.param("portable", marks=pytest.mark.slow)])
@pytest.mark.parametrize("recompute", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_unknown_sizes(mode, recompute):
    """In a graph of unknown batch and time, one trace for all lengths."""
    cell, features = built(GRUCell), 3 * UNITS

    def gradient(x, mask, mode):
        def call(x, states):
            outputs, final = recurrence.run(
                cell, x, states, mask, training=True, engine=mode, reverse=True, recompute=recompute
            )
            return [outputs, *final]

        states = [tf.zeros((tf.shape(x)[0], UNITS), "float64")]
        return gradients_of(cell, x, states, call)

    specs = [tf.TensorSpec((None, None, features), tf.float64), tf.TensorSpec((None, None), tf.bool)]
    unknown = tf.function(lambda x, mask: gradient(x, mask, mode), input_signature=specs, autograph=False)
    lengths = (1, 6, 7) if mode == "portable" else (1, 7)
    actual, expected = [], []
    data = [
        (tf.constant(normal(BATCH, t, features, dtype="float64")), tf.constant(normal(BATCH, t) > -0.5))
        for t in lengths
    ]
    for x, mask in data:
        actual.extend(tf.nest.flatten(unknown(x, mask)))
    tf.config.run_functions_eagerly(True)
    try:
        for x, mask in data:
            expected.extend(tf.nest.flatten(gradient(x, mask, "portable")))
    finally:
        tf.config.run_functions_eagerly(False)
    for one, other in zip(actual, expected, strict=True):
        assert_close(one, other, 1e-10)


def test_an_unknown_number_of_steps_without_a_mask():
    """What is added to fill the last segment of a run that is computed again is masked."""
    cell, features = built(GRUCell), 3 * UNITS
    states = [tf.zeros((BATCH, UNITS), "float64")]

    def final(x):
        return recurrence.run(cell, x, states, training=True, engine="portable", recompute=True)[1]

    unknown = tf.function(final, [tf.TensorSpec((BATCH, None, features), tf.float64)], autograph=False)
    for steps in (7, 16):
        x = tf.constant(normal(BATCH, steps, features, dtype="float64"))
        assert_close(unknown(x)[0], run_by_steps(cell, x, states)[1][0], 1e-10)


@pytest.mark.parametrize("steps, padded", [(0, 4), (3, 4), (4, 4), (5, 8)])
def test_the_last_segment_is_filled(steps, padded):
    """Of known and of unknown sequences, and no further."""
    pad = lambda sequence: recomputation.pad(Layout(1), 4, sequence)  # noqa: E731
    unknown = tf.function(pad, [tf.TensorSpec((2, None, 3))], autograph=False)
    for function in (pad, unknown):
        assert function(tf.ones((2, steps, 3))).shape == (2, padded, 3)


@pytest.mark.parametrize(
    "steps, expected", [(None, 16), (1, 8), (64, 8), (100, 10), (128, 8), (400, 20), (10_000, 100), (97, 10)]
)
def test_segments_are_near_the_square_root_of_the_steps(steps, expected):
    assert recomputation.segment_length(steps) == expected


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
    def gradient(*kept):
        cells = kept or (built(LSTMCell),)
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
