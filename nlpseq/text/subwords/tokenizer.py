"""Texts to ids of subword pieces and back."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from nlpseq.errors import InputError, one_of, whole
from nlpseq.text.subwords.byte_pairs import BytePairs
from nlpseq.text.subwords.learning import learn
from nlpseq.text.subwords.longest_match import LongestMatch
from nlpseq.text.subwords.most_probable import MostProbable
from nlpseq.text.subwords.splitting import count_words, split
from nlpseq.text.subwords.tables import table
from nlpseq.text.subwords.whole_words import WholeWords
from nlpseq.text.vocabulary import SPECIALS, UNKNOWN

SEGMENTERS = {
    "bpe": BytePairs,
    "wordpiece": LongestMatch,
    "unigram": MostProbable,
    "word": WholeWords,
    "character": BytePairs,
}
KINDS = tuple(SEGMENTERS)


@keras.saving.register_keras_serializable("nlpseq")
class SubwordTokenizer:
    """Segments texts into pieces of words with core TensorFlow ops, and joins pieces to texts.

    A text is normalized, split into words and punctuation marks, and each word is
    segmented into pieces. A space belongs to the word after it, so that concatenated
    pieces restore the text: `decode(tokenizer(texts))` is the normalized text. In
    normalized text, invalid UTF-8 bytes are U+FFFD, consecutive blanks and control
    characters are one space, none of them is at either end, invisible characters such as
    soft hyphens and variation selectors are dropped, joiners kept within a word, and
    letters are in lower case if `lowercase`. Unicode normalization is not applied. Words
    of more than 64 characters are split.

    Ids 0 to 3 are padding, unknown, start and end. Unknown is decoded as U+FFFD; it
    stands for one character that is not in the training texts (in "unigram" for
    consecutive ones), and in "wordpiece" and "word" for a whole word.

    Args:
        kind: "bpe", "wordpiece", "unigram", "word" or "character".
        pieces: The pieces in the order of their ids, the four specials first.
        lowercase: Whether to convert to lower case, as in `nlpseq.text.case.lowercase`. Default False.
        pretokenized: Whether words are separated by whitespace only, for texts that are
            tokenized already. Default False.
        model: Further parameters of the kind: `merges` for "bpe", `scores` for "unigram".

    Call arguments:
        texts: string tensor `(batch,)`.
        first: number of ids that are needed: of a long text no more is read. Default None, all.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None)`, without start and end, the `first` ids at most.

    Raises:
        InputError: `kind` is unknown, or "wordpiece" with `pretokenized`.

    Example:

    >>> tokenizer = SubwordTokenizer.learn(["low lower", "lower lowest"], size=20)
    >>> ids = tokenizer(["lowest, low"])
    >>> [tokenizer.pieces[id_] for id_ in ids[0].numpy()]
    [' lowest', '<unknown>', ' low']
    >>> tokenizer.decode(tokenizer(["  low  lowest "])).numpy()[0]
    b'low lowest'
    """

    def __init__(self, kind: str, pieces: Sequence[str], lowercase: bool = False, pretokenized: bool = False, **model):
        self.kind = one_of("kind", kind, KINDS)
        self.pieces = list(pieces)
        if kind == "wordpiece" and pretokenized:  # "##" inside a word would be read as the mark of a continuation
            raise InputError(
                "`pretokenized` is not available with `kind` 'wordpiece': set it to False or choose another kind."
            )
        self.lowercase = lowercase
        self.pretokenized = pretokenized
        self.model = model
        self._segment = SEGMENTERS[kind](self.pieces, **model)
        texts = [self._segment.unknown_text, *self._segment.texts[len(SPECIALS) :]]
        ids = [UNKNOWN, *range(len(SPECIALS), len(self))]
        self._texts = table(ids, texts, "", tf.int32, tf.string)

    @classmethod
    def learn(
        cls,
        texts: Sequence[str | bytes],
        kind: str = "bpe",
        size: int = 8000,
        lowercase: bool = False,
        pretokenized: bool = False,
    ) -> "SubwordTokenizer":
        """A tokenizer with pieces learnt from texts, deterministic.

        Args:
            texts: sequence of strings (str or bytes).
            kind: as in the class.
            size: the greatest number of ids, the specials included.
            lowercase, pretokenized: as in the class.

        Raises:
            InputError: the texts hold no words, or `size` is too small for the
                characters of the texts ("bpe", "wordpiece" and "unigram" include all).
        """
        return cls.of_counts(count_words(texts, lowercase, pretokenized), kind, size, lowercase, pretokenized)

    @classmethod
    def of_counts(
        cls,
        counts: Mapping[bytes, int],
        kind: str = "bpe",
        size: int = 8000,
        lowercase: bool = False,
        pretokenized: bool = False,
    ) -> "SubwordTokenizer":
        """As `learn`, of the counts of the words that `nlpseq.text.subwords.splitting.split` gives."""
        one_of("kind", kind, KINDS)
        whole("size", size, len(SPECIALS) + 1)
        words = {word.decode("utf-8"): count for word, count in counts.items()}
        return cls(kind, lowercase=lowercase, pretokenized=pretokenized, **learn(kind, words, size))

    def __len__(self):
        return len(self.pieces)

    def __call__(self, texts, first: int | None = None) -> tf.RaggedTensor:
        words = split(texts, self.lowercase, self.pretokenized, first)
        distinct, indices = tf.unique(words.flat_values)
        pieces = tf.gather(self._segment(distinct), indices)  # (words, None)
        return words.with_flat_values(pieces).merge_dims(1, 2)[:, :first]

    def decode(self, ids) -> tf.Tensor:
        """Ids to texts, without padding, start and end.

        Args:
            ids: int32 tensor or ragged tensor `(..., time)`.

        Returns:
            string `(...)`.
        """
        texts = tf.strings.reduce_join(self.texts(ids), axis=-1)
        return tf.strings.regex_replace(texts, "^ +| +$", "")  # `strip` depends on the locale

    def texts(self, ids) -> tf.Tensor:
        """What each id adds to a text, string `(..., time)`; "" for padding, start and end."""
        return self._texts.lookup(ids)

    @property
    def tables(self) -> list:
        """The lookup tables, which an export must track."""
        return [self._texts, *self._segment.tables]

    def get_config(self) -> dict:
        return {
            "kind": self.kind,
            "pieces": self.pieces,
            "lowercase": self.lowercase,
            "pretokenized": self.pretokenized,
            **self.model,
        }

    @classmethod
    def from_config(cls, config: dict) -> "SubwordTokenizer":
        return cls(**config)
