"""Loops as ONNX reads them: tf2onnx takes the writes of a loop in the order of its iterations, whatever their index."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine, layers
from nlpseq.cells import MinGRUCell
from nlpseq.decoding import Step, beam_search
from tests.tiers import slow_but

RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(3, 7, 4)).astype("float32")
MASK = np.arange(7) < np.array([[7], [4], [2]])


def _crf(method, **options):
    crf = layers.CRF(4)
    crf.build((None, None, 4))
    crf.set_weights([RNG.normal(size=weight.shape) for weight in crf.get_weights()])
    return lambda emissions, mask: getattr(crf, method)(emissions, mask=mask, **options)


def _beam(sequences, mask):
    def step(tokens, states):
        return Step(tf.gather(tf.math.log([[0.1, 0.6, 0.3], [0.3, 0.4, 0.3], [0.8, 0.1, 0.1]]), tokens), states)

    start = tf.zeros([tf.shape(sequences)[0]], tf.int32)
    return beam_search(step, (), start, end=0, max_length=5, beam_size=3, n_best=2).ids


def _layer(layer):
    return lambda sequences, mask: layer(sequences, mask=mask)


LOOPS = {
    "lstm": lambda: _layer(layers.Bidirectional(layers.LSTM(5, return_sequences=True))),
    "gru": lambda: _layer(layers.Bidirectional(layers.GRU(5, return_sequences=True))),
    "simple": lambda: _layer(layers.Bidirectional(layers.SimpleRNN(5, return_sequences=True))),
    "backwards": lambda: _layer(layers.GRU(5, return_sequences=True, go_backwards=True)),
    "linear": lambda: _layer(layers.Bidirectional(layers.RNN(MinGRUCell(5), return_sequences=True))),
    "crf decode": lambda: _crf("decode"),
    "crf marginals": lambda: _crf("marginals"),
    "recompute": lambda: _layer(layers.Bidirectional(layers.GRU(5, return_sequences=True, recompute=True))),
    "crf decode_nbest": lambda: _crf("decode_nbest", count=3),
    "beam search": lambda: _beam,
}
DISTINCT = ("lstm", "backwards", "linear", "crf decode", "crf decode_nbest", "recompute")  # the others are like one
CONVERTIBLE = list(LOOPS)[:-3]  # tf2onnx refuses the others


def _portable(function):
    def call(sequences, mask):
        with engine.mode("portable"), engine.without_gradients():
            return tf.nest.flatten(function(sequences, mask))

    return tf.function(call), [tf.TensorSpec((None, None, 4), name="x"), tf.TensorSpec((None, None), tf.bool, name="m")]


@pytest.mark.parametrize("name", slow_but(LOOPS, *DISTINCT))
def test_arrays_are_written_in_the_order_of_iterations(name):
    function, signature = _portable(LOOPS[name]())
    library = function.get_concrete_function(*signature).graph.as_graph_def().library
    writes = 0
    for body in library.function:
        arguments = {argument.name for argument in body.signature.input_arg}
        counters = {node.input[0] for node in body.node_def if node.op == "AddV2"} & arguments
        for node in body.node_def:
            if node.op == "TensorListSetItem":
                writes += 1
                assert node.input[1] in counters, f"{node.input[1]} does not count the iterations"
    assert writes


@pytest.mark.slow
@pytest.mark.parametrize("name", CONVERTIBLE)
def test_onnx_runtime_agrees(name):
    tf2onnx = pytest.importorskip("tf2onnx", reason="needs the extras nlpseq[onnx,tf2onnx]")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extras nlpseq[onnx,tf2onnx]")
    layer = LOOPS[name]()
    function, signature = _portable(layer)
    want = [tensor.numpy() for tensor in function(SEQUENCES, MASK)]
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=17)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = [node.name for node in session.get_inputs()]
    for actual, expected in zip(session.run(None, dict(zip(inputs, (SEQUENCES, MASK)))), want):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
