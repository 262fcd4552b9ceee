"""Emissions that are sums over features of words: what a linear CRF reads, beside the network."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nlpseq.text import PADDING

BUCKETS = 32_749  # of hashed features, a prime; fewer for a small vocabulary
MOST_HASHED = 300_000  # weights of one feature in one place; with many tags there are fewer buckets
LONGEST_AFFIX = 4
MULTIPLIERS = 31, 7, 7919  # of the hashes
SHAPES = 2**6
NEAR, ONE = (-2, -1, 0, 1, 2), (0,)


@keras.saving.register_keras_serializable("nlpseq")
class FeatureEmissions(keras.layers.Layer):
    """Scores of tags that are sums of weights of the features of a word and of its neighbours.

        e_{t,j} = sum_f sum_o W_{f,o}[f(w_{t+o}), j]

    The features f, and the places o where they are read:

        the word                                        -2 ... 2
        its shape: which kinds of characters it has     -2 ... 2
        its first 2, 3 and 4 characters                 0
        its last 2, 3 and 4 characters                  0, of the last 3 also -1 and 1
        the word and the next one                       -1, 0

    as linear CRFs read them (Ratnaparkhi 1996, Tjong Kim Sang and De Meulder 2003). Few examples suffice to learn
    that a suffix or a neighbour means a tag, while a network generalizes; their sum does both. Affixes and pairs of
    words are hashed (Weinberger et al. 2009). The weights start at zero.

    Args:
        characters: Names of the characters, by id.
        words: Size of the vocabulary.
        tags: Number of tags.
        neighbours: Whether features of other words are read. Default True.
        dropout: Rate of features that are dropped in training, each for itself. Default 0.
        **kwargs: As in `keras.layers.Layer`.

    Call arguments:
        ids: int32 `(batch, time, 1 + characters)`, those of `nlpseq.text.TokenPreprocessor`.
        training: Whether dropout applies. Default False.

    Returns:
        Scores, float32 `(batch, time, tags)`; zero where there is padding.

    Example:

    >>> layer = FeatureEmissions(["", "?", "a", "B"], words=5, tags=3)
    >>> layer(tf.constant([[[2, 3, 2], [4, 2, 0]]])).shape
    TensorShape([1, 2, 3])

    References:
        Ratnaparkhi (1996), A maximum entropy model for part-of-speech tagging, table 1.
        Weinberger et al. (2009), Feature hashing for large scale multitask learning.
    """

    def __init__(
        self,
        characters: Sequence[str],
        words: int,
        tags: int,
        neighbours: bool = True,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.characters, self.words, self.tags = list(characters), words, tags
        self.neighbours, self.dropout = neighbours, dropout
        self.kinds = np.array([_kinds(character) for character in characters], np.float32)
        self.buckets = min(BUCKETS, 4 * words, max(1, MOST_HASHED // tags))
        self.seed_generator = keras.random.SeedGenerator()

    @property
    def features(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """The number of values of each feature, and the places where it is read."""
        affixes = {f"{end}_{size}": ONE for end in ("prefix", "suffix") for size in range(2, LONGEST_AFFIX + 1)}
        hashed = affixes | ({"suffix_3": (-1, 0, 1), "pair": (-1, 0)} if self.neighbours else {})
        near = NEAR if self.neighbours else ONE
        return {
            "word": (self.words, near),
            "shape": (SHAPES, near),
            **{name: (self.buckets, places) for name, places in hashed.items()},
        }

    def build(self, input_shape=None):
        self.kernels = {
            name: self.add_weight(name=name, shape=(size, len(places), self.tags), initializer="zeros")
            for name, (size, places) in self.features.items()
        }
        self.built = True

    def call(self, ids, training=False):
        values = self._values(ids[..., 0], ids[..., 1:])
        real = tf.cast(tf.not_equal(ids[..., 0], PADDING), tf.float32)[..., tf.newaxis, tf.newaxis]
        emissions = 0.0
        for name, (_, places) in self.features.items():
            weights = tf.gather(tf.convert_to_tensor(self.kernels[name]), values[name])  # (batch, time, places, tags)
            weights = tf.cast(weights, tf.float32) * real
            if training and self.dropout:
                shape = [*tf.unstack(tf.shape(weights)[:3]), 1]
                weights = keras.random.dropout(weights, self.dropout, noise_shape=shape, seed=self.seed_generator)
            emissions += sum(_from(place, part) for place, part in zip(places, tf.unstack(weights, axis=2)))
        return emissions * real[..., 0]

    def _values(self, words, characters):
        """The values of all features, int32 `(batch, time)` by name."""
        length = tf.reduce_sum(tf.cast(tf.not_equal(characters, PADDING), tf.int32), axis=-1, keepdims=True)
        positions = tf.range(characters.shape[-1])
        last = [  # the last character, the one before it, ...
            tf.reduce_sum(tf.where(tf.equal(positions, length - 1 - back), characters, 0), axis=-1)
            for back in range(LONGEST_AFFIX)
        ]
        first = tf.unstack(characters, axis=-1)
        values = {"word": words, "shape": self._shape(characters)}
        for size in range(2, LONGEST_AFFIX + 1):
            values[f"prefix_{size}"] = self._hash(first[:size])
            values[f"suffix_{size}"] = self._hash(last[:size])
        following = tf.pad(words[:, 1:], [[0, 0], [0, 1]])
        left, _, right = MULTIPLIERS
        values["pair"] = (words % self.buckets * left + following % self.buckets * right) % self.buckets
        return values

    def _shape(self, characters):
        """A bit for each: first a capital, first a digit; capitals after it; any small letter, digit, other."""
        kinds = tf.gather(tf.constant(self.kinds), characters)  # (batch, time, characters, 4)
        kinds *= tf.cast(tf.not_equal(characters, PADDING), tf.float32)[..., tf.newaxis]
        capital, _, digit, _ = tf.unstack(kinds[:, :, 0], axis=-1)
        _, small, digits, other = tf.unstack(tf.reduce_max(kinds, axis=2), axis=-1)
        capitals = tf.reduce_max(kinds[:, :, 1:, 0], axis=2) if characters.shape[-1] > 1 else tf.zeros_like(capital)
        bits = [capital, digit, capitals, small, digits, other]
        return sum(tf.cast(bit, tf.int32) * 2**number for number, bit in enumerate(bits))

    def _hash(self, characters):
        factor, spread, _ = MULTIPLIERS
        number = tf.zeros_like(characters[0])
        for character in characters:
            number = (number * factor + character * spread + 1) % self.buckets
        return number

    def get_config(self):
        return {
            **super().get_config(),
            "characters": self.characters,
            "words": self.words,
            "tags": self.tags,
            "neighbours": self.neighbours,
            "dropout": self.dropout,
        }


def _kinds(character: str) -> list[bool]:
    """Whether a character is a capital, a small letter, a digit, or none of letter and digit."""
    single = len(character) == 1
    tests = character.isupper(), character.islower(), character.isdigit(), not character.isalnum()
    return [single and test for test in tests]


def _from(place: int, weights: tf.Tensor) -> tf.Tensor:
    """Weights `(batch, time, tags)` of the words at `t + place`, in place t."""
    if place == 0:
        return weights
    steps = tf.shape(weights)[1]
    padded = tf.pad(weights, [[0, 0], [max(-place, 0), max(place, 0)], [0, 0]])
    return padded[:, place:] if place > 0 else padded[:, :steps]
