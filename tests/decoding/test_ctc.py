"""Searches for connectionist temporal classification against the enumeration of all paths."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.decoding import NgramModel, ctc_beam_search, ctc_greedy
from tests.engine.test_ctc import collapse

pytestmark = pytest.mark.usefixtures("eager")

CLASSES, TIME = 3, 5
LENGTHS = np.array([5, 3, 0])
MASK = np.arange(TIME) < LENGTHS[:, None]


@pytest.fixture
def logits():
    return 1.5 * np.random.default_rng(3).normal(size=(len(LENGTHS), TIME, CLASSES)).astype("float32")


def enumerated(logits):
    """Every text of one row with its log-probability, the sum over its paths."""
    log_y = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    scores = {}
    for path in itertools.product(range(CLASSES), repeat=len(logits)):
        text, score = tuple(collapse(path)), sum(log_y[t, k] for t, k in enumerate(path))
        scores[text] = np.logaddexp(scores.get(text, -np.inf), score)
    return scores


def found(transcript, row):
    lengths = transcript.lengths[row].numpy()
    return [tuple(ids[:n].tolist()) for ids, n in zip(transcript.ids[row].numpy(), lengths)]


def test_greedy_is_the_best_path(logits):
    transcript = ctc_greedy(logits, MASK)
    for row, length in enumerate(LENGTHS):
        assert found(transcript, row) == [tuple(collapse(logits[row, :length].argmax(-1)))]
        log_y = tf.nn.log_softmax(logits[row, :length]).numpy()
        assert float(transcript.scores[row, 0]) == pytest.approx(log_y.max(-1).sum() if length else 0.0, abs=1e-5)


def test_words_begin_where_their_paths_do():
    path = [0, 1, 1, 0, 1, 2, 2, 0]
    for transcript in (ctc_greedy(9 * tf.one_hot([path], 3)), ctc_beam_search(9 * tf.one_hot([path], 3))):
        assert transcript.ids.numpy().tolist() == [[[1, 1, 2]]]
        assert transcript.steps.numpy().tolist() == [[[1, 4, 5]]]


def test_a_wide_beam_finds_all_texts(logits):
    transcript = ctc_beam_search(logits, MASK, beam_size=100, n_best=6)
    for row, length in enumerate(LENGTHS):
        ranked = sorted(enumerated(logits[row, :length].astype(float)).items(), key=lambda item: -item[1])[:6]
        assert found(transcript, row)[: len(ranked)] == [text for text, _ in ranked]
        assert transcript.scores[row, : len(ranked)].numpy() == pytest.approx([s for _, s in ranked], abs=1e-4)
        assert np.all(transcript.scores[row, len(ranked) :] < -1e29)


def test_language_model_and_bonus_are_added(logits):
    model = NgramModel.learn([[1, 2, 1], [2, 2], [1]], tokens=CLASSES, order=3, end=0)
    bonus = np.array([0.0, 0.3, -0.2], "float32")
    fusion = model.fusion(batch=len(LENGTHS), weight=0.7, bonuses=bonus)
    transcript = ctc_beam_search(logits, MASK, beam_size=100, n_best=5, fusion=fusion)
    for row, length in enumerate(LENGTHS):
        scores = {
            text: score + 0.7 * model.log_probability([*text, 0]) + sum(bonus[label] for label in text)
            for text, score in enumerated(logits[row, :length].astype(float)).items()
        }
        ranked = sorted(scores.items(), key=lambda item: -item[1])[:5]
        assert found(transcript, row)[: len(ranked)] == [text for text, _ in ranked]
        assert transcript.scores[row, : len(ranked)].numpy() == pytest.approx([s for _, s in ranked], abs=1e-4)


def test_ngrams_are_those_of_witten_and_bell():
    """P(1 | 2) from the counts by hand; probabilities of every context sum to one."""
    model = NgramModel.learn([[1, 2, 1], [2, 2]], tokens=4, order=2, end=0)
    unigram = (2 + 4 * 0 + 3 * 0.25) / (7 + 3)  # label 1: twice of seven, three labels, a quarter without counts
    after = (1 + 3 * unigram) / (3 + 3)  # 2 is followed by 1, by 2 and by the end, once each
    assert model.log_probability([2, 1]) - model.log_probability([2]) == pytest.approx(np.log(after))
    assert np.exp(model.scores).sum(axis=1) == pytest.approx(1.0)
