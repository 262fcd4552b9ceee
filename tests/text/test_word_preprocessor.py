"""The encoder: its columns, what it cuts, and that it survives saving."""

import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text import UNKNOWN, WordPreprocessor

TEXTS = ["a b a b", "c a b"]


def words(encoder, text):
    """The words that are kept, by way of their ids."""
    names = ["", "?", *encoder.vocabulary.words]
    return [names[row[0]] for row in encoder([text]).to_list()[0]]


def test_columns_are_words_and_runs():
    encoder = WordPreprocessor.learn(TEXTS, ngrams=3, ngram_min_count=2)
    assert [len(row) for row in encoder(["a b"]).to_list()[0]] == [3, 3]
    assert encoder.sizes == [5, 2, 1]  # a, b, c; "a b" occurs three times, no triple twice
    assert [row[1] for row in encoder(["a b c a b"]).to_list()[0]] == [0, 1, 0, 0, 1]


def test_order_of_learning_options():
    encoder = WordPreprocessor.learn(["A a b"], min_count=2, lowercase=True)
    assert encoder.vocabulary.words == ["a"]
    assert [row[0] for row in encoder(["b A"]).to_list()[0]] == [UNKNOWN, 2]


@pytest.mark.parametrize("length", [0, 1, 5, 6, 7, 20])
def test_cuts(length):
    text = " ".join("abcdefghijklmnopqrst"[:length])
    letters = text.split()
    end = WordPreprocessor.learn(["a b c d e f g h i j k l m n o p q r s t"], max_tokens=6)
    assert words(end, text) == letters[:6]
    middle = WordPreprocessor(end.tokenizer, end.vocabulary, (), 6, "middle")
    assert words(middle, text) == (letters if length <= 6 else letters[:2] + letters[-4:])


def test_eager_equals_graph_and_config_round_trips():
    encoder = WordPreprocessor.learn(TEXTS, ngrams=2, ngram_min_count=1, max_tokens=3, truncation="middle")
    again = WordPreprocessor.from_config(encoder.get_config())
    texts = tf.constant(["a b c a b", "", "new"])
    expected = encoder(texts).to_list()
    assert tf.function(again)(texts).to_list() == expected
    assert again(texts).dtype == tf.int32


def test_bad_options():
    with pytest.raises(InputError, match="unknown `truncation` 'start'"):
        WordPreprocessor.learn(TEXTS, truncation="start")
    with pytest.raises(InputError, match="`max_tokens` must be at least 1"):
        WordPreprocessor.learn(TEXTS, max_tokens=0)
