"""Words to ids and back, inside the graph."""

import collections
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from nlpseq.errors import InputError

PADDING, UNKNOWN = 0, 1
START, END = 2, 3  # only in a `SubwordTokenizer`; a `Vocabulary` has words there
SPECIALS = ["<padding>", "<unknown>", "<start>", "<end>"]  # their names, in the order of ids


@keras.saving.register_keras_serializable("nlpseq")
class Vocabulary:
    """A fixed list of words with their ids; 0 is padding and 1 any unknown word.

    Args:
        words: The known words, in the order of their ids, which start at 2.
        others: How many of them, the last ones, are from a file of word vectors and not in the training texts.
            Default 0.

    Call arguments:
        tokens: string tensor or ragged tensor, any shape.

    Returns:
        int32 ids in the same shape.

    Example:

    >>> vocabulary = Vocabulary(["good", "bad"])
    >>> vocabulary(tf.constant(["bad", "ugly"])).numpy().tolist()
    [3, 1]
    """

    def __init__(self, words: Iterable[str], others: int = 0):
        self.words = list(words)
        self.others = others
        self._table = None

    def __len__(self):
        return len(self.words) + 2

    @property
    def names(self) -> list[str]:
        """A name for each id: the special ones, then the words."""
        return [*SPECIALS[: UNKNOWN + 1], *self.words]

    def __call__(self, tokens: tf.Tensor | tf.RaggedTensor) -> tf.Tensor | tf.RaggedTensor:
        if isinstance(tokens, tf.RaggedTensor):
            return tokens.with_flat_values(self(tokens.flat_values))
        return self.table.lookup(tokens)

    @property
    def table(self):
        """The lookup table, created at first use."""
        if self._table is None:
            with tf.init_scope():
                keys = tf.constant(["", *self.words], tf.string)  # no token is empty
                ids = tf.range(UNKNOWN, len(self))
                initializer = tf.lookup.KeyValueTensorInitializer(keys, ids)
                self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)
        return self._table

    @classmethod
    def learn(
        cls,
        token_batches: Iterable[tf.RaggedTensor],
        max_size: int = 30_000,
        min_count: int = 1,
        vectors: Any = None,
        others: Iterable[str] = (),
    ) -> "Vocabulary":
        """The most frequent words of batches of tokens, then `others`; among equally frequent ones the smaller word.

        Args:
            token_batches: iterable of string ragged tensors.
            max_size: the greatest number of ids, padding and unknown included.
            min_count: how often a word must occur to be included.
            vectors: `nlpseq.data.WordVectors`; words that they have are included however rare. Default None.
            others: words that follow them, beyond `max_size`. Default none.

        Raises:
            InputError: there are no words, as in a file of blank lines, or none is
                frequent enough.
        """
        counts = collections.Counter()
        for tokens in token_batches:
            counts.update(tokens.flat_values.numpy().tolist())
        return cls.of_counts(counts, max_size, min_count, vectors, others)

    @classmethod
    def of_counts(
        cls,
        counts: Mapping[bytes, int],
        max_size: int = 30_000,
        min_count: int = 1,
        vectors: Any = None,
        others: Iterable[str] = (),
    ) -> "Vocabulary":
        """As `learn`, of the counts of words."""
        if not counts:
            raise InputError("the training texts hold no words: give at least one text that is not blank.")
        vector_words = () if vectors is None else vectors.find({word.decode("utf-8"): n for word, n in counts.items()})
        vector_words = {word.encode() for word in vector_words}
        frequent = (item for item in counts.items() if item[1] >= min_count or item[0] in vector_words)
        ranked = sorted(frequent, key=lambda item: (-item[1], item[0]))[: max_size - 2]
        if not ranked:
            raise InputError(f"no word occurs {min_count} times in the training texts: lower `min_count`.")
        words = dict.fromkeys(word.decode("utf-8") for word, _ in ranked)
        count = len(words)
        words |= dict.fromkeys(others)
        return cls(words, len(words) - count)

    def get_config(self) -> dict:
        return {"words": self.words, "others": self.others}

    @classmethod
    def from_config(cls, config: dict) -> "Vocabulary":
        return cls(**config)
