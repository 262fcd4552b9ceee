"""Beam search against enumeration, and against a plain beam in Python lists."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.decoding import Step, beam_search, greedy
from nlpseq.errors import InputError
from nlpseq.runtime.beam import beam_search as runtime_search
from tests.decoding.automata import (
    END,
    NODES,
    START,
    VOCABULARY,
    Automaton,
    all_sequences,
    assert_decoded,
    plain_beam,
)

NODE_OF = np.array([3, 17, 8, 3, 25])  # of each sequence of a batch, to start from
LIMITS = np.array([3, 1, 0, 3, 2])


def searching(automaton, **options):
    """A graph of unknown batch: nodes and greatest lengths to `Decoded`."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)] * 2)
    def run(nodes, limits):
        return beam_search(automaton.step, automaton.states(nodes), START, END, limits, **options)

    return lambda nodes, limits: run(tf.constant(nodes, tf.int32), tf.constant(limits, tf.int32))


@pytest.mark.parametrize(
    "min_length, alpha, beta",
    [
        (2, 0.8, 0.0),
        (1, 1.0, 0.3),
        pytest.param(0, 0.0, 0.0, marks=pytest.mark.slow),
    ],
)
def test_a_beam_as_wide_as_the_space_equals_brute_force(min_length, alpha, beta):
    automaton, limits = Automaton(1), np.maximum(LIMITS, min_length)
    search = searching(
        automaton,
        min_length=min_length,
        beam_size=VOCABULARY**3,
        length_penalty=alpha,
        coverage_penalty=beta,
        n_best=20,
        padding=-1,
    )
    actual = search(NODE_OF, limits)
    for row, node in enumerate(NODE_OF):
        every = all_sequences(automaton, node, limits[row], min_length)
        assert_decoded(actual, row, every, [path.score(alpha, beta) for path in every], padding=-1)


@pytest.mark.parametrize(
    "sharpness, beam_size, min_length, alpha, beta",
    [(0.7, 2, 0, 0.0, 0.0), (3.0, 3, 1, 0.6, 0.0), (1.5, 4, 2, 0.9, 0.5)],
)
def test_equals_a_plain_beam_that_never_finishes_early(sharpness, beam_size, min_length, alpha, beta):
    """Narrow beams over long sequences: what is pruned counts, and so does what ends the search."""
    automaton, random = Automaton(beam_size, sharpness), np.random.default_rng(beam_size)
    nodes, limits = random.integers(0, NODES, 40), random.integers(2, 14, 40)
    real = random.random((40, 3)) < 0.7
    search = searching(
        automaton,
        min_length=min_length,
        beam_size=beam_size,
        length_penalty=alpha,
        coverage_penalty=beta,
        n_best=beam_size,
        source_mask=tf.constant(real),
    )
    actual = search(nodes, limits)
    for row, node in enumerate(nodes):
        every = plain_beam(automaton, node, limits[row], min_length, beam_size)
        assert_decoded(actual, row, every, [path.score(alpha, beta, real[row]) for path in every])


@pytest.mark.parametrize("attends", [True, False])
@pytest.mark.parametrize("min_length", [pytest.param(0, marks=pytest.mark.slow), 3])
def test_a_beam_of_one_equals_greedy(min_length, attends):
    automaton, nodes = Automaton(4, attends=attends), np.arange(30)
    limits = 3 + nodes % 7
    actual = searching(automaton, min_length=min_length, beam_size=1)(nodes, limits)
    expected = greedy(automaton.step, automaton.states(nodes), START, END, limits, min_length)
    assert (actual.attention is None) == (expected.attention is None) == (not attends)
    for one, other in zip(actual[: 4 + attends], expected):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_neighbours_in_a_batch_change_nothing():
    nodes, limits = np.arange(8), 2 + np.arange(8)
    options = {"beam_size": 3, "n_best": 3, "length_penalty": 0.7, "coverage_penalty": 0.2}
    search = searching(Automaton(5), **options)
    together = search(nodes, limits)
    for row in range(len(nodes)):
        alone = search(nodes[row : row + 1], limits[row : row + 1])
        length = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[row, :, :length], alone.ids[0])
        np.testing.assert_allclose(together.scores[row], alone.scores[0], rtol=2e-6)


def in_numpy(step, state, start, end, max_length, beam_size):
    """First tokens and scores of `nlpseq.runtime.beam.beam_search`, for a step function of tensors."""

    def numbers(tokens, states):
        result = step(tf.constant(tokens), tf.constant(states[0]))
        return result.logits.numpy(), [result.states.numpy()], None

    limits = np.full(len(state), max_length)
    actual = runtime_search(numbers, [state.numpy()], start=start, end=end, max_length=limits, beam_size=beam_size)
    return np.array([ids[0][0] for ids in actual.ids]), actual.scores[:, 0]


def in_the_graph(step, state, start, end, max_length, beam_size):
    actual = beam_search(step, state, start, end, max_length, beam_size=beam_size)
    return actual.ids[:, 0, 0].numpy(), actual.scores[:, 0].numpy()


