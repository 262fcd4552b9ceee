"""The linear scores of a tagger, against a reference that reads strings."""

import numpy as np
import tensorflow as tf

from nlpseq.tasks.tagging.linear import NEAR, FeatureEmissions

NAMES = ["", "[UNK]", *"abcXY1-"]
WORDS = ["", "?", "cab", "xa-1", "abcab"]
SENTENCE = [(2, "cab"), (3, "Xa-1"), (1, "Y"), (4, "abcab"), (2, "Cab"), (1, "b1b1")]


def layer(**options):
    layer = FeatureEmissions(NAMES, len(WORDS), tags=3, **options)
    layer.build()
    rng = np.random.default_rng(5)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def ids(sentence, width=6):
    rows = [[word, *(NAMES.index(c) if c in NAMES else 1 for c in text)] for word, text in sentence]
    return tf.constant([[*row, *[0] * (1 + width - len(row))] for row in rows])[tf.newaxis]


def hashed(text, buckets):
    number = 0
    for position in range(len(text)):
        character = text[position]
        number = number * 31 + (NAMES.index(character) if character in NAMES else 0 if character == "" else 1) * 7 + 1
        number %= buckets
    return number


def affix(text, size, end):
    """Characters from the outside in, "" where the word has ended."""
    characters = list(text if end == "prefix" else reversed(text))[:size]
    return characters + [""] * (size - len(characters))


def shape(text):
    letters = [c for c in text if c in NAMES]
    bits = [
        letters[:1] == [text[0]] and text[0].isupper(), text[0].isdigit(), any(c.isupper() for c in text[1:]),
        any(c.islower() for c in letters), any(c.isdigit() for c in letters), "-" in text,
    ]  # fmt: skip
    return sum(2**number for number, bit in enumerate(bits) if bit)


def expected(layer, sentence):
    weights = {name: np.array(kernel) for name, kernel in layer.kernels.items()}
    size, result = len(sentence), np.zeros((len(sentence), 3))
    for position in range(size):
        for place, offset in enumerate(NEAR):
            if 0 <= position + offset < size:
                word, text = sentence[position + offset]
                result[position] += weights["word"][word, place] + weights["shape"][shape(text), place]
        for end in ("prefix", "suffix"):
            for length in (2, 3, 4):
                name = f"{end}_{length}"
                for place, offset in enumerate((-1, 0, 1) if name == "suffix_3" else (0,)):
                    if 0 <= position + offset < size:
                        value = hashed(affix(sentence[position + offset][1], length, end), layer.buckets)
                        result[position] += weights[name][value, place]
        for place, offset in enumerate((-1, 0)):
            if 0 <= position + offset < size:
                first = sentence[position + offset][0]
                second = sentence[position + offset + 1][0] if position + offset + 1 < size else 0
                result[position] += weights["pair"][(first * 31 + second * 7919) % layer.buckets, place]
    return result


def test_scores_are_sums_of_weights():
    one = layer()
    np.testing.assert_allclose(one(ids(SENTENCE))[0], expected(one, SENTENCE), rtol=1e-5, atol=1e-5)


def test_a_word_alone_reads_no_neighbours():
    one = layer(neighbours=False)
    together = one(ids(SENTENCE))[0]
    for number, word in enumerate(SENTENCE):
        np.testing.assert_allclose(one(ids([word]))[0, 0], together[number], atol=1e-5)


def test_small_vocabularies_and_many_tags_take_fewer_buckets():
    assert FeatureEmissions(NAMES, 5, tags=3).buckets == 20
    assert FeatureEmissions(NAMES, 9000, tags=3000).buckets == 100
    assert FeatureEmissions.from_config(layer(dropout=0.5).get_config()).dropout == 0.5


def test_dropped_features_keep_the_mean():
    one = layer(dropout=0.5)
    batch = tf.repeat(ids(SENTENCE), 3000, axis=0)
    np.testing.assert_allclose(tf.reduce_mean(one(batch, training=True), axis=0), one(batch)[0], atol=0.5)
