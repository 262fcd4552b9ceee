"""Words, their characters and n-grams: what `nlpseq.text` does in a graph, in pure Python."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.runtime.text.characters import Characters, without_middle

UNKNOWN = 1
TOKENS_KEPT = 20_000  # whose ids are remembered


class WordTokenizer:
    """As `nlpseq.text.WordTokenizer`, for one text."""

    def __init__(self, characters: Characters, **settings: bool):
        self.characters = characters
        self.settings = settings

    def __call__(self, text: str | bytes, first: int, last: int = 0) -> list[str]:
        pattern, cleaned = self.characters.pattern, self.characters.clean(text)
        most, mark = self.characters.numbers["long_token"], self.characters.numbers["address_mark"]
        if self.settings["strip_markup"]:
            cleaned = pattern("markup").sub(" ", cleaned)
        cleaned = pattern("blank").sub(" ", cleaned)
        cleaned = without_middle(cleaned, most * first, most * last, " ")
        if self.settings["lowercase"]:
            cleaned = self.characters.lower(cleaned)
        cleaned = pattern("single").sub(r" \g<0> ", cleaned)
        if self.settings["split_contractions"]:
            cleaned = pattern("contraction").sub(r"\1 \2", cleaned)
        if self.settings["keep_whole"]:
            cleaned = pattern("address").sub(rf" {mark}\g<0> ", cleaned)
        cleaned = pattern("around").sub("", pattern("token").sub("\\g<0>\n", cleaned))
        return cleaned.split("\n")[:-1]


class Vocabulary:
    """As `nlpseq.text.Vocabulary`."""

    def __init__(self, characters: Characters, words: Sequence[str], others: int = 0):
        self.words = words
        self._ids = {word: number for number, word in enumerate(words, start=UNKNOWN + 1)}

    def __len__(self):
        return len(self.words) + UNKNOWN + 1

    def __call__(self, tokens: Sequence[str]) -> list[int]:
        return [self._ids.get(token, UNKNOWN) for token in tokens]


class Ngrams:
    """As `nlpseq.text.Ngrams`, for the ids of one text."""

    def __init__(self, characters: Characters, order: int, vocabulary_size: int, keys: Sequence[int]):
        self.order, self.vocabulary_size = order, vocabulary_size
        self._ids = {key: number for number, key in enumerate(keys, start=1)}

    def __call__(self, words: Sequence[int]) -> list[int]:
        return [self._id(words[max(end - self.order, 0) : end]) for end in range(1, len(words) + 1)]

    def _id(self, words):
        if len(words) < self.order or UNKNOWN in words:
            return 0
        key = 0
        for word in words:
            key = key * self.vocabulary_size + word
        return self._ids.get(key, 0)


class WordPreprocessor:
    """As `nlpseq.text.WordPreprocessor`: a text to ids `(time, 1 + orders of n-grams)`."""

    def __init__(
        self,
        characters: Characters,
        tokenizer: WordTokenizer,
        vocabulary: Vocabulary,
        ngrams: list[Ngrams],
        max_tokens: int,
        truncation: str,
    ):
        self.tokenizer, self.vocabulary, self.ngrams = tokenizer, vocabulary, ngrams
        self.max_tokens, self.head = max_tokens, max_tokens if truncation == "end" else max_tokens // 3

    def __call__(self, text: str | bytes) -> np.ndarray:
        tail = self.max_tokens - self.head
        words = self.vocabulary(without_middle(self.tokenizer(text, self.head, tail), self.head, tail))
        return np.array([words, *(ngrams(words) for ngrams in self.ngrams)], np.int32).T


class TokenPreprocessor:
    """As `nlpseq.text.TokenPreprocessor`: tokens to ids `(time, 1 + max_characters)`."""

    def __init__(
        self,
        characters: Characters,
        vocabulary: Vocabulary,
        tokenizer: WordTokenizer,
        max_tokens: int,
        max_characters: int,
        letters: Vocabulary,
        **unused: Any,
    ):
        self.tables, self.vocabulary, self.tokenizer, self.letters = characters, vocabulary, tokenizer, letters
        self.max_tokens, self.max_characters = max_tokens, max_characters
        self._row = functools.lru_cache(TOKENS_KEPT)(self._ids)

    def tokenize(self, text: str | bytes) -> list[str]:
        """The tokens of a text, truncated."""
        return self.tokenizer(text, self.max_tokens)[: self.max_tokens]

    def __call__(self, tokens: Sequence[str]) -> np.ndarray:
        rows = [self._row(token) for token in tokens]
        return np.array(rows, np.int32).reshape(len(rows), 1 + self.max_characters)

    def _ids(self, token):
        """The id of a word and those of its characters, padded."""
        most, head = self.tables.numbers["long_token"], self.max_characters // 2
        token = self.tables.pattern("control").sub("\N{REPLACEMENT CHARACTER}", self.tables.clean(token))
        word = self.tables.pattern("number").sub("0", self.tables.lower(without_middle(token, most, most)))
        letters = self.letters(without_middle(token, head, self.max_characters - head))
        return [*self.vocabulary([word]), *letters, *[0] * (self.max_characters - len(letters))]
