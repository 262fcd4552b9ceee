"""WordPiece segmentation: longest match first."""

from collections.abc import Sequence

import tensorflow as tf

from nlpseq.text.subwords.trie import Trie, code_points, visited
from nlpseq.text.vocabulary import SPECIALS, UNKNOWN

CONTINUATION = "##"
WORD_START = "\n"  # a control character: no word contains it


class LongestMatch:
    """WordPiece: from left to right, the longest piece that matches.

    Pieces inside a word are written with "##" before them. A word that cannot be
    segmented is unknown as a whole.

    Args:
        pieces: The pieces in the order of their ids, the specials first.

    Call arguments:
        words: string `(words,)`.

    Returns:
        int32 ragged `(words, None)`.

    Reference: Wu et al. (2016), "Google's Neural Machine Translation System", section
    4.1; the longest match is that of Devlin et al. (2019).
    """

    unknown_text = " \ufffd"  # a whole word, most often after a space

    def __init__(self, pieces: Sequence[str]):
        # No piece that starts a word begins with "##": "#" is always a word of its own.
        self.texts = [piece.removeprefix(CONTINUATION) for piece in pieces]
        starts = [
            text if piece.startswith(CONTINUATION) else WORD_START + text for piece, text in zip(pieces, self.texts)
        ]
        self.trie = Trie(starts[len(SPECIALS) :])
        self.tables = [self.trie.table]

    def __call__(self, words: tf.Tensor) -> tf.RaggedTensor:
        characters, lengths = code_points(tf.strings.join([WORD_START, words]))
        positions = tf.range(tf.shape(characters)[1])
        ids = tf.fill(tf.shape(characters), UNKNOWN)
        steps = tf.ones_like(characters) * tf.shape(characters)[1]  # out of the word
        for length, matches in enumerate(self.trie.matches(characters), start=1):
            steps = tf.where(matches != UNKNOWN, length, steps)
            ids = tf.where(matches != UNKNOWN, matches, ids)
        starts = visited(tf.zeros_like(lengths), steps) & (positions < lengths[:, None])
        unknown = tf.reduce_any(starts & (ids == UNKNOWN), axis=1, keepdims=True)
        ids = tf.where(unknown, UNKNOWN, ids)
        return tf.ragged.boolean_mask(ids, tf.where(unknown, positions == 0, starts))
