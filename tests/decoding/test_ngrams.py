"""N-grams against probabilities computed by hand."""

import math

import pytest

from nlpseq.decoding import ngrams
from nlpseq.decoding.ngrams import NgramModel


@pytest.mark.parametrize("order, expected", [(1, 2 / 11), (2, 15 / 44), (3, 59 / 88)])
def test_as_many_tokens_count_as_the_order_says(order, expected):
    model = NgramModel.learn([[0, 1, 2], [3, 1, 4]], tokens=5, order=order)
    last = model.log_probability([0, 1, 2]) - model.log_probability([0, 1])
    assert last == pytest.approx(math.log(expected), rel=1e-5)


def test_the_most_frequent_contexts_are_kept(monkeypatch):
    texts = [[0, 1, 2]] * 3 + [[3, 4, 2]]
    whole = NgramModel.learn(texts, tokens=5, order=3)
    monkeypatch.setattr(ngrams, "MOST_CELLS", 5 * 4)
    few = NgramModel.learn(texts, tokens=5, order=3)  # after nothing, 0, 1 and 0 1
    assert len(few.scores) == 4 and few.log_probability([0, 1, 2]) == whole.log_probability([0, 1, 2])
    assert few.log_probability([3, 4, 2]) - few.log_probability([3, 4]) == pytest.approx(float(few.scores[0, 2]))
