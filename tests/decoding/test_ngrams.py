"""N-grams against probabilities computed by hand."""

import math

import pytest

from nlpseq.decoding.ngrams import NgramModel


@pytest.mark.parametrize("order, expected", [(1, 2 / 11), (2, 15 / 44), (3, 59 / 88)])
def test_as_many_tokens_count_as_the_order_says(order, expected):
    model = NgramModel.learn([[0, 1, 2], [3, 1, 4]], tokens=5, order=order)
    last = model.log_probability([0, 1, 2]) - model.log_probability([0, 1])
    assert last == pytest.approx(math.log(expected), rel=1e-5)
