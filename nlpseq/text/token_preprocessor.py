"""Tokens to ids of words and of their characters."""

import collections
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from nlpseq.errors import whole
from nlpseq.text.case import lowercase
from nlpseq.text.cleaning import clean
from nlpseq.text.tokenizer import CLITIC, LONG_TOKEN, WordTokenizer
from nlpseq.text.truncation import truncate_texts
from nlpseq.text.vocabulary import PADDING, Vocabulary

COUNTED = 10_000  # distinct tokens that are split together


@keras.saving.register_keras_serializable("nlpseq")
class TokenPreprocessor:
    """Tokens to ids of words, with the ids of their characters.

    Words are looked up in lower case and with 0 for every digit, and by both ends if they have
    more than 200 characters; characters are unchanged.

    Args:
        vocabulary: `nlpseq.text.Vocabulary` of words.
        characters: `nlpseq.text.Vocabulary` of characters.
        tokenizer: `nlpseq.text.WordTokenizer`, for texts that are not tokenized yet.
        singletons: How many words, the last ones of the vocabulary, occur at most once in
            the training data. Default 0.
        max_tokens: Longer sentences are truncated to this many tokens, 1 or more. Default 400.
        max_characters: Longer words lose characters in their middle, 1 or more. Default 16.

    Call arguments:
        tokens: string `tf.RaggedTensor` `(batch, None)`.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None, 1 + max_characters)`: the id of the word
        first, then those of its characters, 0 = padding.

    Raises:
        InputError: `max_tokens` or `max_characters` is not positive.

    Example:

    >>> tokens = tf.ragged.constant([["A", "cat"], ["a"]])
    >>> preprocessor = TokenPreprocessor.learn(tokens, max_characters=4)
    >>> preprocessor(tf.ragged.constant([["Cat", "dog"]]))[..., 0].to_list()
    [[3, 1]]
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        characters: Vocabulary,
        tokenizer: WordTokenizer,
        singletons: int = 0,
        max_tokens: int = 400,
        max_characters: int = 16,
    ):
        self.vocabulary = vocabulary
        self.characters = characters
        self.tokenizer = tokenizer
        self.singletons = singletons
        self.max_tokens = whole("max_tokens", max_tokens, 1)
        self.max_characters = whole("max_characters", max_characters, 1)

    def __call__(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        tokens = self.truncate(tokens)
        words = _valid_utf8(tokens.flat_values)
        ids = [self.vocabulary(_normalized(words))[:, tf.newaxis], self._characters(words)]
        return tokens.with_flat_values(tf.concat(ids, axis=1))

    def tokenize(self, texts) -> tf.RaggedTensor:
        """The tokens of texts `(batch,)`, ragged `(batch, None)`, truncated to `max_tokens`."""
        return self.truncate(self.tokenizer(texts, self.max_tokens))

    def truncate(self, sequences: tf.RaggedTensor) -> tf.RaggedTensor:
        """The first `max_tokens` items of each row."""
        return sequences[:, : self.max_tokens]

    @classmethod
    def learn(
        cls,
        tokens: tf.RaggedTensor,
        vocabulary_size: int = 30_000,
        min_count: int = 1,
        max_tokens: int = 400,
        max_characters: int = 16,
        vectors: Any = None,
    ) -> "TokenPreprocessor":
        """A preprocessor with the frequent words and all characters of `tokens`.

        Its tokenizer splits contractions ("do n't") if the tokens are split so.

        Args:
            tokens: string `tf.RaggedTensor` `(sentences, None)`.
            vocabulary_size, min_count, vectors: as in `Vocabulary.learn`; the `others` are the first words
                of the vectors.
            max_tokens, max_characters: as in the class.
        """
        counts = collections.Counter(tokens.flat_values.numpy().tolist())
        return cls.of_counts(counts, vocabulary_size, min_count, max_tokens, max_characters, vectors)

    @classmethod
    def of_counts(
        cls,
        counts: Mapping[bytes, int],
        vocabulary_size: int = 30_000,
        min_count: int = 1,
        max_tokens: int = 400,
        max_characters: int = 16,
        vectors: Any = None,
    ) -> "TokenPreprocessor":
        """As `learn`, of the counts of tokens."""
        words, characters, split_contractions = collections.Counter(), collections.Counter(), False
        distinct = list(counts)
        for start in range(0, len(distinct), COUNTED):
            part = distinct[start : start + COUNTED]
            valid = _valid_utf8(tf.constant(part, tf.string))
            for token, word, split in zip(
                part, _normalized(valid).numpy().tolist(), tf.strings.unicode_split(valid, "UTF-8").to_list()
            ):
                words[word] += counts[token]
                for character in split:
                    characters[character] += counts[token]
            clitics = tf.strings.regex_full_match(valid, f"(?i){CLITIC}")
            split_contractions = split_contractions or bool(tf.reduce_any(clitics))
        others = [] if vectors is None else _normalized(_valid_utf8(tf.constant(vectors.first(), tf.string))).numpy()
        others = [word.decode("utf-8") for word in others]
        vocabulary = Vocabulary.of_counts(words, vocabulary_size, min_count, vectors, others)
        tokenizer = WordTokenizer(
            lowercase=False, strip_markup=False, split_contractions=split_contractions, keep_whole=True
        )
        singletons = sum(words[word.encode()] <= 1 for word in vocabulary.words)
        characters = Vocabulary.of_counts(characters)
        return cls(vocabulary, characters, tokenizer, singletons, max_tokens, max_characters)

    @property
    def tables(self) -> list:
        """The lookup tables, which an export must track."""
        return [self.vocabulary.table, self.characters.table]

    def _characters(self, words):
        """Ids of the characters, `(tokens, max_characters)`; of a long word those of both ends."""
        head = self.max_characters // 2
        characters = tf.strings.unicode_split(truncate_texts(words, head, self.max_characters - head), "UTF-8")
        return self.characters(characters).to_tensor(PADDING, shape=(None, self.max_characters))

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "vocabulary": serialize(self.vocabulary),
            "characters": serialize(self.characters),
            "tokenizer": serialize(self.tokenizer),
            "singletons": self.singletons,
            "max_tokens": self.max_tokens,
            "max_characters": self.max_characters,
        }

    @classmethod
    def from_config(cls, config: dict) -> "TokenPreprocessor":
        restore = keras.saving.deserialize_keras_object
        parts = {name: restore(config[name]) for name in ("vocabulary", "characters", "tokenizer")}
        return cls(**{**config, **parts})


def _valid_utf8(tokens):
    """Tokens without invisible characters, with U+FFFD for invalid bytes and control characters."""
    return tf.strings.regex_replace(clean(tokens), r"\pC", "\N{REPLACEMENT CHARACTER}")


def _normalized(words):
    """Words in lower case, with 0 for every digit; of a long word both ends."""
    words = truncate_texts(words, LONG_TOKEN, LONG_TOKEN)
    return tf.strings.regex_replace(lowercase(words), r"\pN", "0")
