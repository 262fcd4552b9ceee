"""Segmentation by a unigram language model."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nlpseq.runtime.text.subwords import UNKNOWN_PENALTY
from nlpseq.text.subwords.trie import Trie, code_points, visited
from nlpseq.text.vocabulary import SPECIALS, UNKNOWN


class MostProbable:
    """Unigram language model: the segmentation with the greatest total score.

        best(0) = 0
        best(t) = max over pieces x that end at t of  best(t - |x|) + score(x)

    A character that is not a piece itself may be unknown, with a score of 10 below the least;
    consecutive unknown characters are one unknown piece. Among equal segmentations the
    one with the longer last piece is chosen. Scores are summed in float64.

    Args:
        pieces: The pieces in the order of their ids, the specials first.
        scores: Their log-probabilities, 0 for the specials.

    Call arguments:
        words: string `(words,)`.

    Returns:
        int32 ragged `(words, None)`.

    Reference: Kudo (2018), "Subword Regularization", section 3.2.
    """

    unknown_text = "\ufffd"

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]):
        self.texts = list(pieces)
        self.scores = np.array(scores, np.float64)
        self.unknown_score = self.scores.min() - UNKNOWN_PENALTY
        self.scores[: len(SPECIALS)] = -np.inf
        self.trie = Trie(pieces[len(SPECIALS) :])
        self.tables = [self.trie.table]

    def __call__(self, words: tf.Tensor) -> tf.RaggedTensor:
        characters, lengths = code_points(words)
        size = tf.shape(characters)[1]
        ids, steps = self._last_pieces(self.trie.matches(characters))
        # From the end of every word back to its start.
        starts = visited(size - lengths, tf.reverse(steps, [1]))
        starts = tf.reverse(starts, [1])
        unknown = starts & (ids == UNKNOWN)
        adjacent = unknown[:, :-1] & unknown[:, 1:]
        return tf.ragged.boolean_mask(ids, starts & ~tf.pad(adjacent, [[0, 0], [1, 0]]))

    def _last_pieces(self, matches):
        """Id and length of the last piece of the best segmentation of every prefix.

        Args:
            matches: list of int32 `(words, positions)`, as from `Trie.matches`.

        Returns:
            int32 `(words, positions)` twice, for the prefixes of 1, 2, ... characters.
        """
        ids = tf.stack([tf.transpose(ids_of_length) for ids_of_length in matches], axis=2)  # (positions, words, depth)
        scores = tf.gather(self.scores, ids)
        alone = tf.where(ids[..., :1] == UNKNOWN, self.unknown_score, scores[..., :1])
        scores = tf.concat([alone, scores[..., 1:]], axis=2)
        positions, words = tf.shape(ids)[0], tf.shape(ids)[1]
        lengths = tf.range(1, len(matches) + 1)[None, :]

        def step(position, score, ahead, written):
            """Extends the best segmentation before `position`, of this score, by every piece that starts there."""
            longer = score[:, None] + scores[position]
            best, last_ids, last_lengths = ahead
            better = longer > best
            best = tf.where(better, longer, best)
            last_ids = tf.where(better, ids[position], last_ids)
            last_lengths = tf.where(better, lengths, last_lengths)
            last = (last_ids[:, 0], last_lengths[:, 0])
            written = [array.write(position, value) for array, value in zip(written, last)]
            ahead = [_moved(best, -np.inf), _moved(last_ids, UNKNOWN), _moved(last_lengths, 1)]
            return position + 1, best[:, 0], ahead, written

        shape = tf.shape(ids)[1:]
        ahead = [tf.fill(shape, tf.cast(-np.inf, tf.float64)), tf.fill(shape, UNKNOWN), tf.fill(shape, 1)]
        arrays = [tf.TensorArray(tf.int32, positions, element_shape=[None]) for _ in range(2)]
        state = (0, tf.zeros([words], tf.float64), ahead, arrays)
        *_, written = tf.while_loop(lambda position, *_: position < positions, step, state)
        return [tf.transpose(array.stack()) for array in written]


def _moved(window, empty):
    """The window moved ahead by one position."""
    return tf.pad(window[:, 1:], [[0, 0], [0, 1]], constant_values=tf.cast(empty, window.dtype))
