"""The searches for CTC in NumPy against those of TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq import decoding
from nlpseq.runtime import ctc

pytestmark = pytest.mark.usefixtures("eager")

RNG = np.random.default_rng(0)
CLASSES, TIME = 5, 8
LENGTHS = np.array([8, 5, 1, 0])
LOGITS = (2 * RNG.normal(size=(len(LENGTHS), TIME, CLASSES))).astype("float32")
MASK = np.arange(TIME) < LENGTHS[:, None]
BONUSES = np.array([0.0, 0.4, -0.3, 0.0, 0.2], "float32")
NGRAM = decoding.NgramModel.learn(RNG.integers(1, CLASSES, size=(20, 6)).tolist(), CLASSES, order=3, end=0)


def check(actual, expected):
    """Whether both are the same texts, with the same scores and steps."""
    for row, (ids, scores, steps) in enumerate(zip(actual.ids, actual.scores, actual.steps, strict=True)):
        possible = int((expected.scores[row].numpy() > -1e29).sum())
        assert len(ids) == len(scores) == len(steps) == possible
        lengths = expected.lengths[row].numpy()
        for result, values in ((ids, expected.ids), (steps, expected.steps)):
            assert result == [values[row, rank, : lengths[rank]].numpy().tolist() for rank in range(possible)]
        np.testing.assert_allclose(scores, expected.scores[row, :possible], rtol=1e-5, atol=1e-5)


def test_the_best_path():
    check(ctc.greedy(LOGITS, LENGTHS), decoding.ctc_greedy(LOGITS, MASK))


@pytest.mark.parametrize("size, n_best, language, fusion", [
    (1, 1, None, lambda: None),
    (60, 9, ctc.Language(BONUSES), lambda: decoding.Fusion(None, bonuses=tf.constant(BONUSES))),
    (4, 3, ctc.Language(BONUSES, 0.7, NGRAM.scores, NGRAM.following, 0),
     lambda: NGRAM.fusion(len(LENGTHS), 0.7, tf.constant(BONUSES))),
    (5, 5, ctc.Language(0 * BONUSES, 0.7, NGRAM.scores, NGRAM.following),
     lambda: NGRAM.fusion(len(LENGTHS), 0.7)._replace(end=None)),
], ids=["alone", "bonus", "n-grams", "no end"])  # fmt: skip
def test_prefix_beam_search(size, n_best, language, fusion):
    expected = decoding.ctc_beam_search(LOGITS, MASK, size, n_best, fusion=fusion())
    check(ctc.beam_search(LOGITS, LENGTHS, size, n_best, language), expected)
