"""ONNX models of layers and tasks against the layers and tasks themselves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import layers
from nlpseq.cells import LSTMCell, MinGRUCell
from nlpseq.errors import InputError
from nlpseq.tasks.base import NumericFunction
from tests.tasks.tiny import DriftCell

onnx = pytest.importorskip("onnx", reason="needs the extra nlpseq[onnx]")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")

RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(4, 6, 3)).astype("float32")
MASK = np.arange(6) < np.array([[6], [4], [1], [0]])


def converted(call, padding_at_end=True, **inputs):
    """The ONNX model of a function, and its outputs by name."""
    from nlpseq.serving.formats.onnx import convert

    specs = {name: tf.TensorSpec([None, None, *value.shape[2:]], value.dtype) for name, value in inputs.items()}
    model = convert("call", NumericFunction(call, specs), padding_at_end)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return model, dict(zip(names, session.run(names, inputs)))


def kinds(model):
    return {node.op_type for node in model.graph.node}


LAYERS = {
    "LSTM": (lambda: layers.LSTM(5, return_sequences=True, return_state=True), "LSTM"),
    "GRU": (lambda: layers.GRU(5, return_sequences=True, return_state=True), "GRU"),
    "GRU without bias": (lambda: layers.GRU(5, use_bias=False, return_sequences=True), "GRU"),
    "SimpleRNN": (lambda: layers.SimpleRNN(5, activation="relu"), "RNN"),
    "hard sigmoid": (lambda: layers.LSTM(5, recurrent_activation="hard_sigmoid", return_sequences=True), "LSTM"),
    "both directions": (lambda: layers.Bidirectional(layers.LSTM(5, return_sequences=True)), "LSTM"),
    "backwards": (lambda: layers.GRU(5, go_backwards=True, return_state=True), "GRU"),
    "a custom cell": (lambda: layers.Bidirectional(layers.RNN(DriftCell(5), return_sequences=True)), "Scan"),
    "peepholes": (lambda: layers.RNN(LSTMCell(5, peephole=True, layer_normalization=True), return_state=True), "Scan"),
    "reset before": (lambda: layers.GRU(5, reset_after=False, return_sequences=True), "Scan"),
    "linear": (lambda: layers.RNN(MinGRUCell(5), return_sequences=True), "Scan"),
    "a stack": (lambda: layers.RNN([LSTMCell(5), LSTMCell(4)], return_sequences=True), "LSTM"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in ("peepholes", "backwards"))) for name in LAYERS]
)
def test_layers(name):
    make, operator = LAYERS[name]
    layer = make()
    layer.build(SEQUENCES.shape)
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.get_weights()])

    def call(x, mask):
        return {f"y{number}": y for number, y in enumerate(tf.nest.flatten(layer(x, mask=mask)))}

    model, outputs = converted(call, x=SEQUENCES, mask=MASK)
    assert operator in kinds(model) and not kinds(model) & ({"LSTM", "GRU", "RNN", "Scan"} - {operator})
    for key, expected in call(tf.constant(SEQUENCES), tf.constant(MASK)).items():
        expected, actual = expected.numpy(), outputs[key]
        if expected.ndim == 3:  # what stands at masked steps means nothing
            expected, actual = expected[MASK], actual[MASK]
        np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("name, operator", [("LSTM", "LSTM"), ("both directions", "LSTM"), ("peepholes", "Scan")])
def test_masks_of_any_kind(name, operator):
    layer = LAYERS[name][0]()
    layer.build(SEQUENCES.shape)
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.get_weights()])
    mask = np.array([[0, 1, 1, 0, 1, 0], [1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]], bool)

    def call(x, mask):
        return {f"y{number}": y for number, y in enumerate(tf.nest.flatten(layer(x, mask=mask)))}

    model, outputs = converted(call, padding_at_end=False, x=SEQUENCES, mask=mask)
    assert operator in kinds(model)
    for key, expected in call(tf.constant(SEQUENCES), tf.constant(mask)).items():
        rows = mask if len(expected.shape) == 3 else slice(None)
        np.testing.assert_allclose(outputs[key][rows], expected.numpy()[rows], atol=1e-5)


def test_initial_states_and_no_mask():
    layer = layers.LSTM(5, return_sequences=True)
    states = [RNG.normal(size=(4, 1, 5)).astype("float32") for _ in range(2)]

    def call(x, h, c):
        return {"y": layer(x, initial_state=[h[:, 0], c[:, 0]])}

    model, outputs = converted(call, x=SEQUENCES, h=states[0], c=states[1])
    np.testing.assert_allclose(outputs["y"], call(SEQUENCES, *map(tf.constant, states))["y"], atol=1e-5)
    assert [opset.version for opset in model.opset_import] == [17]


OPS = {
    "slices": lambda x: x[:, 1:-1, ::-1][..., tf.newaxis][:, 0],
    "an index": lambda x: x[:, -1, 1:],
    "shapes": lambda x: tf.reshape(x, [tf.shape(x)[0], -1]) + tf.cast(tf.shape(x)[1], tf.float32),
    "reductions": lambda x: tf.reduce_mean(x, 1) + tf.reduce_max(x, 1) - tf.reduce_min(x, 1) + tf.reduce_sum(x, 1),
    "gathers": lambda x: tf.gather(x, [2, 0], axis=2) + tf.gather(x, tf.argmax(x, 1)[:, :1], batch_dims=1)[..., :1],
    "a convolution": lambda x: keras.ops.conv(x, np.ones((4, 3, 2), "float32"), padding="same"),
    "products": lambda x: tf.matmul(x, x, transpose_b=True) + tf.einsum("btf,bsf->bts", x, x),
    "choices": lambda x: tf.where(tf.reduce_any(x > 1, -1, keepdims=True), tf.nn.softmax(x, 1), tf.zeros_like(x)),
    "parts": lambda x: tf.concat([*tf.split(x, 3, -1), tf.stack(tf.unstack(x, axis=-1), -1)], -1),
    "numbers": lambda x: tf.cumsum(tf.one_hot(tf.range(tf.shape(x)[1]), 4), 0) + tf.pad(x[0], [[0, 0], [1, 0]]),
    "sums of exponentials": lambda x: tf.reduce_logsumexp(tf.where(x > 1, -np.inf, x), 1),
    "numbers that are none": lambda x: tf.cast(
        tf.math.is_nan(x) | tf.math.is_inf(x) | tf.math.is_finite(x / 0), tf.int32
    ),
    "curves": lambda x: tf.math.ceil(x) + tf.round(x) + tf.math.reciprocal(tf.cosh(x)) + tf.atan(x) + tf.tan(x / 9),
    "best": lambda x: tf.math.top_k(x[:, 0], 2)[0] ** 2 / tf.maximum(tf.abs(x[:, 1, :2]), 0.1),
}


@pytest.mark.parametrize("name", OPS)
def test_ops(name):
    def call(x):
        return {"y": OPS[name](x)}

    _, outputs = converted(call, x=SEQUENCES)
    np.testing.assert_allclose(outputs["y"], call(tf.constant(SEQUENCES))["y"], atol=1e-5)


def test_an_op_without_equivalent():
    with pytest.raises(InputError, match="onnx has no equivalent of the op FFT"):
        converted(lambda x: {"y": tf.math.real(tf.signal.fft(tf.cast(x, tf.complex64)))}, x=SEQUENCES)
