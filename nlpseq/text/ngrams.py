"""Runs of neighbouring words to ids, inside the graph."""

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.text.vocabulary import UNKNOWN

NO_NGRAM = -1  # too near the start of a text, or with an unknown word


@keras.saving.register_keras_serializable("nlpseq")
class Ngrams:
    """The frequent runs of `order` known words, each with an id; 0 is any other run.

    A run is looked up by the number that its word ids make in base
    `vocabulary_size`. The id at a word is that of the run that ends there.

    Args:
        order: Number of words in a run, 2 or more.
        vocabulary_size: Number of word ids.
        keys: The known runs as numbers, in the order of their ids, which start at 1.

    Raises:
        InputError: the numbers of runs do not fit 63 bits.

    Call arguments:
        ids: int32 `tf.RaggedTensor` `(batch, None)` of word ids.

    Returns:
        int32 tensor, an id for each of the flat values of `ids`.

    Example:

    >>> ids = tf.ragged.constant([[2, 3, 2, 3], [3]], dtype=tf.int32)
    >>> pairs = Ngrams.learn([ids], order=2, vocabulary_size=4, min_count=2)
    >>> pairs(ids).numpy().tolist()
    [0, 1, 0, 1, 0]
    """

    def __init__(self, order, vocabulary_size, keys):
        if vocabulary_size**order >= 2**63:
            raise InputError(
                f"runs of {order} words out of {vocabulary_size:,} are too many to number: lower "
                "--ngrams or --vocabulary-size."
            )
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.keys = np.asarray(keys, np.int64)
        self._table = None

    def __len__(self):
        return len(self.keys) + 1

    def __call__(self, ids):
        return self.table.lookup(self._keys_of(ids))

    @property
    def table(self):
        """The lookup table, made when it is first needed."""
        if self._table is None:
            with tf.init_scope():
                keys = tf.constant([NO_NGRAM, *self.keys.tolist()], tf.int64)
                initializer = tf.lookup.KeyValueTensorInitializer(keys, tf.range(len(self)))
                self._table = tf.lookup.StaticHashTable(initializer, default_value=0)
        return self._table

    def _keys_of(self, ids):
        """The number of the run that ends at each word, `NO_NGRAM` where there is none."""
        words, rows = tf.cast(ids.flat_values, tf.int64), ids.value_rowids()
        keys, inside = words, tf.ones_like(words, tf.bool)
        for back in range(1, self.order):
            earlier = _shifted(words, back)
            keys += earlier * self.vocabulary_size**back
            same_text = tf.equal(_shifted(rows + 1, back), rows + 1)
            inside &= same_text & (earlier != UNKNOWN)
        return tf.where(inside & (words != UNKNOWN), keys, NO_NGRAM)

    @classmethod
    def learn(cls, id_batches, order, vocabulary_size, min_count):
        """The runs of known words that occur at least `min_count` times, the frequent first."""
        empty = cls(order, vocabulary_size, [])
        keys = [empty._keys_of(ids).numpy() for ids in id_batches]
        found, counts = np.unique(np.concatenate(keys), return_counts=True)
        kept = (counts >= min_count) & (found >= 0)
        found, counts = found[kept], counts[kept]
        return cls(order, vocabulary_size, found[np.argsort(-counts, kind="stable")])

    def get_config(self):
        return {
            "order": self.order,
            "vocabulary_size": self.vocabulary_size,
            "keys": self.keys.tolist(),
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _shifted(values, back):
    """The value `back` places earlier, 0 where there is none."""
    return tf.concat([tf.zeros_like(values[:back]), values[:-back]], axis=0)
