"""Tokenizers in pure Python against those of the graph, on random strings."""

import json
import random

import pytest
import tensorflow as tf

from nlpseq.runtime.text import restore
from nlpseq.text import LinePreprocessor, PairPreprocessor, TokenPreprocessor, WordPreprocessor, WordTokenizer
from nlpseq.text.description import describe

COUNT = 300  # strings; the slow test has 20,000
PARTS = [
    *"abcIiKkSsTt'’.,:;=!?-_+@<>/()#09 \t\n\r\v\0\x07\x85\xa0\u00ad\u200b\u200d\u2028",
    *"ſKİıßΣςÉé\u0301\u0307中あア한ไທက😀½Ⅷǅ",
    *("n't", "'s", "http://a.b/c", "Mr.", "U.S.", "<br />", "a@b.c", "3.5", "\r\n", "  ", "👩\u200d🚀", "do", "don't"),
]


def random_texts(count, seed=0):
    """UTF-8 bytes, in some of which bytes are added that make them invalid."""
    rng = random.Random(seed)

    def character():
        if rng.random() < 0.85:
            return rng.choice(PARTS)
        return chr(rng.choice([rng.randrange(0x3000), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)]))

    texts = []
    for _ in range(count):
        text = bytearray("".join(character() for _ in range(rng.choice([0, 1, 3, 10, 40, 120]))).encode())
        for _ in range(rng.randrange(4) if rng.random() < 0.1 else 0):
            text.insert(rng.randrange(len(text) + 1), rng.randrange(256))
        texts.append(bytes(text))
    return texts


def in_python(preprocessor):
    return restore(json.loads(json.dumps(describe(preprocessor))))


def words(texts, **options):
    return WordPreprocessor.learn(texts, ngrams=2, ngram_min_count=1, max_tokens=9, **options)


def tokens(texts):
    split = [[token.decode() for token in row] for row in WordTokenizer(lowercase=False)(texts).to_list()]
    return TokenPreprocessor.learn(tf.ragged.constant([*split, ["do", "n't"]]), max_tokens=12, max_characters=5)


def lines(texts, kind, **options):
    size = 60 if kind in ("word", "character") else 4000
    return LinePreprocessor.learn(texts, kind=kind, size=size, **options)


def check_words(texts, vocabulary):
    for options in ({"truncation": "middle"}, {"lowercase": False}):
        preprocessor = words(vocabulary, **options)
        python = in_python(preprocessor)
        assert [python(text).tolist() for text in texts] == preprocessor(tf.constant(texts)).to_list()


def check_tokens(texts, vocabulary):
    preprocessor = tokens(vocabulary)
    python, expected = in_python(preprocessor), preprocessor.tokenize(tf.constant(texts))
    actual = [python.tokenize(text) for text in texts]
    assert [[token.encode() for token in row] for row in actual] == expected.to_list()
    assert [python(row).tolist() for row in actual] == preprocessor(expected).to_list()


def check_lines(texts, vocabulary, kind):
    preprocessor = lines(vocabulary, kind, lowercase=kind != "bpe", pretokenized=kind == "unigram")
    python, ids = in_python(preprocessor), preprocessor(tf.constant(texts))
    actual = [python(text) for text in texts]
    assert actual == ids.to_list()
    assert [python.decode(row).encode() for row in actual] == preprocessor.decode(ids).numpy().tolist()
    for part in ({"first": 5}, {"last": 5}):
        assert [python(text, **part) for text in texts] == preprocessor(tf.constant(texts), **part).to_list()


def test_words_and_ngrams():
    texts = random_texts(COUNT)
    check_words(texts, texts[::3])


def test_tokens_and_their_characters():
    texts = random_texts(COUNT)
    check_tokens(texts, texts[::3])


def test_a_mark_whose_lower_case_is_a_letter():
    texts = [f"a{mark}'s A{mark}N'T{mark} {mark}" for mark in ("\u0345", "\u0301", "\u1fbe", "ß", "ſ")]
    check_tokens(texts, texts)
    check_words(texts, texts)


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram", "word", "character"])
def test_subwords(kind):
    texts = random_texts(COUNT)
    check_lines(texts, texts[::3], kind)


def test_pairs():
    preprocessor = PairPreprocessor.learn(["a b", "b c d"], ["x"], kind="word", size=10, max_tokens=3)
    python, texts = in_python(preprocessor), ["b", "", "a b c d", "a b"]
    tokens = preprocessor.source_tokens(tf.constant(texts))
    expected = zip(preprocessor(tf.constant(texts)).to_list(), preprocessor.is_truncated(tokens).numpy().tolist())
    assert [python(text) for text in texts] == list(expected)
    assert python.target.decode([4, 1]) == preprocessor.target.decode(tf.constant([[4, 1]])).numpy()[0].decode()


@pytest.mark.slow
def test_many_strings():
    texts = random_texts(20_000, seed=1)
    vocabulary = texts[::50]
    check_words(texts, vocabulary)
    check_tokens(texts, vocabulary)
    for kind in ("bpe", "wordpiece", "unigram", "word", "character"):
        check_lines(texts, vocabulary, kind)
