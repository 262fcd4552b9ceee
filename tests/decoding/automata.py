"""Random step functions that are small enough to be searched by hand, and that search.

The state of a row is the number of a node. A node and a token lead to the next node, and
a node has logits and attention of its own, so that a state which came to the wrong
row changes everything that follows.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.decoding import Step

# So many that no path meets a node twice: the same moves in another order would be a tie.
NODES, VOCABULARY, SOURCE = 2000, 4, 3
START, END = 1, 2


class Automaton:
    """Tables of a random step function, for TensorFlow and for plain Python."""

    def __init__(self, seed, sharpness=1.5, attends=True):
        random = np.random.default_rng(seed)
        self.attends = attends
        self.moves = random.integers(0, NODES, (NODES, VOCABULARY)).astype("int32")
        self.logits = (sharpness * random.normal(size=(NODES, VOCABULARY))).astype("float32")
        attention = np.exp(2 * random.normal(size=(NODES, SOURCE)))
        self.attention = (attention / attention.sum(1, keepdims=True)).astype("float32")
        exact = self.logits.astype("float64")
        self.log_probabilities = exact - np.log(np.exp(exact).sum(1, keepdims=True))

    def step(self, tokens, states):
        """The node is in two states of other shapes and structures, each row's by itself."""
        (node, again), counter = states
        node = tf.gather_nd(self.moves, tf.stack([(node + again[:, 0]) // 2, tokens], axis=1))
        states = ([node, tf.stack([node, node], axis=1)], counter + 1.0)
        attention = tf.gather(self.attention, node) if self.attends else None
        return Step(tf.gather(self.logits, node), states, attention)

    def states(self, nodes):
        nodes = tf.cast(nodes, tf.int32)
        return ((nodes, tf.stack([nodes, nodes], axis=1)), tf.zeros([tf.shape(nodes)[0], 2, 1]))


class Hypothesis(NamedTuple):
    """A sequence so far."""

    ids: tuple
    log_probability: float
    node: int
    attention: tuple

    def longer(self, automaton, token):
        gained = automaton.log_probabilities[self.node, token]
        rows = (*self.attention, automaton.attention[self.node])
        return Hypothesis((*self.ids, token), self.log_probability + gained, automaton.moves[self.node, token], rows)

    @property
    def ended(self):
        return self.ids[-1:] == (END,)

    @property
    def length(self):
        return len(self.ids) - self.ended

    def score(self, length_penalty=0.0, coverage_penalty=0.0, real=slice(None)):
        covered = np.minimum(np.sum(self.attention, axis=0)[real], 1.0) if self.ids else np.ones(1)
        penalty = coverage_penalty * np.log(covered).sum()
        return self.log_probability / ((5 + len(self.ids)) / 6) ** length_penalty + penalty


def first(automaton, node):
    return Hypothesis((), 0.0, automaton.moves[node, START], ())


def continuations(automaton, hypothesis, min_length):
    tokens = [token for token in range(VOCABULARY) if token != END or hypothesis.length >= min_length]
    return [hypothesis.longer(automaton, token) for token in tokens]


def all_sequences(automaton, node, max_length, min_length=0):
    """Every sequence that ends, or has `max_length` ids."""
    finished, open_ones = [], [first(automaton, node)]
    for _ in range(max_length):
        longer = [new for path in open_ones for new in continuations(automaton, path, min_length)]
        finished += [path for path in longer if path.ended]
        open_ones = [path for path in longer if not path.ended]
    return finished + open_ones


def plain_beam(automaton, node, max_length, min_length, beam_size):
    """What a beam meets, in plain lists, without any early finish."""
    finished, open_ones = [], [first(automaton, node)]
    for _ in range(max_length):
        longer = [new for path in open_ones for new in continuations(automaton, path, min_length)]
        longer.sort(key=lambda path: -path.log_probability)
        finished += [path for path in longer[:beam_size] if path.ended]
        open_ones = [path for path in longer if not path.ended][:beam_size]
    return finished + open_ones


def assert_decoded(decoded, row, hypotheses, scores, padding=0):
    """A row of `Decoded` holds exactly these, the best first."""
    order = np.argsort(-np.array(scores), kind="stable")[: decoded.ids.shape[1]]
    for place, index in enumerate(order):
        expected, length = hypotheses[index], hypotheses[index].length
        ids = decoded.ids[row, place].numpy()
        assert ids[:length].tolist() == list(expected.ids[:length])
        assert np.all(ids[length:] == padding)
        assert int(decoded.lengths[row, place]) == length
        close = {"rtol": 1e-5, "atol": 1e-5}
        np.testing.assert_allclose(decoded.scores[row, place], scores[index], **close)
        raw = decoded.log_probabilities[row, place]
        np.testing.assert_allclose(raw, expected.log_probability, **close)
        if decoded.attention is not None:
            rows = np.reshape(expected.attention[:length], (length, SOURCE))
            np.testing.assert_allclose(decoded.attention[row, place, :length], rows, **close)
            assert not np.any(decoded.attention[row, place, length:])
    for place in range(len(order), decoded.ids.shape[1]):
        assert float(decoded.scores[row, place]) == -np.inf
        assert int(decoded.lengths[row, place]) == 0
        assert np.all(decoded.ids[row, place] == padding)
