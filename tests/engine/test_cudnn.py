"""What is left to cuDNN gives the numbers of the engine; here Keras computes it without a GPU."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.engine import compilation, cudnn
from nlpseq.layers import GRU, LSTM, Bidirectional

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(3, 5, 4)).astype("float32")
AT_END = np.arange(5) < np.array([[5], [2], [1]])
WITHIN = AT_END[:, ::-1]


@pytest.fixture
def gpu(monkeypatch):
    """A machine that says it has a GPU; counts the runs that are left to cuDNN."""
    runs = []
    original = cudnn.run
    monkeypatch.setattr(compilation, "_has_gpu", lambda: True)
    monkeypatch.setattr(cudnn, "run", lambda *args, **kwargs: runs.append(1) or original(*args, **kwargs))
    return runs


def results(layer, mask):
    """Outputs at real steps, and the gradients of inputs and weights."""
    inputs = tf.constant(INPUTS)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, mask=None if mask is None else tf.constant(mask))
        if mask is not None:
            outputs *= tf.cast(mask, tf.float32)[..., tf.newaxis]
        loss = tf.reduce_sum(outputs * tf.range(1.0, outputs.shape[-1] + 1))
    return [outputs, *tape.gradient(loss, [inputs, *layer.trainable_variables])]


@pytest.mark.parametrize(
    "make, mask",
    [
        pytest.param(LSTM, None, id="LSTM"),
        pytest.param(LSTM, AT_END, id="LSTM, padding at the end", marks=pytest.mark.slow),
        pytest.param(GRU, AT_END, id="GRU, padding at the end"),
        pytest.param(LSTM, WITHIN, id="LSTM, other padding", marks=pytest.mark.slow),
    ],
)
def test_outputs_and_gradients_are_those_of_the_engine(make, mask, gpu):
    layer = Bidirectional(make(3, return_sequences=True, bias_initializer="normal"))
    layer.build(INPUTS.shape)
    fused = results(layer, mask)
    assert len(gpu) == (0 if mask is WITHIN else 2)
    with engine.mode("portable"):
        plain = results(layer, mask)
    for one, other in zip(fused, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_variants_and_dropout_stay_with_the_engine(gpu):
    for layer in (LSTM(3, peephole=True), GRU(3, activation="relu"), LSTM(3, use_bias=False)):
        layer(INPUTS)
    LSTM(3, recurrent_dropout=0.5)(INPUTS, training=True)
    assert not gpu
    LSTM(3)(INPUTS)
    assert len(gpu) == 1