@pytest.mark.parametrize("search", [in_the_graph, in_numpy])
def test_a_difference_far_below_the_sum_decides(search):
    """Two beginnings that part by 2e-6 to 2e-5 at the last of 100 steps, where log P is -300.

    The sum in float32, with steps of 3e-5, would take an arbitrary one.
    """
    last, size, ahead = 99, 500, 0.5
    better = np.array([-2e-5, -1e-5, -5e-6, -2e-6, 2e-6, 5e-6, 1e-5, 2e-5])  # by which the second one ends above

    def logit(log_probability):  # of one token among others with logit 0
        return log_probability + np.log(size - 1) - np.log1p(-np.exp(log_probability))

    likely = -3.0
    ends = logit(np.stack([np.full(8, likely), likely + ahead + better], axis=1)).astype("float32")

    def step(tokens, states):
        row, time, branch = tf.unstack(states, axis=1)
        branch = tf.where(time == 1, tokens - 1, branch)  # tokens 1 and 2 begin the branches 0 and 1
        one = tf.where(time == last, tf.gather_nd(ends, tf.stack([row, branch], axis=1)), np.float32(logit(likely)))
        later = one[:, tf.newaxis] * tf.one_hot(3, size)
        first = 3.0 * tf.one_hot(1, size) + (3.0 - ahead) * tf.one_hot(2, size)
        return Step(tf.where((time == 0)[:, tf.newaxis], first, later), tf.stack([row, time + 1, branch], axis=1))

    first = tf.stack([tf.range(8), tf.zeros(8, tf.int32), tf.zeros(8, tf.int32)], axis=1)
    begins, scores = search(step, first, 0, 0, last + 1, beam_size=2)
    assert begins.tolist() == [1] * 4 + [2] * 4
    total = 3 - np.log(np.exp(3) + np.exp(3 - ahead) + size - 2) + last * likely + np.maximum(better, 0)
    np.testing.assert_allclose(scores, total, rtol=1e-6)


def test_the_search_stops_as_soon_as_nothing_can_win():
    """The end is certain after two symbols, and with it that no other sequence is better."""
    logits = tf.constant([[0.0, -9.0, -9.0], [-9.0, 9.0, -9.0], [-9.0, -9.0, 9.0]])
    steps = tf.Variable(0)

    def step(tokens, states):
        steps.assign_add(1)
        return Step(tf.gather(logits, states), tf.minimum(states + 1, 2))

    for alpha in (0.0, 1.0):
        steps.assign(0)
        actual = beam_search(step, tf.zeros([1], tf.int32), 0, 2, 50, length_penalty=alpha)
        assert actual.ids.numpy().tolist() == [[[0, 1]]] and int(steps) == 3


def test_without_attention_and_with_a_tensor_for_the_start():
    automaton = Automaton(6, attends=False)
    start = tf.constant([0, 1, 3], tf.int32)
    states = automaton.states([1, 1, 1])
    actual = beam_search(automaton.step, states, start, END, 5, beam_size=2)
    assert actual.attention is None
    alone = beam_search(automaton.step, automaton.states([1]), 3, END, 5, beam_size=2)
    np.testing.assert_allclose(actual.scores[2], alone.scores[0], rtol=1e-6)


@pytest.mark.parametrize("eagerly", [True, False])
def test_an_empty_batch(eagerly):
    automaton = Automaton(7)
    run = tf.function(lambda nodes: beam_search(automaton.step, automaton.states(nodes), 0, END, 5, n_best=2))
    tf.config.run_functions_eagerly(eagerly)
    try:
        actual = run(tf.zeros([0], tf.int32))
    finally:
        tf.config.run_functions_eagerly(False)
    assert actual.ids.shape == (0, 2, 0) and actual.scores.shape == (0, 2)
    assert actual.attention.shape == (0, 2, 0, 3)


@pytest.mark.slow
def test_in_a_saved_model(tmp_path):
    automaton = Automaton(8)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.int32)])
    def serve(nodes, limits):
        actual = beam_search(automaton.step, automaton.states(nodes), START, END, limits, n_best=2)
        return actual._asdict()

    module = tf.Module()
    tf.saved_model.save(module, str(tmp_path), signatures=serve)
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    for nodes in ([4, 9, 2], [1], []):
        nodes = tf.constant(nodes, tf.int32)
        for name, value in served(nodes=nodes, limits=nodes + 1).items():
            np.testing.assert_array_equal(value, serve(nodes, nodes + 1)[name])


@pytest.mark.parametrize(
    "options, words",
    [
        ({"beam_size": 0}, "`beam_size` must be at least 1"),
        ({"beam_size": 2, "n_best": 3}, "`beam_size` = 2, got 3"),
        ({"length_penalty": -0.1}, "`length_penalty` must be at least 0"),
        ({"coverage_penalty": -0.1}, "`coverage_penalty` must be at least 0"),
        ({"coverage_penalty": 0.1}, "the step function returns none"),
        ({"max_length": -1}, "`max_length` must be at least 0"),
        ({"min_length": 5}, "at most `max_length`, got 5 and 4"),
    ],
)
def test_bad_arguments(options, words):
    automaton = Automaton(0, attends=False)
    with pytest.raises(InputError, match=words):
        beam_search(automaton.step, automaton.states([0]), START, END, **{"max_length": 4, **options})
