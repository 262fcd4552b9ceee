"""Counts of words in bounded memory, for corpora that are read once."""

import collections
from collections.abc import Iterable

MOST = 2_000_000  # words that are counted at a time


class Counts:
    """How often each word occurs; rare words are forgotten when there are too many different ones.

    When there are more than `most` words, those with the lowest counts are dropped until half are left. A count is
    then too low by at most `error`; of up to `most` different words all counts are exact.

    Args:
        most: Most words that are kept. Default two million, about 300 MB.

    Example:

    >>> counts = Counts()
    >>> counts.add([b"a", b"b", b"a"])
    >>> counts.words[b"a"], counts.error
    (2, 0)

    Reference:
        Manku and Motwani (2002), Approximate frequency counts over data streams.
    """

    def __init__(self, most: int = MOST):
        self.most, self.error = most, 0
        self.words: collections.Counter = collections.Counter()

    def add(self, words: Iterable[bytes]) -> None:
        """Counts words."""
        self.words.update(words)
        self._forget()

    def merge(self, other: "Counts") -> "Counts":
        """Adds the counts of another part of the corpus."""
        self.words.update(other.words)
        self.error += other.error
        self._forget()
        return self

    def _forget(self):
        if len(self.words) <= self.most:
            return
        frequent = self.words.most_common(self.most // 2)
        lost = max(1, frequent[-1][1])
        self.error += lost
        self.words = collections.Counter({word: count for word, count in frequent if count > lost} or dict(frequent))
