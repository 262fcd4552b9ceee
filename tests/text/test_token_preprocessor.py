"""Ids of words and characters, and what of them is learnt."""

import pytest
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text import UNKNOWN, TokenPreprocessor

TOKENS = [["The", "cat", "saw", "the", "Cat", "in", "2019"], ["in", "1984"], []]


def learn(tokens=TOKENS, **options):
    return TokenPreprocessor.learn(tf.ragged.constant(tokens, ragged_rank=1), **options)


def ids(encoder, *tokens):
    return encoder(tf.ragged.constant([list(tokens)]))[0].numpy().tolist()


def test_words_are_looked_up_in_lower_case_and_without_digits():
    encoder = learn()
    words = [row[0] for row in ids(encoder, "CAT", "cat", "7777", "77", "dog")]
    assert words[0] == words[1] > UNKNOWN and words[2] > UNKNOWN
    assert words[3:] == [UNKNOWN, UNKNOWN]
    assert encoder.singletons == 1  # saw


def test_characters_are_as_they_are():
    encoder = learn(max_characters=4)
    ((_, *upper), (_, *lower)) = ids(encoder, "The", "the")
    assert upper[0] != lower[0] and upper[1:] == lower[1:]
    assert upper[-1] == 0 and 0 not in upper[:-1]


def test_long_words_keep_both_ends():
    encoder = learn([["abcdefghij"]], max_characters=4)
    ((_, *remaining),) = ids(encoder, "abcdefghij")
    assert [encoder.characters.words[i - 2] for i in remaining] == list("abij")


def test_sentences_are_cut():
    encoder = learn(max_tokens=3)
    assert encoder(tf.ragged.constant(TOKENS)).row_lengths().numpy().tolist() == [3, 2, 0]
    assert encoder.tokenize(tf.constant(["a b c d"])).row_lengths().numpy().tolist() == [3]


@pytest.mark.parametrize("word", ["n't", "'s", "’re"])
def test_texts_are_split_as_the_training_tokens(word):
    text = tf.constant(["She's sure I don't, e.g. at 3.50 on http://a.b/c?d."])
    joined, split = (
        [token.decode() for token in encoder.tokenize(text).to_list()[0]]
        for encoder in (learn(), learn([*TOKENS, ["do", word]]))
    )
    whole = [",", "e.g.", "at", "3.50", "on", "http://a.b/c?d", "."]
    assert joined == ["She's", "sure", "I", "don't", *whole]
    assert split == ["She", "'s", "sure", "I", "do", "n't", *whole]


def test_odd_tokens():
    rows = ids(learn(), b"\xff\xfe", "a\x00b", "", "😀")
    assert [row[0] for row in rows] == [UNKNOWN] * 4
    assert [sum(i > 0 for i in row[1:]) for row in rows] == [2, 3, 0, 1]


def test_invisible_characters_change_nothing():
    encoder = learn()
    assert ids(encoder, "s\u00adaw", "\ufeffThe\ufe0f", "c\u200dat") == ids(encoder, "saw", "The", "cat")


def test_config_round_trip():
    encoder = learn(max_characters=5, max_tokens=6)
    again = TokenPreprocessor.from_config(encoder.get_config())
    assert again.get_config() == encoder.get_config()
    assert ids(again, "The", "dog") == ids(encoder, "The", "dog")


def test_bad_sizes():
    for name in ("max_tokens", "max_characters"):
        with pytest.raises(InputError, match=f"`{name}` must be at least 1"):
            learn(**{name: 0})
