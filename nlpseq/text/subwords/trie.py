"""A trie of pieces that is looked up at every character of many words at once."""

from collections.abc import Sequence

import tensorflow as tf

from nlpseq.text.subwords.tables import table
from nlpseq.text.vocabulary import PADDING, SPECIALS, UNKNOWN

CODE_POINTS = 0x110000
ROOT, DEAD = PADDING, UNKNOWN  # node numbers that no piece has


class Trie:
    """A trie of pieces, stored as a table (node, code point) -> node.

    The node at the end of a piece has the id of the piece; inner nodes are numbered
    after all pieces.

    Args:
        pieces: str for each id, without the specials.
    """

    def __init__(self, pieces: Sequence[str]):
        self.first_inner = len(SPECIALS) + len(pieces)
        self.depth = max(map(len, pieces))
        nodes = {"": ROOT}
        nodes.update((piece, len(SPECIALS) + number) for number, piece in enumerate(pieces))
        for piece in pieces:
            for end in range(1, len(piece)):
                nodes.setdefault(piece[:end], len(nodes) + len(SPECIALS) - 1)
        steps = {nodes[prefix[:-1]] * CODE_POINTS + ord(prefix[-1]): node for prefix, node in nodes.items() if prefix}
        self.table = table(list(steps), list(steps.values()), DEAD, tf.int64, tf.int32)

    def matches(self, characters: tf.Tensor) -> list[tf.Tensor]:
        """Ids of the pieces of 1, 2, ... characters that start at each character.

        Args:
            characters: int32 code points `(words, longest)`, padded with 0.

        Returns:
            List of int32 `(words, longest)`, one per length; `UNKNOWN` for no piece.
        """
        ids_by_length, nodes = [], tf.zeros_like(characters) + ROOT
        for _ in range(self.depth):
            keys = tf.cast(nodes, tf.int64) * CODE_POINTS + tf.cast(characters, tf.int64)
            nodes = self.table.lookup(keys)
            ids_by_length.append(tf.where(nodes < self.first_inner, nodes, UNKNOWN))
            characters = tf.pad(characters[:, 1:], [[0, 0], [0, 1]])
        return ids_by_length


def code_points(words: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The code points, int32 `(words, longest + 1)`, padded with 0, and the lengths `(words,)`."""
    characters = tf.strings.unicode_decode(words, "UTF-8")
    lengths = tf.cast(characters.row_lengths(), tf.int32)
    return tf.pad(characters.to_tensor(), [[0, 0], [0, 1]]), lengths


def visited(first: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """The positions of a walk that starts at `first` and moves `steps[position]` ahead each time.

    Args:
        first: int32 `(words,)`.
        steps: int32 `(words, positions)`, at least 1.

    Returns:
        bool `(words, positions)`.
    """
    positions = tf.range(tf.shape(steps)[1])

    def inside(position, marks):
        return tf.reduce_any(position < tf.shape(steps)[1])

    def step(position, marks):
        at = positions == position[:, None]
        return position + tf.reduce_sum(tf.where(at, steps, 0), axis=1), marks | at

    return tf.while_loop(inside, step, [first, tf.zeros_like(steps, tf.bool)])[1]
