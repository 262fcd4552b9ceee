"""Greedy search against plain Python, and what all searches have in common."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.decoding import Step, greedy
from nlpseq.errors import InputError
from tests.decoding.automata import END, START, Automaton, assert_decoded, plain_beam


def plain_greedy(automaton, node, max_length, min_length):
    """The sequence that the likeliest symbols make."""
    return plain_beam(automaton, node, max_length, min_length, 1)[0]


@pytest.mark.parametrize("min_length", [0, 2])
@pytest.mark.parametrize("attends", [True, False])
def test_equals_plain_python(attends, min_length):
    automaton, nodes = Automaton(2, attends=attends), np.arange(30)
    limits = min_length + nodes % 6

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)] * 2)
    def run(nodes, limits):
        return greedy(automaton.step, automaton.states(nodes), START, END, limits, min_length, padding=7)

    actual = run(tf.constant(nodes, tf.int32), tf.constant(limits, tf.int32))
    assert actual.ids.shape[2] == np.max(actual.lengths)
    for row, node in enumerate(nodes):
        expected = plain_greedy(automaton, node, limits[row], min_length)
        assert_decoded(actual, row, [expected], [expected.log_probability], padding=7)
    cut = (actual.lengths[:, 0] == limits).numpy()
    assert 0 < cut.sum() < len(nodes)  # some ended, some did not


def test_half_precision_logits_are_summed_in_float32():
    logits = tf.random.stateless_normal([50], [1, 2])

    def step(tokens, states):
        return Step(tf.cast(tf.tile(logits[tf.newaxis], [2, 1]), tf.float16), states)

    actual = greedy(step, (), tf.constant([0, 0]), -1, 200)
    exact = tf.cast(tf.cast(logits, tf.float16), tf.float32)
    expected = 200 * tf.reduce_max(tf.nn.log_softmax(exact))
    assert actual.scores.dtype == tf.float32
    np.testing.assert_allclose(actual.scores[:, 0], [expected, expected], rtol=1e-5)


def test_nothing_may_come():
    automaton = Automaton(3)
    for run in (greedy, tf.function(greedy)):
        actual = run(automaton.step, automaton.states([1, 2]), START, END, 0)
        assert actual.ids.shape == (2, 1, 0) and actual.attention.shape == (2, 1, 0, 3)
        assert not np.any(actual.scores) and not np.any(actual.lengths)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (((), 0, 1, 5), "without states"),
        ((tf.zeros([2, 3]), 0, 1, 5), "took 1 states and returned 2"),
        ((tf.zeros([2, 3]), 0, 1, -1), "`max_length` must be at least 0"),
        ((tf.zeros([2, 3]), 0, 1, np.array([3, 4]), 4), "`min_length` must be at most `max_length`"),
        ((tf.zeros([2, 3]), 0, 1, 5, -2), "`min_length` must be at least 0"),
    ],
)
def test_bad_arguments(arguments, words):
    def step(tokens, states):
        return Step(tf.zeros([2, 4]), (states, states))

    with pytest.raises(InputError, match=words):
        greedy(step, *arguments)


def test_an_exception_that_ends_a_search_is_all_that_is_said(caplog):
    """As of a client that leaves its stream, or of `nlpseq predict ... | head`."""
    steps = iter(range(2))

    def step(tokens, states):
        next(steps)
        return Step(tf.zeros([1, 4]), states)

    with pytest.raises(StopIteration):
        greedy(step, tf.zeros([1, 1]), [0], -1, 5)
    gc.collect()
    assert not caplog.records
