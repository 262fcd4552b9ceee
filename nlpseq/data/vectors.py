"""Pretrained word vectors for the words of a vocabulary."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files.vectors import VectorFile
from nlpseq.errors import in_range
from nlpseq.paths import as_path

OTHERS = 50_000


class WordVectors:
    """Pretrained vectors in a file, of which only those of given words are read and kept.

    Files: GloVe text; fastText text (with a header); word2vec binary; a `.npy` array with the words
    of its rows, one a line, in a `.txt` or `.vocab` file of the same name. Text and binary files may
    be compressed. A word that is not in the file gets the vector of its lower-case form, else of
    its title-case form: "paris" that of "Paris". Of a word that the file has twice, the first vector counts.

    Args:
        path: The file.
        others: How many of the first words of the file, usually its most frequent ones, join a vocabulary
            although its training texts do not have them. Default 50,000.

    Attributes:
        size: The size of the vectors.

    Raises:
        InputError: The file is missing, damaged, or holds no word vectors.

    Example:

    >>> with open("vectors.txt", "w") as file:
    ...     _ = file.write("good 1.0 0.5\\nbad -1.0 0.5\\n")
    >>> vectors = WordVectors("vectors.txt")
    >>> vectors.find({"good": 2, "dull": 1})
    {'good'}
    >>> vectors.summary()
    'word vectors of size 2: found for 1 of 2 words (50.0%), and 66.7% of the running words'

    Reference:
        Pennington, Socher and Manning (2014), GloVe: global vectors for word representation.
    """

    def __init__(self, path: str | Path, others: int = OTHERS):
        self._file = VectorFile(as_path(path))
        self.size = self._file.size
        self._known: dict[str, np.ndarray | None] = {"": None}  # vectors by word, None if the file does not have it
        self._others = in_range("others", others, 0)
        self._counts: dict[str, int] = {}
        self._repeated = 0

    @classmethod
    def of(cls, vectors: Any) -> "WordVectors":
        """`WordVectors` of a path; `WordVectors` unchanged."""
        return vectors if isinstance(vectors, cls) else cls(vectors)

    def first(self) -> list[str]:
        """The first words of the file, as many as `others` says."""
        rows = itertools.islice(self._file.rows((), self._others), self._others) if self._others else ()
        return [row.word.decode("utf-8", "replace") for row in rows]

    def find(self, counts: Mapping[str, int]) -> set[str]:
        """The words that have vectors; their shares are those of `summary`.

        Args:
            counts: Words, with the numbers of their occurrences.
        """
        self._read(counts)
        self._counts = dict(counts)
        return {word for word in counts if self._known[word] is not None}

    def rows(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of words, float32 `(words, size)`, 0 where there is none; and which words have one, bool."""
        self._read(words)
        has_vector = np.array([self._known[word] is not None for word in words], bool)
        vectors = np.zeros((len(words), self.size), np.float32)
        for number, word in enumerate(words):
            if has_vector[number]:
                vectors[number] = self._known[word]
        return vectors, has_vector

    def summary(self) -> str:
        """A line on the shares of the words, and of their occurrences, that have vectors."""
        words = [word for word in self._counts if self._known[word] is not None]
        share, total = len(words) / max(1, len(self._counts)), sum(self._counts.values())
        running = sum(self._counts[word] for word in words) / max(1, total)
        repeated = f"; the file has {self._repeated:,} of them twice, and the first vector counts"
        return (
            f"word vectors of size {self.size}: found for {len(words):,} of {len(self._counts):,} words "
            f"({share:.1%}), and {running:.1%} of the running words{repeated if self._repeated else ''}"
        )

    def _read(self, words):
        """Looks words up that have not been looked up before, in one pass over the file."""
        new = [word for word in words if word not in self._known]
        forms: dict[bytes, list[tuple[str, int]]] = {}  # words by each of their forms, with its rank
        for word in new:
            # The last form has the final "ς" of Greek again, which `nlpseq.text.case.lowercase` makes "σ".
            for rank, form in enumerate(dict.fromkeys((word, word.lower(), word.title(), word.upper().lower()))):
                forms.setdefault(form.encode("utf-8", "replace"), []).append((word, rank))
        best: dict[str, tuple[int, np.ndarray]] = {}
        seen = set()
        for row in self._file.rows(forms) if new else ():
            self._repeated += row.word in seen
            for word, rank in () if row.word in seen else forms[row.word]:
                if word not in best or rank < best[word][0]:
                    best[word] = rank, row.vector
            seen.add(row.word)
        self._known |= {word: best[word][1] if word in best else None for word in new}
