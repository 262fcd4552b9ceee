"""Pieces of words: what `nlpseq.text.subwords` does in a graph, in pure Python, word by word."""

import functools
import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

from nlpseq.runtime.text.characters import Characters

UNKNOWN, SPECIALS, END = 1, 4, 3
UNKNOWN_PENALTY = 10.0  # below the least probable piece
NO_MERGE = (1 << 62, 0)  # rank and piece
WORDS_KEPT = 20_000  # whose pieces are remembered


class BytePairs:
    """As `nlpseq.text.subwords.byte_pairs.BytePairs`."""

    unknown_text = "\ufffd"

    def __init__(self, pieces: Sequence[str], merges: Sequence[Sequence[int]] = ()):
        ids = {piece: number for number, piece in enumerate(pieces)}
        self.texts = list(pieces)
        self._characters = {piece: ids[piece] for piece in pieces[SPECIALS:] if len(piece) == 1}
        self._merges = {
            (left, right): (rank, ids[pieces[left] + pieces[right]]) for rank, (left, right) in enumerate(merges)
        }

    def __call__(self, word: str) -> list[int]:
        ids = [self._characters.get(character, UNKNOWN) for character in word]
        while len(ids) > 1:
            pairs = enumerate(itertools.pairwise(ids))
            rank, merged, at = min((*self._merges.get(pair, NO_MERGE), at) for at, pair in pairs)
            if rank == NO_MERGE[0]:
                break
            ids[at : at + 2] = [merged]
        return ids


class LongestMatch:
    """As `nlpseq.text.subwords.longest_match.LongestMatch`."""

    unknown_text = " \ufffd"

    def __init__(self, pieces: Sequence[str]):
        self.texts = [piece.removeprefix("##") for piece in pieces]
        numbered = list(enumerate(pieces))[SPECIALS:]
        self._inner = {piece[2:]: number for number, piece in numbered if piece.startswith("##")}
        self._first = {piece: number for number, piece in numbered if not piece.startswith("##")}
        self._longest = max(map(len, self.texts))

    def __call__(self, word: str) -> list[int]:
        ids, at = [], 0
        while at < len(word):
            ids_by_piece = self._inner if at else self._first
            for end in range(min(len(word), at + self._longest), at, -1):
                if word[at:end] in ids_by_piece:
                    ids.append(ids_by_piece[word[at:end]])
                    at = end
                    break
            else:
                return [UNKNOWN]
        return ids


class MostProbable:
    """As `nlpseq.text.subwords.most_probable.MostProbable`."""

    unknown_text = "\ufffd"

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]):
        self.texts = list(pieces)
        numbered = list(enumerate(pieces))[SPECIALS:]
        self._scores = {piece: (scores[number], number) for number, piece in numbered}
        self._unknown = min(scores) - UNKNOWN_PENALTY
        self._longest = max(len(piece) for _, piece in numbered)

    def __call__(self, word: str) -> list[int]:
        best = [(0.0, 0, 0)] + [(-math.inf, UNKNOWN, 1)] * len(word)  # score, last piece and its length
        for start in range(len(word)):
            score_before = best[start][0]
            for length in range(1, min(self._longest, len(word) - start) + 1):
                score, piece = self._scores.get(word[start : start + length], (-math.inf, UNKNOWN))
                if piece == UNKNOWN and length == 1:
                    score = self._unknown
                if score_before + score > best[start + length][0]:
                    best[start + length] = (score_before + score, piece, length)
        ids, end = [], len(word)
        while end > 0:
            _, piece, length = best[end]
            if not (piece == UNKNOWN and ids and ids[-1] == UNKNOWN):
                ids.append(piece)
            end -= length
        return ids[::-1]


class WholeWords:
    """As `nlpseq.text.subwords.whole_words.WholeWords`."""

    unknown_text = " \ufffd"

    def __init__(self, pieces: Sequence[str]):
        self.texts = list(pieces)
        self._ids = {piece: number for number, piece in list(enumerate(pieces))[SPECIALS:]}

    def __call__(self, word: str) -> list[int]:
        return [self._ids.get(word, UNKNOWN)]


SEGMENTERS = {
    "bpe": BytePairs,
    "wordpiece": LongestMatch,
    "unigram": MostProbable,
    "word": WholeWords,
    "character": BytePairs,
}


