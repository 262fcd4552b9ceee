"""N-grams of words to ids, inside the graph."""

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text.vocabulary import UNKNOWN

NO_NGRAM = -1  # key at a word with fewer than `order - 1` words before it, or of an n-gram with an unknown word


@keras.saving.register_keras_serializable("nlpseq")
class Ngrams:
    """The frequent n-grams of known words, each with an id; 0 is any other n-gram.

    An n-gram is looked up by its key, its word ids read as digits in base `vocabulary_size`:

        key(t) = sum_k ids[t - k] * vocabulary_size^k,    k = 0 ... order - 1

    Args:
        order: Number of words in an n-gram, 2 or more.
        vocabulary_size: Number of word ids.
        keys: The keys of the known n-grams, in the order of their ids, which start at 1.

    Call arguments:
        ids: int32 `tf.RaggedTensor` `(batch, None)` of word ids.

    Returns:
        int32 tensor, for each of the flat values of `ids` the id of the n-gram that ends there.

    Raises:
        InputError: the keys do not fit into 63 bits.

    Example:

    >>> ids = tf.ragged.constant([[2, 3, 2, 3], [3]], dtype=tf.int32)
    >>> bigrams = Ngrams.learn([ids], order=2, vocabulary_size=4, min_count=2)
    >>> bigrams(ids).numpy().tolist()
    [0, 1, 0, 1, 0]
    """

    def __init__(self, order: int, vocabulary_size: int, keys: Sequence[int] | np.ndarray):
        if vocabulary_size**order >= 2**63:
            raise InputError(
                f"n-grams of order {order} over {vocabulary_size:,} words exceed 63-bit keys: lower `ngrams` "
                "or `vocabulary_size`."
            )
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.keys = np.asarray(keys, np.int64)
        self._table = None

    def __len__(self):
        return len(self.keys) + 1

    def names(self, words: list[str]) -> list[str]:
        """A name for each id: "" for other n-grams, then the words of each n-gram.

        Args:
            words: The word of each word id.
        """
        digits = [self.keys // self.vocabulary_size**back % self.vocabulary_size for back in range(self.order)]
        return ["", *(" ".join(words[id_] for id_ in ids) for ids in zip(*reversed(digits)))]

    def __call__(self, ids: tf.RaggedTensor) -> tf.Tensor:
        return self.table.lookup(self._keys_of(ids))

    @property
    def table(self):
        """The lookup table, created at first use."""
        if self._table is None:
            with tf.init_scope():
                keys = tf.constant([NO_NGRAM, *self.keys.tolist()], tf.int64)
                initializer = tf.lookup.KeyValueTensorInitializer(keys, tf.range(len(self)))
                self._table = tf.lookup.StaticHashTable(initializer, default_value=0)
        return self._table

    def _keys_of(self, ids):
        """The key of the n-gram that ends at each word, `NO_NGRAM` where there is none."""
        words, rows = tf.cast(ids.flat_values, tf.int64), ids.value_rowids()
        keys, complete = words, tf.ones_like(words, tf.bool)
        for back in range(1, self.order):
            earlier = _shifted(words, back)
            keys += earlier * self.vocabulary_size**back
            same_text = tf.equal(_shifted(rows + 1, back), rows + 1)
            complete &= same_text & (earlier != UNKNOWN)
        return tf.where(complete & (words != UNKNOWN), keys, NO_NGRAM)

    @classmethod
    def learn(cls, id_batches: Iterable[tf.RaggedTensor], order: int, vocabulary_size: int, min_count: int) -> "Ngrams":
        """The n-grams of known words that occur at least `min_count` times, the most frequent first."""
        empty = cls(order, vocabulary_size, [])
        keys = [empty._keys_of(ids).numpy() for ids in id_batches]
        distinct, counts = np.unique(np.concatenate(keys), return_counts=True)
        frequent = (counts >= min_count) & (distinct >= 0)
        distinct, counts = distinct[frequent], counts[frequent]
        return cls(order, vocabulary_size, distinct[np.argsort(-counts, kind="stable")])

    def get_config(self) -> dict:
        return {
            "order": self.order,
            "vocabulary_size": self.vocabulary_size,
            "keys": self.keys.tolist(),
        }

    @classmethod
    def from_config(cls, config: dict) -> "Ngrams":
        return cls(**config)


def _shifted(values, back):
    """The value `back` positions earlier, 0 where there is none."""
    return tf.concat([tf.zeros_like(values[:back]), values[:-back]], axis=0)
