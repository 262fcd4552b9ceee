"""The whole way from strings to ids, learnt from texts and then fixed."""

import keras
import tensorflow as tf

from nlpseq.errors import in_range, one_of
from nlpseq.text.ngrams import Ngrams
from nlpseq.text.tokenizer import WordTokenizer
from nlpseq.text.truncation import truncate_middle
from nlpseq.text.vocabulary import Vocabulary

TRUNCATIONS = ("end", "middle")
LEARN_BATCH = 512  # texts that are tokenized together


@keras.saving.register_keras_serializable("nlpseq")
class WordPreprocessor:
    """Strings to ids of words, and of the runs of words that end at each.

    Args:
        tokenizer: `nlpseq.text.WordTokenizer`.
        vocabulary: `nlpseq.text.Vocabulary`.
        ngrams: List of `nlpseq.text.Ngrams`, one an order. Default none.
        max_tokens: Longer texts are cut to this many words. Default 400.
        truncation: What a long text loses: "end", or "middle", which keeps the first
            third and the last two thirds of `max_tokens`. Default "end".

    Call arguments:
        texts: string tensor `(batch,)`.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None, 1 + len(ngrams))`: ids of the words
        first, then those of the runs.

    Raises:
        InputError: `truncation` is unknown or `max_tokens` is not positive.

    Example:

    >>> encoder = WordPreprocessor.learn(["a b a b", "b"])
    >>> encoder(["b a c"]).to_list()
    [[[2], [3], [1]]]
    """

    def __init__(self, tokenizer, vocabulary, ngrams=(), max_tokens=400, truncation="end"):
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.ngrams = list(ngrams)
        self.max_tokens = in_range("max_tokens", max_tokens, 1)
        self.truncation = one_of("truncation", truncation, TRUNCATIONS)

    def __call__(self, texts):
        return self._with_ngrams(self._words(texts))

    @classmethod
    def learn(
        cls,
        texts,
        vocabulary_size=30_000,
        min_count=1,
        lowercase=True,
        ngrams=1,
        ngram_min_count=4,
        max_tokens=400,
        truncation="end",
    ):
        """An encoder that knows the frequent words, and runs of up to `ngrams` words, of `texts`.

        Args:
            texts: sequence of strings (str or bytes).
            vocabulary_size, min_count: as in `Vocabulary.learn`.
            lowercase: as in `WordTokenizer`.
            ngrams: the longest run of words to know; 1 for words alone.
            ngram_min_count: how often a run must occur to be known.
            max_tokens, truncation: as in the class.
        """
        tokenizer = WordTokenizer(lowercase)
        batches = [
            tf.constant(list(texts[start : start + LEARN_BATCH]), tf.string)
            for start in range(0, len(texts), LEARN_BATCH)
        ]
        vocabulary = Vocabulary.learn(map(tokenizer, batches), vocabulary_size, min_count)
        encoder = cls(tokenizer, vocabulary, (), max_tokens, truncation)
        if ngrams > 1:
            words = [encoder._words(batch) for batch in batches]
            encoder.ngrams = [
                Ngrams.learn(words, order, len(vocabulary), ngram_min_count) for order in range(2, ngrams + 1)
            ]
        return encoder

    @property
    def sizes(self):
        """The number of ids in each column."""
        return [len(self.vocabulary), *map(len, self.ngrams)]

    @property
    def tables(self):
        """The lookup tables, which an export must hold."""
        return [self.vocabulary.table, *(ngrams.table for ngrams in self.ngrams)]

    def _words(self, texts):
        """Ids of the words that are kept, ragged `(batch, None)`."""
        tokens = self.tokenizer(texts)
        if self.truncation == "end":
            return self.vocabulary(tokens[:, : self.max_tokens])
        return self.vocabulary(truncate_middle(tokens, self.max_tokens, self.max_tokens // 3))

    def _with_ngrams(self, words):
        columns = [words.flat_values, *(ngrams(words) for ngrams in self.ngrams)]
        return words.with_flat_values(tf.stack(columns, axis=-1))

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "tokenizer": serialize(self.tokenizer),
            "vocabulary": serialize(self.vocabulary),
            "ngrams": [serialize(ngrams) for ngrams in self.ngrams],
            "max_tokens": self.max_tokens,
            "truncation": self.truncation,
        }

    @classmethod
    def from_config(cls, config):
        restore = keras.saving.deserialize_keras_object
        parts = {name: restore(config[name]) for name in ("tokenizer", "vocabulary")}
        ngrams = [restore(each) for each in config["ngrams"]]
        return cls(**{**config, **parts, "ngrams": ngrams})