class SubwordTokenizer:
    """As `nlpseq.text.SubwordTokenizer`, for one text."""

    def __init__(
        self,
        characters: Characters,
        kind: str,
        pieces: Sequence[str],
        lowercase: bool = False,
        pretokenized: bool = False,
        **model: Any,
    ):
        self.characters, self.kind, self.pieces = characters, kind, list(pieces)
        self.lowercase, self.pretokenized = lowercase, pretokenized
        segmenter = SEGMENTERS[kind](self.pieces, **model)
        self._segment = functools.lru_cache(WORDS_KEPT)(lambda word: tuple(segmenter(word)))
        self._texts = ["", segmenter.unknown_text, "", "", *segmenter.texts[SPECIALS:]]

    def __len__(self):
        return len(self.pieces)

    def __call__(self, text: str | bytes, first: int | None = None) -> list[int]:
        return [id_ for word in self.words(text, first) for id_ in self._segment(word)][:first]

    def words(self, text: str | bytes, first: int | None = None) -> list[str]:
        """The words of the normalized text, the `first` of them."""
        pattern, numbers = self.characters.pattern, self.characters.numbers
        cleaned = f" {self.characters.clean(text, keep_joiners=True)} "
        cleaned = pattern("subword_blank").sub(" ", cleaned).removesuffix(" ")
        if self.lowercase:
            cleaned = pattern("dotted").sub(r"\1", cleaned)
        if first is not None:
            cleaned = cleaned[: first * numbers["longest_word"] + numbers["look_ahead"]]
        if self.lowercase:
            cleaned = self.characters.lower(cleaned)
        word = pattern("subword_not_blank" if self.pretokenized else "subword_word")
        cleaned = word.sub("\\g<0>\n", cleaned)
        cleaned = pattern("long_word").sub("\\g<0>\n", cleaned)
        return [part for part in cleaned.split("\n") if part][:first]

    def texts(self, ids: Sequence[int]) -> list[str]:
        """What each id adds to a text."""
        return [self._texts[id_] for id_ in ids]

    def decode(self, ids: Sequence[int]) -> str:
        """Ids to a text."""
        return "".join(self.texts(ids)).strip(" ")


class PairPreprocessor:
    """As `nlpseq.text.PairPreprocessor`: the ids of a source, and whether it is truncated."""

    def __init__(
        self, characters: Characters, source: SubwordTokenizer, target: SubwordTokenizer | None, max_tokens: int
    ):
        self.source, self.target, self.max_tokens = source, target or source, max_tokens

    def __call__(self, text: str | bytes) -> tuple[list[int], bool]:
        ids = self.source(text, self.max_tokens)
        return [*ids[: self.max_tokens - 1], END], len(ids) >= self.max_tokens


class LinePreprocessor:
    """As `nlpseq.text.LinePreprocessor`, for one text."""

    def __init__(self, characters: Characters, tokenizer: SubwordTokenizer, max_tokens: int):
        self.tokenizer, self.max_tokens = tokenizer, max_tokens

    def __len__(self):
        return len(self.tokenizer)

    def __call__(self, text: str | bytes, first: int | None = None, last: int | None = None) -> list[int]:
        characters = self.tokenizer.characters
        longest = characters.numbers["longest_word"]
        text = re.sub("\r\n?", "\n", characters.clean(text, keep_joiners=True))
        text = re.sub(" ?\n ?", "\n", characters.pattern("blank_in_line").sub(" ", text))
        if first is not None:
            text = text[: first * longest]
        elif last is not None:
            text = text[-last * longest :]
        lines = _part(text.split("\n"), first, last, 1)
        ids = [id_ for line in lines for id_ in [*self.tokenizer(line, first), END]]
        return _part(ids[:-1], first, last)

    def texts(self, ids: Sequence[int]) -> list[str]:
        """What each id adds to a text."""
        return ["\n" if id_ == END else text for id_, text in zip(ids, self.tokenizer.texts(ids))]

    def decode(self, ids: Sequence[int]) -> str:
        """Ids to a text."""
        return re.sub("\n +", "\n", "".join(self.texts(ids)).lstrip(" "))


def _part(items, first, last, extra=0):
    """The `first` or `last` items, and `extra`; all if both are None."""
    if first is not None:
        return items[: first + extra]
    return items if last is None else items[-(last + extra) :]
