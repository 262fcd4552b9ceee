"""Whole words as pieces."""

from collections.abc import Sequence

import tensorflow as tf

from nlpseq.text.subwords.tables import table
from nlpseq.text.vocabulary import SPECIALS, UNKNOWN


class WholeWords:
    """Looks up the id of each word; a word that is not in the list is unknown.

    Args:
        pieces: The pieces in the order of their ids, the specials first.

    Call arguments:
        words: string `(words,)`.

    Returns:
        int32 ragged `(words, None)`, one id per word.
    """

    unknown_text = " \ufffd"  # a whole word, most often after a space

    def __init__(self, pieces: Sequence[str]):
        ids = range(len(SPECIALS), len(pieces))
        self.texts = list(pieces)
        self.tables = [table(pieces[len(SPECIALS) :], ids, UNKNOWN, tf.string, tf.int32)]

    def __call__(self, words: tf.Tensor) -> tf.RaggedTensor:
        (ids,) = self.tables
        return tf.RaggedTensor.from_tensor(ids.lookup(words)[:, None])
