"""Running text to ids and back: the pieces of its lines, each with its end."""

import keras
import tensorflow as tf

from nlpseq.errors import InputError, in_range
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.vocabulary import END

BATCH = 512  # lines that are cut into pieces together


@keras.saving.register_keras_serializable("nlpseq")
class LinePreprocessor:
    r"""Texts to ids, in which the end of a line is a symbol of its own.

        "a b\nc"  ->  a b END c

    Blanks at the ends of lines and runs of them are normalised away, as in
    `nlpseq.text.SubwordTokenizer`; the number of line ends stays.

    Args:
        tokenizer: `nlpseq.text.SubwordTokenizer`.
        max_tokens: The most ids that a single text may have. Default 10,000.

    Call arguments:
        texts: string tensor `(batch,)`.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None)`, of any length.

    Raises:
        InputError: `max_tokens` is below 1.

    Example:

    >>> encoder = LinePreprocessor.learn([b"a b", b"b"], kind="word")
    >>> ids = encoder(["b a\nb", ""])
    >>> ids.to_list()
    [[4, 5, 3, 4], []]
    >>> encoder.decode(ids).numpy().tolist()
    [b'b a\nb', b'']
    """

    def __init__(self, tokenizer, max_tokens=10_000):
        self.tokenizer = tokenizer
        self.max_tokens = in_range("max_tokens", max_tokens, 1)

    def __call__(self, texts):
        texts = tf.strings.regex_replace(texts, "\r\n?", "\n")
        lines = tf.strings.split(texts, "\n")
        pieces = self.encode_lines(lines.flat_values)
        return lines.with_flat_values(pieces).merge_dims(1, 2)[:, :-1]

    def encode_lines(self, lines):
        """The ids of lines `(n,)`, each with the end symbol, ragged `(n, None)`."""
        pieces = self.tokenizer(lines)
        return tf.concat([pieces, tf.fill([pieces.nrows(), 1], END)], axis=1)

    def check_length(self, texts, name):
        """Raises an `InputError` if one of the texts is too long; `name` is what the message calls it."""
        longest = max(self(tf.constant(texts, tf.string)).row_lengths().numpy(), default=0)
        if longest > self.max_tokens:
            raise InputError(
                f"{name} is too long: expected at most {self.max_tokens:,} pieces, got {longest:,}; give the end of it."
            )

    def encode_corpus(self, lines):
        """All the ids of many lines (bytes), one after the other, each with its end: int32 `(n,)`."""
        batches = (list(lines[start : start + BATCH]) for start in range(0, len(lines), BATCH))
        return tf.concat([self.encode_lines(tf.constant(batch, tf.string)).flat_values for batch in batches], axis=0)

    def decode(self, ids):
        """Joins ids, a tensor or ragged tensor `(..., time)`, to texts `(...)`."""
        texts = tf.strings.reduce_join(self.texts(ids), axis=-1)
        return tf.strings.regex_replace(tf.strings.regex_replace(texts, "^ +", ""), "\n +", "\n")

    def texts(self, ids):
        """What each id adds to a text, string `(..., time)`; a word brings the space before it."""
        return tf.ragged.map_flat_values(self._texts, ids)

    def _texts(self, ids):
        return tf.where(tf.equal(ids, END), "\n", self.tokenizer.texts(ids))

    @classmethod
    def learn(cls, lines, kind="word", size=10_000, lowercase=False, pretokenized=False, max_tokens=10_000):
        """An encoder with pieces learnt from lines (str or bytes); see `SubwordTokenizer.learn`."""
        return cls(SubwordTokenizer.learn(lines, kind, size, lowercase, pretokenized), max_tokens)

    def __len__(self):
        return len(self.tokenizer)

    @property
    def tables(self):
        """The lookup tables, which an export must hold."""
        return self.tokenizer.tables

    def get_config(self):
        tokenizer = keras.saving.serialize_keras_object(self.tokenizer)
        return {"tokenizer": tokenizer, "max_tokens": self.max_tokens}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["tokenizer"]), config["max_tokens"])
