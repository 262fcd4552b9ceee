"""When the loops are compiled with XLA, and how long the compiled loops live."""

import gc
import weakref

import keras
import pytest
import tensorflow as tf

import nlpseq
from nlpseq import engine
from nlpseq.cells import LSTMCell, SimpleRNNCell
from nlpseq.engine.compilation import MODES, should_compile
from tests.layers.helpers import BATCH, FEATURES, TIME, UNITS, run, sequences


@pytest.fixture(autouse=True)
def auto():
    yield
    engine.set_mode("auto")


def test_the_global_mode_is_auto_until_set():
    assert engine.get_mode() == "auto"
    engine.set_mode("xla")
    assert engine.get_mode() == "xla"


def test_a_with_block_sets_the_mode_and_restores_it():
    with engine.mode("portable"):
        assert engine.get_mode() == "portable"
        with engine.mode("xla"):
            assert engine.get_mode() == "xla"
        assert engine.get_mode() == "portable"
    assert engine.get_mode() == "auto"


def test_the_mode_is_restored_after_an_error():
    with pytest.raises(KeyError), engine.mode("xla"):
        raise KeyError
    assert engine.get_mode() == "auto"


@pytest.mark.parametrize(
    "use",
    [
        engine.set_mode,
        lambda name: engine.mode(name).__enter__(),
        lambda name: nlpseq.layers.LSTM(UNITS, engine=name),
        lambda name: nlpseq.layers.RNN(LSTMCell(UNITS), engine=name),
    ],
    ids=["set_mode", "mode", "LSTM", "RNN"],
)
def test_an_unknown_mode_names_the_modes(use):
    with pytest.raises(ValueError) as error:
        use("fast")
    assert all(mode in str(error.value) for mode in (*MODES, "fast"))
    assert engine.get_mode() == "auto"


@pytest.mark.parametrize(
    "global_mode, layer_mode, training, expected",
    [
        ("auto", "auto", True, True),
        ("auto", "auto", False, False),
        ("auto", "auto", None, False),
        ("auto", "xla", False, True),
        ("auto", "portable", True, False),
        ("xla", "auto", False, True),
        ("xla", "portable", False, True),
        ("portable", "auto", True, False),
        ("portable", "xla", True, False),
    ],
)
def test_should_compile(global_mode, layer_mode, training, expected):
    with engine.mode(global_mode):
        assert should_compile(layer_mode, training, tf.zeros((2, 3, 4))) is expected


@pytest.mark.parametrize("shape, expected", [((5, 2, 3), True), ((5, None, 3), False), ((None, 2, 3), False)])
def test_a_graph_of_known_shape_is_compiled_in_inference(shape, expected):
    chosen = []
    tf.function(lambda x: chosen.append(should_compile("auto", False, x))).get_concrete_function(tf.TensorSpec(shape))
    assert chosen == [expected]


def compiles(layer, training, batch=BATCH):
    """Whether any function in the graph of a call with gradients must be compiled."""

    @tf.function
    def call(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = layer(x, training=training)
        return output, tape.gradient(output, x)

    x = tf.TensorSpec((batch, TIME, FEATURES))
    graph = call.get_concrete_function(x).graph.as_graph_def()
    functions = graph.library.function
    nodes = [node for function in functions for node in function.node_def]
    marked = [*functions, *nodes, *graph.node]
    assert len(functions) > 1  # the loops are functions: there is something to look through
    return any(part.attr["_XlaMustCompile"].b for part in marked if "_XlaMustCompile" in part.attr)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("training", [False, True])
def test_what_a_layer_compiles(mode, training):
    expected = {"portable": False, "xla": True, "auto": training}[mode]
    assert compiles(nlpseq.layers.SimpleRNN(UNITS, engine=mode), training, batch=None) is expected


@pytest.mark.slow
def test_a_stack_and_both_directions_compile():
    stack = nlpseq.layers.RNN([SimpleRNNCell(UNITS), SimpleRNNCell(UNITS)], engine="xla")
    assert compiles(nlpseq.layers.Bidirectional(stack), training=False)


@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_the_global_mode_goes_before_that_of_the_layer(mode):
    other = {"portable": "xla", "xla": "portable"}[mode]
    with engine.mode(mode):
        assert compiles(nlpseq.layers.SimpleRNN(UNITS, engine=other), training=True) is (mode == "xla")


def test_one_layer_compiles_in_training_and_in_graphs_of_known_shape():
    layer = nlpseq.layers.SimpleRNN(UNITS)
    assert not compiles(layer, training=False, batch=None)
    assert compiles(layer, training=True, batch=None)
    assert compiles(layer, training=False)


@pytest.mark.usefixtures("eager")
def test_the_loop_cache_does_not_keep_cells_alive():
    cell = LSTMCell(UNITS)
    layer = nlpseq.layers.RNN(cell, engine="portable")
    run(layer, sequences())
    alive = weakref.ref(cell)
    del cell, layer
    # Keras keeps the last layers of its global state alive until it is cleared.
    keras.backend.clear_session()
    gc.collect()
    assert alive() is None


def test_loops_are_traced_once_for_many_lengths():
    traces = []

    class CountingCell(SimpleRNNCell):
        def transition(self, wx, uh, states):
            traces.append(wx.shape)
            return super().transition(wx, uh, states)

    layer = nlpseq.layers.RNN(CountingCell(UNITS), engine="portable")
    for time in range(1, 4):
        layer(sequences(time))
    after_three = len(traces)
    for time in range(4, 12):
        layer(sequences(time))
    assert len(traces) == after_three
