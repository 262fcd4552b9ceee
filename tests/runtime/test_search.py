"""Viterbi, marginals, beam search and random numbers in NumPy against those of TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import decoding
from nlpseq.engine import chains as tensor_chains
from nlpseq.runtime import beam, chains, sampling

RNG = np.random.default_rng(0)


def test_best_sequence_and_marginals_of_a_chain():
    emissions = RNG.normal(size=(3, 6, 4)).astype("float32")
    parts = [RNG.normal(size=shape).astype("float32") for shape in ((4, 4), (4,), (4,))]
    parts[0][1, 2] = parts[1][3] = -np.inf
    lengths = [6, 1, 0]
    mask = np.arange(6) < np.array(lengths)[:, None]
    potentials = tensor_chains.Potentials(*map(tf.constant, parts))
    tags, _ = tensor_chains.best(tf.constant(emissions), tf.constant(mask), potentials)
    marginals = tensor_chains.marginals(tf.constant(emissions), tf.constant(mask), potentials)
    arguments = emissions, np.array(lengths), chains.Potentials(*parts)
    actual, shares = chains.best_and_marginals(*arguments)
    assert (actual == tags[:, 0].numpy())[mask].all()
    np.testing.assert_allclose(shares[mask], marginals.numpy()[mask], atol=1e-6)


@pytest.mark.parametrize("options", [
    {}, {"beam_size": 1}, {"n_best": 3, "length_penalty": 1.0}, {"coverage_penalty": 0.4, "length_penalty": 0.6},
])  # fmt: skip
def test_beam_search(options):
    """A model whose logits depend on the token and on a state that counts what came before."""
    kernel, table = RNG.normal(size=(5, 7)), RNG.normal(size=(7, 5))
    attention = RNG.dirichlet(np.ones(3), size=7).astype("float32")
    max_length, mask = np.array([9, 4, 0]), np.array([[True] * 3, [True, True, False], [True, False, False]])
    first = RNG.normal(size=(3, 5)).astype("float32")
    table, kernel = table.astype("float32"), kernel.astype("float32")

    def in_numpy(tokens, states):
        state = np.tanh(states[0] + table[tokens])
        return state @ kernel, [state], attention[tokens]

    def in_tensorflow(tokens, states):
        state = tf.tanh(states[0] + tf.gather(table, tokens))
        return decoding.Step(state @ kernel, [state], tf.gather(attention, tokens))

    shared = {"start": 1, "end": 2, "beam_size": 4, "source_mask": mask, **options}
    expected = decoding.beam_search(in_tensorflow, [first], max_length=tf.constant(max_length), **shared)
    actual = beam.beam_search(in_numpy, [first], max_length=max_length, **shared)
    for row, (ids, lengths) in enumerate(zip(expected.ids.numpy(), expected.lengths.numpy())):
        assert actual.ids[row] == [sequence[:length].tolist() for sequence, length in zip(ids, lengths)]
        for rank, length in enumerate(lengths):
            weights = expected.attention[row, rank, :length]
            assert len(actual.attention[row][rank]) == length
            np.testing.assert_allclose(np.reshape(actual.attention[row][rank], weights.shape), weights)
    np.testing.assert_allclose(actual.scores, expected.scores, atol=1e-5)


def test_random_numbers_are_those_of_tensorflow():
    for seed, number in ((0, 0), (3, 17), (-5, 2**40), (2**62, 1)):
        expected = tf.random.stateless_uniform([1], tf.constant([seed, number], tf.int64))
        assert sampling.uniform(seed, number) == float(expected[0])


@pytest.mark.parametrize("options", [{}, {"temperature": 0.5, "top_k": 3}, {"top_p": 0.6}])
def test_samples(options):
    logits = RNG.normal(size=9).astype("float32")
    logits[4] = -np.inf
    tokens = decoding.sample(
        lambda tokens, states: decoding.Step(logits[None], states), [], [0], end=-1, max_length=40, seed=5, **options
    ).ids[0, 0]
    actual = [sampling.sample(logits, sampling.uniform(5, time), **options) for time in range(40)]
    assert actual == tokens.numpy().tolist() and len(set(actual)) > 1
