"""All pieces that start at each character of many words, found side by side."""

import tensorflow as tf

from nlpseq.text.subwords.tables import table
from nlpseq.text.vocabulary import PADDING, SPECIALS, UNKNOWN

CODE_POINTS = 0x110000
ROOT, DEAD = PADDING, UNKNOWN  # ids that no piece has


class Trie:
    """A prefix tree of pieces, walked by looking up (node, code point) -> node.

    The node at the end of a piece has the id of the piece as its number; nodes inside
    pieces are numbered after all pieces.

    Args:
        pieces: str for each id from the first that is not special on.
    """

    def __init__(self, pieces):
        self.first_inner = len(SPECIALS) + len(pieces)
        self.depth = max(map(len, pieces))
        nodes = {"": ROOT}
        nodes.update((piece, len(SPECIALS) + number) for number, piece in enumerate(pieces))
        for piece in pieces:
            for end in range(1, len(piece)):
                nodes.setdefault(piece[:end], len(nodes) + len(SPECIALS) - 1)
        steps = {nodes[prefix[:-1]] * CODE_POINTS + ord(prefix[-1]): node for prefix, node in nodes.items() if prefix}
        self.table = table(list(steps), list(steps.values()), DEAD, tf.int64, tf.int32)

    def matches(self, characters):
        """Ids of the pieces of 1, 2, ... characters that start at each character.

        Args:
            characters: int32 code points `(words, longest)`, padded with 0.

        Returns:
            List of int32 `(words, longest)`, one a length; `UNKNOWN` for no piece.
        """
        found, nodes = [], tf.zeros_like(characters) + ROOT
        for _ in range(self.depth):
            keys = tf.cast(nodes, tf.int64) * CODE_POINTS + tf.cast(characters, tf.int64)
            nodes = self.table.lookup(keys)
            found.append(tf.where(nodes < self.first_inner, nodes, UNKNOWN))
            characters = tf.pad(characters[:, 1:], [[0, 0], [0, 1]])
        return found


def code_points(words):
    """int32 `(words, longest + 1)`, padded with 0, and the lengths `(words,)`."""
    characters = tf.strings.unicode_decode(words, "UTF-8")
    lengths = tf.cast(characters.row_lengths(), tf.int32)
    return tf.pad(characters.to_tensor(), [[0, 0], [0, 1]]), lengths


def visited(first, steps):
    """Which places a walk comes by that starts at `first` and goes `steps` ahead from each.

    Args:
        first: int32 `(words,)`.
        steps: int32 `(words, places)`, at least 1.

    Returns:
        bool `(words, places)`.
    """
    places = tf.range(tf.shape(steps)[1])

    def inside(here, marks):
        return tf.reduce_any(here < tf.shape(steps)[1])

    def step(here, marks):
        at = places == here[:, None]
        return here + tf.reduce_sum(tf.where(at, steps, 0), axis=1), marks | at

    return tf.while_loop(inside, step, [first, tf.zeros_like(steps, tf.bool)])[1]
