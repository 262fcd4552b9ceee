"""Running text to ids of subwords and line ends, and back."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from nlpseq.errors import InputError, whole
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.subwords.splitting import JOINER, LETTER, LONGEST_WORD, clean_lines
from nlpseq.text.truncation import truncate_texts
from nlpseq.text.vocabulary import END

BATCH = 512  # lines that are tokenized together
FEW = 8  # characters an id
IN_WORD = rf"(?:{LETTER}|{JOINER}+[^ \n]?)"
OF_WORDS = rf"{IN_WORD}(?:['’]?{IN_WORD})*"  # an apostrophe elsewhere is an id


@keras.saving.register_keras_serializable("nlpseq")
class LinePreprocessor:
    r"""Texts to ids, with the end symbol for each line end.

        "a b\nc"  ->  a b END c

    Whitespace at the ends of lines is dropped, and consecutive blanks become one, as in
    `nlpseq.text.SubwordTokenizer`; the number of line ends stays.

    Args:
        tokenizer: `nlpseq.text.SubwordTokenizer`.
        max_tokens: The greatest length of a text that `check_length` accepts, 1 or more.
            Default 10,000.

    Call arguments:
        texts: string tensor `(batch,)`.
        first, last: number of ids that are needed at the start or, exclusively, at the end: of a
            long text no more is read, and no more returned. Default None, all.

    Returns:
        int32 `tf.RaggedTensor` `(batch, None)`, not truncated to `max_tokens`.

    Raises:
        InputError: `max_tokens` is below 1.

    Example:

    >>> preprocessor = LinePreprocessor.learn([b"a b", b"b"], kind="word")
    >>> ids = preprocessor(["b a\nb", ""])
    >>> ids.to_list()
    [[4, 5, 3, 4], []]
    >>> preprocessor.decode(ids).numpy().tolist()
    [b'b a\nb', b'']
    """

    def __init__(self, tokenizer: SubwordTokenizer, max_tokens: int = 10_000):
        self.tokenizer = tokenizer
        self.max_tokens = whole("max_tokens", max_tokens, 1)

    def __call__(self, texts, first: int | None = None, last: int | None = None) -> tf.RaggedTensor:
        texts = clean_lines(texts)
        if first is not None:
            texts = truncate_texts(texts, first * LONGEST_WORD)
        elif last is not None:
            texts = self._end(texts, last)
        lines = tf.strings.split(texts, "\n", -1 if first is None else first + 1)
        lines = _part(lines, first, last, 1)  # every line but one has a token, its end
        ids = lines.with_flat_values(self.encode_lines(lines.flat_values, first)).merge_dims(1, 2)
        return _part(ids[:, :-1], first, last)

    def _end(self, texts, last):
        """The ends of cleaned texts that `last` ids need: few characters, where these are enough, else more."""
        texts = truncate_texts(texts, 0, last * LONGEST_WORD)
        near = truncate_texts(texts, 0, last * FEW)
        # Of the characters left, each is at least half an id: a line end, or a mark, or a blank before a word or mark.
        left = tf.strings.regex_replace(near, "[^ \n]+" if self.tokenizer.pretokenized else OF_WORDS, "")
        return tf.where(tf.strings.length(left, "UTF8_CHAR") > 2 * last, near, texts)

    def encode_lines(self, lines, first: int | None = None) -> tf.RaggedTensor:
        """The ids of lines `(n,)` with the end symbol after each line, ragged `(n, None)`; the `first` of each line."""
        ids = self.tokenizer(lines, first)
        return tf.concat([ids, tf.fill([ids.nrows(), 1], END)], axis=1)

    def encode_corpus(self, lines: Sequence[bytes]) -> tf.Tensor:
        """The ids of many lines in one sequence, with the end symbol after each line: int32 `(n,)`."""
        batches = (list(lines[start : start + BATCH]) for start in range(0, len(lines), BATCH))
        return tf.concat([self.encode_lines(tf.constant(batch, tf.string)).flat_values for batch in batches], axis=0)

    def check_length(self, texts: Sequence[str | bytes], name: str) -> None:
        """Raises an `InputError` if one of the texts has more than `max_tokens` tokens.

        Args:
            texts: sequence of strings.
            name: what the message calls a text.
        """
        most = self.max_tokens
        longest = max(self(tf.constant(texts, tf.string), most + 1).row_lengths().numpy(), default=0)
        if longest > most:
            raise InputError(
                f"{name} is too long: expected at most {most:,} pieces, got {longest:,} or more; give only its end."
            )

    def decode(self, ids) -> tf.Tensor:
        """Ids, a tensor or ragged tensor `(..., time)`, to texts, string `(...)`."""
        texts = tf.strings.reduce_join(self.texts(ids), axis=-1)
        return tf.strings.regex_replace(tf.strings.regex_replace(texts, "^ +", ""), "\n +", "\n")

    def texts(self, ids) -> tf.Tensor:
        """What each id adds to a text, string `(..., time)`; the text of a word begins with its space."""
        return tf.ragged.map_flat_values(self._texts, ids)

    def _texts(self, ids):
        return tf.where(tf.equal(ids, END), "\n", self.tokenizer.texts(ids))

    @classmethod
    def learn(
        cls,
        lines: Sequence[str | bytes],
        kind: str = "word",
        size: int = 10_000,
        lowercase: bool = False,
        pretokenized: bool = False,
        max_tokens: int = 10_000,
    ) -> "LinePreprocessor":
        """A preprocessor whose tokenizer is learnt from lines; see `SubwordTokenizer.learn`."""
        return cls(SubwordTokenizer.learn(lines, kind, size, lowercase, pretokenized), max_tokens)

    def __len__(self):
        return len(self.tokenizer)

    @property
    def tables(self) -> list:
        """The lookup tables, which an export must track."""
        return self.tokenizer.tables

    def get_config(self) -> dict:
        tokenizer = keras.saving.serialize_keras_object(self.tokenizer)
        return {"tokenizer": tokenizer, "max_tokens": self.max_tokens}

    @classmethod
    def from_config(cls, config: dict) -> "LinePreprocessor":
        return cls(keras.saving.deserialize_keras_object(config["tokenizer"]), config["max_tokens"])


def _part(rows, first, last, extra=0):
    """The `first` or `last` items of ragged rows, and `extra`; all if both are None."""
    if first is not None:
        return rows[:, : first + extra]
    return rows if last is None else rows[:, -(last + extra) :]
