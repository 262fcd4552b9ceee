"""The engine with numbers of steps and masks at their limits: none, one, around a segment, unknown."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine, layers
from nlpseq.cells import GRUCell, LSTMCell, MinGRUCell
from nlpseq.engine import recomputation, recurrence
from nlpseq.engine.layout import Layout
from tests.engine.cells import MixedCell, run_by_steps
from tests.engine.runs import arguments, built, gradients_of, small_segments  # noqa: F401
from tests.layers.helpers import BATCH, UNITS, assert_close, normal, project


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


@pytest.mark.parametrize("make", [GRUCell, MinGRUCell])
def test_no_steps_in_a_graph_of_unknown_sizes(make):
    """As of an export: an empty sequence, and no gradient."""
    cell = built(make)
    x, states = arguments(cell, 0)
    unknown = [
        tf.TensorSpec((None, None, x.shape[2]), x.dtype),
        *(tf.TensorSpec((None, UNITS), x.dtype) for _ in states),
    ]

    @tf.function(input_signature=unknown, autograph=False)
    def outputs_and_gradient(x, *states):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, _ = recurrence.run(cell, x, list(states), reverse=True)
        return outputs, tape.gradient(outputs, x)

    outputs, gradient = outputs_and_gradient(x, *states)
    assert (outputs.shape, gradient.shape) == ((BATCH, 0, UNITS), x.shape)


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

    def pad(sequence):
        return recomputation.pad(Layout(1), 4, sequence)

    unknown = tf.function(pad, [tf.TensorSpec((2, None, 3))], autograph=False)
    for function in (pad, unknown):
        assert function(tf.ones((2, steps, 3))).shape == (2, padded, 3)


@pytest.mark.parametrize(
    "steps, expected", [(None, 16), (1, 8), (64, 8), (100, 10), (128, 8), (400, 20), (10_000, 100), (97, 10)]
)
def test_segments_are_near_the_square_root_of_the_steps(steps, expected):
    assert recomputation.segment_length(steps) == expected


@pytest.mark.usefixtures("graph")
def test_a_gradient_without_static_shape_is_traced():
    """As of `tf.gather` after final states in both directions, which taggers read the characters of words by."""
    layer = layers.Bidirectional(layers.SimpleRNN(2))
    layer.build((None, None, 3))

    @tf.function(autograph=False)
    def gradients(x, mask, rows):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.gather(layer(x, mask=mask, training=True), rows))
        return tape.gradient(total, layer.trainable_variables)

    specs = tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], tf.bool), tf.TensorSpec([None], tf.int32)
    with engine.mode("xla"):
        traced = gradients.get_concrete_function(*specs)
    assert [gradient.shape for gradient in traced.structured_outputs] == [v.shape for v in layer.trainable_variables]
