"""Samples have the frequencies of the softmax, and come only from what is allowed."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.decoding import Step, greedy, sample
from nlpseq.errors import InputError
from tests.decoding.automata import END, START, Automaton

LOGITS = np.array([0.5, 2.0, -1.0, 1.5, 0.0, -0.5], "float32")
ROWS, LENGTH = 200, 40


def samples(**options):
    """Independent samples `(rows, length)` from the same logits, without an end."""

    def step(tokens, states):
        return Step(tf.tile(LOGITS[np.newaxis], [tf.shape(tokens)[0], 1]), states)

    run = tf.function(lambda start: sample(step, (), start, -1, LENGTH, **options).ids[:, 0])
    return run(tf.zeros([ROWS], tf.int32)).numpy()


def softmax(logits):
    exponents = np.exp(logits - np.max(logits))
    return exponents / exponents.sum()


def assert_frequencies(drawn, probabilities):
    """Pearson's statistic is below its 99.9 % point for at most 5 degrees of freedom."""
    counts = np.bincount(drawn.ravel(), minlength=len(probabilities))
    assert not counts[probabilities == 0].any()
    expected = drawn.size * probabilities
    subset = expected > 0
    assert np.sum((counts - expected)[subset] ** 2 / expected[subset]) < 20.5


@pytest.mark.parametrize(
    "options, allowed",
    [
        ({}, range(6)),
        pytest.param({"temperature": 0.6}, range(6), marks=pytest.mark.slow),
        ({"top_k": 3}, [1, 3, 0]),
        ({"top_p": 0.8}, [1, 3, 0]),  # of probabilities 0.48, 0.29 and 0.11
        pytest.param({"top_p": 0.7}, [1, 3], marks=pytest.mark.slow),
        pytest.param({"top_p": 0.01}, [1], marks=pytest.mark.slow),
        ({"top_k": 4, "top_p": 0.85, "temperature": 1.5}, [1, 3, 0]),  # 0.43, 0.31 and 0.16 of the 4
    ],
    ids=str,
)
def test_frequencies(options, allowed):
    logits = LOGITS / options.get("temperature", 1.0)
    probabilities = softmax(np.where(np.isin(np.arange(6), allowed), logits, -np.inf))
    drawn = samples(seed=3, **options)
    assert_frequencies(drawn, probabilities)


def test_options_may_be_tensors():
    options = {"temperature": 1.5, "top_k": 4, "top_p": 0.85}
    variables = {name: tf.Variable(value) for name, value in options.items()}  # not known statically
    np.testing.assert_array_equal(samples(seed=3, **variables), samples(seed=3, **options))


def test_steps_and_rows_are_independent():
    drawn = samples(seed=1)
    probabilities = softmax(LOGITS)
    pairs = np.outer(probabilities, probabilities)
    for one, other in [(drawn[:, :-1], drawn[:, 1:]), (drawn[:-1], drawn[1:])]:
        counts = np.zeros((6, 6))
        np.add.at(counts, (one.ravel(), other.ravel()), 1)
        expected = one.size * pairs
        assert np.sum((counts - expected) ** 2 / expected) < 66.6  # 99.9 % point of 35 degrees


def run(automaton, nodes, limits, seed=0, **options):
    nodes = tf.constant(nodes, tf.int32)
    return sample(automaton.step, automaton.states(nodes), START, END, limits, seed=seed, **options)


def test_a_seed_repeats_and_another_does_not():
    automaton, nodes = Automaton(1), np.arange(20)
    one, again, other = (run(automaton, nodes, 8, seed) for seed in (5, 5, tf.constant(6)))
    np.testing.assert_array_equal(one.ids, again.ids)
    assert one.ids.shape != other.ids.shape or np.any(one.ids != other.ids)


def test_neighbours_in_a_batch_change_nothing():
    automaton, nodes, limits = Automaton(1), np.arange(20), 3 + np.arange(20)
    together = run(automaton, nodes, limits, top_p=0.9)
    for rows in (1, 7):
        subset = run(automaton, nodes[:rows], limits[:rows], top_p=0.9)
        length = subset.ids.shape[2]
        np.testing.assert_array_equal(together.ids[:rows, :, :length], subset.ids)
        np.testing.assert_allclose(together.scores[:rows], subset.scores, rtol=2e-6)


@pytest.mark.parametrize("options", [{"temperature": 1e-6}, {"top_k": 1}, {"top_p": 1e-6}], ids=str)
def test_what_leaves_one_choice_equals_greedy(options):
    automaton, nodes = Automaton(2), np.arange(30)
    actual = run(automaton, nodes, 9, min_length=2, **options)
    expected = greedy(automaton.step, automaton.states(nodes), START, END, 9, 2)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_log_probabilities_are_those_of_the_model():
    automaton, nodes = Automaton(3), np.arange(30)
    actual = run(automaton, nodes, 6, temperature=2.0, top_k=3, min_length=1)
    for row, node in enumerate(nodes):
        length, total = int(actual.lengths[row, 0]), 0.0
        assert length >= 1
        ids = [*actual.ids[row, 0, :length].numpy(), *([END] if length < 6 else [])]
        node = automaton.moves[node, START]
        for token in ids:
            total += automaton.log_probabilities[node, token]
            node = automaton.moves[node, token]
        assert float(actual.log_probabilities[row, 0]) == pytest.approx(total, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"temperature": 0.0}, "`temperature` must be above 0 and finite, got 0.0"),
        ({"temperature": 1e-46}, "`temperature` must be above 0"),  # 0 in float32
        ({"temperature": tf.constant(-1.0)}, "`temperature` must be above 0"),
        ({"top_k": -1}, "`top_k` must be between 0 and 2147483647, got -1"),
        ({"seed": 2**63}, "`seed` must be between"),
        ({"top_p": 0.0}, "`top_p` must be above 0"),
        ({"top_p": 1.5}, "`top_p` must be above 0 and at most 1"),
        ({"min_length": 9}, "`min_length` must be at most `max_length`"),
    ],
    ids=str,
)
def test_bad_arguments(options, words):
    with pytest.raises(InputError, match=words):
        run(Automaton(0), [0], 4, **options)
