"""Searches for connectionist temporal classification against the enumeration of all paths."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.decoding import Fusion, NgramModel, ctc_beam_search, ctc_greedy
from nlpseq.runtime.ctc import Language
from nlpseq.runtime.ctc import beam_search as runtime_search
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


def transcripts_of(transcript, row):
    lengths = transcript.lengths[row].numpy()
    return [tuple(ids[:n].tolist()) for ids, n in zip(transcript.ids[row].numpy(), lengths)]


def test_greedy_is_the_best_path(logits):
    transcript = ctc_greedy(logits, MASK)
    for row, length in enumerate(LENGTHS):
        assert transcripts_of(transcript, row) == [tuple(collapse(logits[row, :length].argmax(-1)))]
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
        assert transcripts_of(transcript, row)[: len(ranked)] == [text for text, _ in ranked]
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
        assert transcripts_of(transcript, row)[: len(ranked)] == [text for text, _ in ranked]
        assert transcript.scores[row, : len(ranked)].numpy() == pytest.approx([s for _, s in ranked], abs=1e-4)


@pytest.mark.parametrize("search", [
    lambda logits, bonuses: ctc_beam_search(logits, fusion=Fusion(None, bonuses=bonuses)).ids[:, 0, 0],
    lambda logits, bonuses: [row[0][0] for row in runtime_search(logits, np.full(6, 100), 8, 1, Language(bonuses)).ids],
])  # fmt: skip
def test_a_difference_far_below_the_sum_decides(search):
    """Two labels that part by 5e-6 to 2e-5 near the end, where log P is -300: its steps in float32 are 3e-5.

    Bonuses exclude the other labels.
    """

    def likelihoods(logits):  # log P of the labels 1 and 2, in float64
        logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        empty, ends_blank, ends_label = 0.0, np.full(2, -np.inf), np.full(2, -np.inf)
        for blank, label in zip(logs[:, 0], logs[:, 1:3]):
            ends_blank, ends_label = (
                np.logaddexp(ends_blank, ends_label) + blank,
                np.logaddexp(empty, ends_label) + label,
            )
            empty += blank
        return np.logaddexp(ends_blank, ends_label)

    def with_second(logit):  # the label 1 is ahead at the first step, the label 2 gains at the last but one
        logits = np.zeros((100, 200))
        logits[:, :3] = [3.0, -30.0, -30.0]
        logits[0, :3] = [9.0, 9.5, 9.0]
        logits[98, 2] = logit
        return logits

    def ahead(logit):
        one, two = likelihoods(with_second(logit))
        return two - one

    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if ahead(middle) > 0 else (middle, high)
    slope = (ahead(high + 1e-3) - ahead(high)) / 1e-3
    gaps = np.array([-2e-5, -1e-5, -5e-6, 5e-6, 1e-5, 2e-5])
    logits = np.stack([with_second(high + gap / slope) for gap in gaps]).astype("float32")
    bonuses = np.where(np.arange(200) < 3, 0, -100).astype("float32")
    assert list(map(int, search(logits, bonuses))) == [1, 1, 1, 2, 2, 2]


def test_ngrams_are_those_of_witten_and_bell():
    """P(1 | 2) from the counts by hand; probabilities of every context sum to one."""
    model = NgramModel.learn([[1, 2, 1], [2, 2]], tokens=4, order=2, end=0)
    unigram = (2 + 4 * 0 + 3 * 0.25) / (7 + 3)  # label 1: twice of seven, three labels, a quarter without counts
    after = (1 + 3 * unigram) / (3 + 3)  # 2 is followed by 1, by 2 and by the end, once each
    assert model.log_probability([2, 1]) - model.log_probability([2]) == pytest.approx(np.log(after))
    assert np.exp(model.scores).sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("n_best", [1, 2])
def test_an_empty_batch_has_no_labels(n_best):
    best = ctc_beam_search(tf.zeros([0, 5, 3]), n_best=n_best, beam_size=3)
    assert best.ids.shape == (0, n_best, 0) and best.scores.shape == (0, n_best)
