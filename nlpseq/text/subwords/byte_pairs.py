"""Pieces by merging neighbours."""

import tensorflow as tf

from nlpseq.text.subwords.tables import table
from nlpseq.text.vocabulary import PADDING, SPECIALS, UNKNOWN

NO_MERGE = tf.int64.max


class BytePairs:
    """Byte pair encoding over characters: merges the pair of lowest rank until none is left.

    All words are merged side by side, one pair a step, the leftmost among equals:
    the order in which the merges were learnt, so the pieces are those of learning.
    A character that was never seen is unknown. Without merges, characters are the pieces.

    Args:
        pieces: The pieces in the order of their ids, the specials first.
        merges: Pairs of ids `[left, right]` in the order of their ranks; the two
            pieces joined are a piece.

    Call arguments:
        words: string `(words,)`.

    Returns:
        int32 ragged `(words, None)`.

    Reference: Sennrich, Haddow and Birch (2016), "Neural Machine Translation of Rare
    Words with Subword Units".
    """

    unknown_text = "\ufffd"

    def __init__(self, pieces, merges=()):
        self.texts = list(pieces)
        self.size = len(pieces)
        ids = {piece: number for number, piece in enumerate(pieces)}
        characters = [piece for piece in pieces[len(SPECIALS) :] if len(piece) == 1]
        # Padding is never merged with padding; the entry is there as no table may be empty.
        keys = [PADDING, *(left * self.size + right for left, right in merges)]
        # Rank and merged piece in one number: the least is the one to merge first.
        values = [rank * self.size + ids[pieces[left] + pieces[right]] for rank, (left, right) in enumerate(merges)]
        self.tables = [
            table(characters, [ids[each] for each in characters], UNKNOWN, tf.string, tf.int32),
            table(keys, [NO_MERGE, *values], NO_MERGE, tf.int64, tf.int64),
        ]

    def __call__(self, words):
        character_ids, _ = self.tables
        ids = character_ids.lookup(tf.strings.unicode_split(words, "UTF-8")).to_tensor(PADDING)
        ids = tf.pad(tf.cast(ids, tf.int64), [[0, 0], [0, 1]])  # (words, longest + 1)
        ids, _ = tf.while_loop(_mergeable, self._merge, [ids, self._merges(ids)])
        return tf.ragged.boolean_mask(tf.cast(ids, tf.int32), ids != PADDING)

    def _merges(self, ids):
        """Rank and piece of the pair that starts at each place, `NO_MERGE` where there is none."""
        _, merges = self.tables
        return merges.lookup(ids * self.size + _next(ids))

    def _merge(self, ids, merges):
        """Merges one pair in each word that has one."""
        best = tf.reduce_min(merges, axis=1, keepdims=True)
        first = tf.argmin(merges, axis=1)[:, None]
        places = tf.range(tf.shape(ids, tf.int64)[1])
        later = (places > first) & (best < NO_MERGE)
        merged = (places == first) & (best < NO_MERGE)
        ids = tf.where(merged, best % self.size, tf.where(later, _next(ids), ids))
        return ids, self._merges(ids)


def _mergeable(ids, merges):
    return tf.reduce_any(merges < NO_MERGE)


def _next(ids):
    """The id to the right of each place, padding at the end."""
    return tf.pad(ids[:, 1:], [[0, 0], [0, 1]])
