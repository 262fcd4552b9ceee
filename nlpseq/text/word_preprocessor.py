"""Texts to ids of words and n-grams."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.errors import one_of, whole
from nlpseq.text.ngrams import Ngrams
from nlpseq.text.tokenizer import WordTokenizer
from nlpseq.text.truncation import truncate_middle
from nlpseq.text.vocabulary import Vocabulary

TRUNCATIONS = ("end", "middle")
LEARN_BATCH = 512  # texts that are tokenized together


@keras.saving.register_keras_serializable("nlpseq")
class WordPreprocessor:
    """Texts to ids of words, and of the n-grams that end at each word.

    Args:
        tokenizer: `nlpseq.text.WordTokenizer`.
        vocabulary: `nlpseq.text.Vocabulary`.
        ngrams: List of `nlpseq.text.Ngrams`, one for each order. Default none.
        max_tokens: Longer texts are truncated to this many words, 1 or more. Default 400.
        truncation: What a longer text loses: its "end", or its "middle", so that the
            first third and the last two thirds of `max_tokens` are kept. Default "end".

    Call arguments:
        texts: string tensor `(batch,)`.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None, 1 + len(ngrams))`: the id of the word first,
        then those of the n-grams.

    Raises:
        InputError: `truncation` is unknown or `max_tokens` is not positive.

    Example:

    >>> preprocessor = WordPreprocessor.learn(["a b a b", "b"])
    >>> preprocessor(["b a c"]).to_list()
    [[[2], [3], [1]]]
    """

    def __init__(
        self,
        tokenizer: WordTokenizer,
        vocabulary: Vocabulary,
        ngrams: Sequence[Ngrams] = (),
        max_tokens: int = 400,
        truncation: str = "end",
    ):
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.ngrams = list(ngrams)
        self.max_tokens = whole("max_tokens", max_tokens, 1)
        self.truncation = one_of("truncation", truncation, TRUNCATIONS)

    def __call__(self, texts) -> tf.RaggedTensor:
        return self._with_ngrams(self._words(texts))

    @classmethod
    def learn(
        cls,
        texts: Sequence[str | bytes],
        vocabulary_size: int = 30_000,
        min_count: int = 1,
        lowercase: bool = True,
        ngrams: int = 1,
        ngram_min_count: int = 4,
        max_tokens: int = 400,
        truncation: str = "end",
        vectors: Any = None,
    ) -> "WordPreprocessor":
        """A preprocessor with the frequent words and n-grams of `texts`.

        Args:
            texts: sequence of strings (str or bytes).
            vocabulary_size, min_count, vectors: as in `Vocabulary.learn`; the `others` are the first words
                of the vectors.
            lowercase: as in `WordTokenizer`.
            ngrams: the highest order of n-grams; 1 for words alone.
            ngram_min_count: how often an n-gram must occur to get an id.
            max_tokens, truncation: as in the class.
        """
        tokenizer = WordTokenizer(lowercase)
        batches = [
            tf.constant(list(texts[start : start + LEARN_BATCH]), tf.string)
            for start in range(0, len(texts), LEARN_BATCH)
        ]
        others = () if vectors is None else _single_tokens(tokenizer, vectors.first())
        vocabulary = Vocabulary.learn(map(tokenizer, batches), vocabulary_size, min_count, vectors, others)
        preprocessor = cls(tokenizer, vocabulary, (), max_tokens, truncation)
        if ngrams > 1:
            words = [preprocessor._words(batch) for batch in batches]
            preprocessor.ngrams = [
                Ngrams.learn(words, order, len(vocabulary), ngram_min_count) for order in range(2, ngrams + 1)
            ]
        return preprocessor

    @property
    def sizes(self) -> list[int]:
        """The number of ids in each column of the output."""
        return [len(self.vocabulary), *map(len, self.ngrams)]

    def names(self) -> list[list[str]]:
        """A name for each id, by column of the output."""
        words = self.vocabulary.names
        return [words, *(ngrams.names(words) for ngrams in self.ngrams)]

    @property
    def tables(self) -> list:
        """The lookup tables, which an export must track."""
        return [self.vocabulary.table, *(ngrams.table for ngrams in self.ngrams)]

    def tokens(self, texts) -> tf.RaggedTensor:
        """The words after truncation, strings, ragged `(batch, None)`."""
        most = self.max_tokens
        first = most if self.truncation == "end" else most // 3
        return truncate_middle(self.tokenizer(texts, first, most - first), most, first)

    def _words(self, texts):
        """Ids of the words after truncation, ragged `(batch, None)`."""
        return self.vocabulary(self.tokens(texts))

    def _with_ngrams(self, words):
        columns = [words.flat_values, *(ngrams(words) for ngrams in self.ngrams)]
        return words.with_flat_values(tf.stack(columns, axis=-1))

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "tokenizer": serialize(self.tokenizer),
            "vocabulary": serialize(self.vocabulary),
            "ngrams": [serialize(ngrams) for ngrams in self.ngrams],
            "max_tokens": self.max_tokens,
            "truncation": self.truncation,
        }

    @classmethod
    def from_config(cls, config: dict) -> "WordPreprocessor":
        restore = keras.saving.deserialize_keras_object
        parts = {name: restore(config[name]) for name in ("tokenizer", "vocabulary")}
        ngrams = [restore(ngram_config) for ngram_config in config["ngrams"]]
        return cls(**{**config, **parts, "ngrams": ngrams})


def _single_tokens(tokenizer, words):
    """The tokens of those words that are one token."""
    tokens = tokenizer(tf.constant(words, tf.string))
    single = tf.ragged.boolean_mask(tokens, tokens.row_lengths() == 1)
    return [token.decode("utf-8", "replace") for token in single.flat_values.numpy()]
