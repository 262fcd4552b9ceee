"""Runs of an LSTM by one op against those of the loop, and answers of chains in one loop against the others."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine, layers
from nlpseq.cells import LSTMCell
from nlpseq.engine import chain_decoding, chains, kernels

RNG = np.random.default_rng(0)
LENGTHS = np.array([7, 3, 1, 0, 5])
MASK = np.arange(7) < LENGTHS[:, None]
SEQUENCES = RNG.normal(size=(5, 7, 3)).astype("float32")

pytestmark = pytest.mark.usefixtures("portable")
LAYERS = {
    "outputs and states": lambda: layers.LSTM(4, return_sequences=True, return_state=True),
    "the last of a reversed run": lambda: layers.LSTM(4, return_state=True, go_backwards=True),
    "both directions": lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
    "no bias": lambda: layers.LSTM(4, use_bias=False),
    "time first": lambda: layers.LSTM(4, return_sequences=True, time_major=True),
}


@pytest.mark.parametrize("masked", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rows", [5, kernels.MOST_ROWS + 1])
@pytest.mark.parametrize("name", LAYERS)
def test_lstm(name, rows, masked):
    layer = LAYERS[name]()
    x, mask = np.resize(SEQUENCES, (rows, 7, 3)), np.resize(MASK, (rows, 7))
    x, mask = (x.swapaxes(0, 1), mask.T) if name == "time first" else (x, mask)
    layer.build(x.shape)
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.get_weights()])
    expected = tf.nest.flatten(layer(x, mask=tf.constant(mask) if masked else None))
    with engine.substituted_runs(kernels.run_by_kernel):
        actual = tf.nest.flatten(layer(x, mask=tf.constant(mask) if masked else None))
    for right, value in zip(expected, actual, strict=True):
        real = mask if masked and len(right.shape) == 3 else ...
        np.testing.assert_allclose(value.numpy()[real], right.numpy()[real], atol=1e-5)


def test_variants_have_no_kernel():
    variants = [{"peephole": True}, {"coupled_gates": True}, {"zoneout": 0.1}, {"activation": "relu"}]
    assert not any(kernels.has_kernel(LSTMCell(4, **variant)) for variant in variants)
    assert kernels.has_kernel(LSTMCell(4))


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_answers_of_chains(steps):
    emissions = RNG.normal(size=(5, steps, 4)).astype("float32")
    parts = [RNG.normal(size=shape).astype("float32") for shape in ((4, 4), (4,), (4,))]
    parts[0][1, 2] = parts[1][3] = -np.inf
    lengths = np.minimum(LENGTHS, steps)
    mask, potentials = np.arange(steps) < lengths[:, None], chains.Potentials(*map(tf.constant, parts))
    tags, marginals = chain_decoding.best_and_marginals(tf.constant(emissions), tf.constant(lengths), potentials)
    best, _ = chains.best(tf.constant(emissions), tf.constant(mask), potentials)
    assert (tags.numpy() == best[:, 0].numpy())[mask].all()
    expected = chains.marginals(tf.constant(emissions), tf.constant(mask), potentials)
    np.testing.assert_allclose(marginals.numpy()[mask], expected.numpy()[mask], atol=1e-6)
