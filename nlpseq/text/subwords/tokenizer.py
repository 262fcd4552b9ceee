"""Strings to ids of pieces and back, learnt from texts and then fixed."""

import collections

import keras
import tensorflow as tf

from nlpseq.errors import InputError, in_range, one_of
from nlpseq.text.subwords.byte_pairs import BytePairs
from nlpseq.text.subwords.learning import learn
from nlpseq.text.subwords.longest_match import LongestMatch
from nlpseq.text.subwords.most_probable import MostProbable
from nlpseq.text.subwords.splitting import split
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
LEARN_BATCH = 512  # texts that are split together


@keras.saving.register_keras_serializable("nlpseq")
class SubwordTokenizer:
    """Cuts strings into pieces of words with core TensorFlow ops, and joins pieces to strings.

    A text is normalised, split into words and punctuation marks, and each word is cut
    into pieces. A space belongs to the word after it, so a piece that starts with a
    space starts a word that follows a blank, and joining the pieces gives the text back:
    `decode(tokenizer(texts))` is the normalised text. In it, bytes that are not UTF-8
    are U+FFFD, a run of blanks or control characters is one space, there is none at
    either end, and the case is folded if asked; characters are neither composed nor
    decomposed. Words of more than 64 characters are cut into several.

    Ids 0 to 3 are padding, unknown, start and end. Unknown is decoded as U+FFFD: it
    stands for one character that was never seen in training (in "unigram" for a run of
    them), in "wordpiece" and "word" for a whole word.

    Args:
        kind: "bpe", "wordpiece", "unigram", "word" or "character".
        pieces: The pieces in the order of their ids, the four specials first.
        lowercase: Whether to fold case (Unicode). Default False.
        pretokenized: Whether words end at blanks only, for texts in which marks stand apart
            already, or belong to the words. Default False.
        details: What the kind needs beside its pieces: `merges` for "bpe", `scores`
            for "unigram".

    Call arguments:
        texts: string tensor `(batch,)`.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None)`, without start and end.

    Raises:
        InputError: `kind` is unknown, or is "wordpiece" with `pretokenized`.

    Example:

    >>> tokenizer = SubwordTokenizer.learn(["low lower", "lower lowest"], size=20)
    >>> ids = tokenizer(["lowest, low"])
    >>> [tokenizer.pieces[each] for each in ids[0].numpy()]
    [' lowest', '<unknown>', ' low']
    >>> tokenizer.decode(tokenizer(["  low  lowest "])).numpy()[0]
    b'low lowest'
    """

    def __init__(self, kind, pieces, lowercase=False, pretokenized=False, **details):
        self.kind = one_of("kind", kind, KINDS)
        self.pieces = list(pieces)
        if kind == "wordpiece" and pretokenized:  # "##" inside a word would be taken for its mark of a continuation
            raise InputError("wordpiece needs marks apart from words: leave out pretokenized, or choose another kind.")
        self.lowercase = lowercase
        self.pretokenized = pretokenized
        self.details = details
        self._segment = SEGMENTERS[kind](self.pieces, **details)
        texts = [self._segment.unknown_text, *self._segment.texts[len(SPECIALS) :]]
        known = [UNKNOWN, *range(len(SPECIALS), len(self))]
        self._texts = table(known, texts, "", tf.int32, tf.string)

    @classmethod
    def learn(cls, texts, kind="bpe", size=8000, lowercase=False, pretokenized=False):
        """A tokenizer with pieces learnt from texts; the same texts give the same pieces.

        Args:
            texts: sequence of strings (str or bytes).
            kind: as in the class.
            size: the most ids to give out, the specials included.
            lowercase, pretokenized: as in the class.

        Raises:
            InputError: the texts hold no word, or `size` is too small for the
                characters of the texts ("bpe", "wordpiece" and "unigram" keep all).
        """
        one_of("kind", kind, KINDS)
        in_range("size", size, len(SPECIALS) + 1)
        counts = collections.Counter()
        for start in range(0, len(texts), LEARN_BATCH):
            batch = tf.constant(list(texts[start : start + LEARN_BATCH]), tf.string)
            counts.update(split(batch, lowercase, pretokenized).flat_values.numpy().tolist())
        words = {word.decode("utf-8"): count for word, count in counts.items()}
        return cls(kind, lowercase=lowercase, pretokenized=pretokenized, **learn(kind, words, size))

    def __len__(self):
        return len(self.pieces)

    def __call__(self, texts):
        words = split(texts, self.lowercase, self.pretokenized)
        distinct, places = tf.unique(words.flat_values)
        pieces = tf.gather(self._segment(distinct), places)  # (words, None)
        return words.with_flat_values(pieces).merge_dims(1, 2)

    def decode(self, ids):
        """Joins pieces to strings, without padding, start and end.

        Args:
            ids: int32 tensor or ragged tensor `(..., time)`.

        Returns:
            string `(...)`.
        """
        return tf.strings.strip(tf.strings.reduce_join(self.texts(ids), axis=-1))

    def texts(self, ids):
        """What each piece adds to a text, string `(..., time)`; "" for padding, start and end."""
        return self._texts.lookup(ids)

    @property
    def tables(self):
        """The lookup tables, which an export must hold."""
        return [self._texts, *self._segment.tables]

    def get_config(self):
        return {
            "kind": self.kind,
            "pieces": self.pieces,
            "lowercase": self.lowercase,
            "pretokenized": self.pretokenized,
            **self.details,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)
