"""Byte pair encoding."""

from collections.abc import Sequence

import tensorflow as tf

from nlpseq.text.subwords.tables import table
from nlpseq.text.vocabulary import PADDING, SPECIALS, UNKNOWN

NO_MERGE = tf.int64.max


class BytePairs:
    """Byte pair encoding over characters: merges the adjacent pair of lowest rank until none is left.

    Each step merges one pair in every word, the leftmost of equal rank, which is the
    order in which the merges were learnt. A character that is not a piece is unknown.
    Without merges, the pieces are characters.

    Args:
        pieces: The pieces in the order of their ids, the specials first.
        merges: Pairs of ids `[left, right]` in the order of their ranks; the
            concatenation of the two pieces is a piece.

    Call arguments:
        words: string `(words,)`.

    Returns:
        int32 ragged `(words, None)`.

    Reference: Sennrich, Haddow and Birch (2016), "Neural Machine Translation of Rare
    Words with Subword Units".
    """

    unknown_text = "\ufffd"

    def __init__(self, pieces: Sequence[str], merges: Sequence[Sequence[int]] = ()):
        self.texts = list(pieces)
        self.size = len(pieces)
        ids = {piece: number for number, piece in enumerate(pieces)}
        characters = [piece for piece in pieces[len(SPECIALS) :] if len(piece) == 1]
        # Padding is never merged with padding; this entry keeps the table from being empty.
        keys = [PADDING, *(left * self.size + right for left, right in merges)]
        # Rank and merged piece in one number, so that the minimum is the pair to merge first.
        values = [rank * self.size + ids[pieces[left] + pieces[right]] for rank, (left, right) in enumerate(merges)]
        self.tables = [
            table(characters, [ids[character] for character in characters], UNKNOWN, tf.string, tf.int32),
            table(keys, [NO_MERGE, *values], NO_MERGE, tf.int64, tf.int64),
        ]

    def __call__(self, words: tf.Tensor) -> tf.RaggedTensor:
        character_ids, _ = self.tables
        ids = character_ids.lookup(tf.strings.unicode_split(words, "UTF-8")).to_tensor(PADDING)
        ids = tf.pad(tf.cast(ids, tf.int64), [[0, 0], [0, 1]])  # (words, longest + 1)
        ids, _ = tf.while_loop(_mergeable, self._merge, [ids, self._merges(ids)])
        return tf.ragged.boolean_mask(tf.cast(ids, tf.int32), ids != PADDING)

    def _merges(self, ids):
        """Rank and merged piece of the pair that starts at each position, `NO_MERGE` where there is none."""
        _, merges = self.tables
        return merges.lookup(ids * self.size + _next(ids))

    def _merge(self, ids, merges):
        """Merges one pair in every word that has one."""
        best = tf.reduce_min(merges, axis=1, keepdims=True)
        first = tf.argmin(merges, axis=1)[:, None]
        positions = tf.range(tf.shape(ids, tf.int64)[1])
        later = (positions > first) & (best < NO_MERGE)
        merged = (positions == first) & (best < NO_MERGE)
        ids = tf.where(merged, best % self.size, tf.where(later, _next(ids), ids))
        return ids, self._merges(ids)


def _mergeable(ids, merges):
    return tf.reduce_any(merges < NO_MERGE)


def _next(ids):
    """The id to the right of each position, padding at the end."""
    return tf.pad(ids[:, 1:], [[0, 0], [0, 1]])
