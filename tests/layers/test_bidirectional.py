"""Bidirectional against keras.layers.Bidirectional."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import cells, layers
from tests.layers.helpers import (
    BATCH,
    EMPTY_ROW,
    FEATURES,
    UNITS,
    assert_close,
    assert_same,
    normal,
    run,
    same_weights,
    sequences,
)

pytestmark = pytest.mark.usefixtures("eager")

MERGES = ["concat", "sum", "mul", "ave", None]


def pair(name, merge_mode="concat", engine="portable", **options):
    ours = getattr(layers, name)(UNITS, engine=engine, **options)
    theirs = getattr(keras.layers, name)(UNITS, **options)
    return same_weights(
        layers.Bidirectional(ours, merge_mode=merge_mode),
        keras.layers.Bidirectional(theirs, merge_mode=merge_mode),
    )


def initial_states(count):
    return [tf.constant(normal(BATCH, UNITS, seed=60 + i)) for i in range(count)]


@pytest.mark.parametrize(
    "merge_mode, return_sequences",
    [
        *(pytest.param(merge, True, marks=[pytest.mark.slow] * (merge == "ave")) for merge in MERGES),
        ("concat", False),
    ],
)
def test_merge_modes_states_and_masks(merge_mode, return_sequences):
    ours, theirs = pair("LSTM", merge_mode, return_sequences=return_sequences, return_state=True)
    states = initial_states(4)
    expected = run(theirs, sequences(), states, mask=EMPTY_ROW)
    assert_same(run(ours, sequences(), states, mask=EMPTY_ROW), expected)


@pytest.mark.parametrize("mask, return_sequences", [(None, True), (EMPTY_ROW, False)])
@pytest.mark.parametrize("name", ["SimpleRNN", "GRU"])
def test_every_layer(name, mask, return_sequences):
    ours, theirs = pair(name, return_sequences=return_sequences)
    assert_same(run(ours, sequences(), mask=mask), run(theirs, sequences(), mask=mask))


@pytest.mark.parametrize("options", [{"engine": "xla"}, {"reset_after": False}], ids=str)
@pytest.mark.slow
def test_other_manners(options):
    ours, theirs = pair("GRU", return_sequences=True, **options)
    assert_same(run(ours, sequences(), mask=EMPTY_ROW), run(theirs, sequences(), mask=EMPTY_ROW))


@pytest.mark.slow
def test_unrolled():
    ours, theirs = pair("GRU", return_sequences=True, unroll=True)
    assert_same(run(ours, sequences()), run(theirs, sequences()))
    # Keras's unrolled backward layer lays the mask over its outputs in the wrong order.
    _, theirs = pair("GRU", return_sequences=True)
    assert_same(run(ours, sequences(), mask=EMPTY_ROW), run(theirs, sequences(), mask=EMPTY_ROW))


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.slow
def test_two_different_layers(return_sequences):
    pair = []
    for module, options in ((layers, {"engine": "portable"}), (keras.layers, {})):
        options = {**options, "return_sequences": return_sequences}
        forward = module.LSTM(UNITS, **options)
        backward = module.GRU(UNITS + 1, go_backwards=True, **options)
        pair.append(module.Bidirectional(forward, backward_layer=backward))
    ours, theirs = same_weights(*pair)
    assert_same(run(ours, sequences(), mask=EMPTY_ROW), run(theirs, sequences(), mask=EMPTY_ROW))


@pytest.mark.slow
def test_a_stack_of_cells_in_both_directions():
    pair = []
    for module, options in ((layers, {"engine": "portable"}), (keras.layers, {})):
        stack = [module_cell(module, name)(UNITS) for name in ("LSTMCell", "GRUCell")]
        pair.append(module.Bidirectional(module.RNN(stack, return_sequences=True, **options)))
    ours, theirs = same_weights(*pair)
    assert_same(run(ours, sequences(), mask=EMPTY_ROW), run(theirs, sequences(), mask=EMPTY_ROW))


def module_cell(module, name):
    return getattr(cells if module is layers else module, name)


def test_padding_gives_zero_in_both_directions():
    ours, _ = pair("LSTM", return_sequences=True)
    output = np.asarray(ours(sequences(), mask=EMPTY_ROW))
    assert not output[~EMPTY_ROW].any()
    assert output[EMPTY_ROW].all()


def test_stateful():
    ours, theirs = pair("LSTM", stateful=True)
    for seed in range(3):
        x = sequences(seed=seed)
        assert_close(ours(x), theirs(x))
    ours.reset_state()
    theirs.reset_state()
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda module: module.Bidirectional("LSTM"),
        lambda module: module.Bidirectional(module.LSTM(UNITS), merge_mode="max"),
        lambda module: module.Bidirectional(module.LSTM(UNITS), backward_layer=module.LSTM(UNITS)),
        lambda module: module.Bidirectional(
            module.LSTM(UNITS),
            backward_layer=module.LSTM(UNITS, go_backwards=True, return_sequences=True),
        ),
    ],
    ids=["no layer", "merge mode", "same direction", "different outputs"],
)
def test_errors_are_those_of_keras(make):
    with pytest.raises(ValueError) as expected:
        make(keras.layers)
    with pytest.raises(ValueError) as error:
        make(layers)
    assert error.type is expected.type


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("merge_mode", MERGES)
def test_shapes_are_known_before_the_call(merge_mode, return_sequences):
    ours, theirs = pair("LSTM", merge_mode, return_sequences=return_sequences)
    inputs = keras.Input((None, FEATURES))
    shapes, expected = ([output.shape for output in keras.tree.flatten(layer(inputs))] for layer in (ours, theirs))
    assert shapes == expected
