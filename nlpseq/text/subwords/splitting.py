"""Texts to words before segmentation into pieces; spaces are kept as part of the words."""

from collections import Counter
from collections.abc import Sequence

import tensorflow as tf

from nlpseq.text.case import DOT
from nlpseq.text.case import lowercase as in_lowercase
from nlpseq.text.cleaning import JOINERS, clean
from nlpseq.text.truncation import truncate_texts

LONGEST_WORD = 64  # characters; longer words are split, so that the cost stays linear in the length of the text
LETTER, JOINER = r"[\pL\pM\pN]", f"[{JOINERS}]"
CONTROL_CHARACTERS = r"\x00-\x09\x0B-\x1F\x7F-\x{9F}"  # without the line end
BLANKS = rf"\pZ{CONTROL_CHARACTERS}\x{{200B}}"
BLANK = rf"{JOINER}*[\n{BLANKS}][\n{BLANKS}{JOINERS}]*"
BLANK_IN_LINE = f"[{BLANKS}]+"
WORD = rf" ?(?:{LETTER}+(?:(?:['’]|{JOINER}+){LETTER}+)*|[^ ](?:{JOINER}+[^ ])*){JOINER}*"
LOOK_AHEAD = 2  # characters behind a word that decide where it ends
NOT_BLANK = " ?[^ ]+"
COUNT_BATCH = 512  # texts that are split together
SEPARATOR = "\n"  # a control character: no normalized text contains it


def normalized(texts, lowercase: bool, first: int | None = None) -> tf.Tensor:
    """Valid UTF-8, with one space before the first word and one in place of consecutive blanks.

    Invalid UTF-8 bytes become U+FFFD; control characters count as blanks; invisible characters are
    dropped, but joiners within a text. Unicode normalization is not applied. Of a long text only
    that is read which `first` words of `LONGEST_WORD` characters need.
    """
    texts = tf.strings.join([" ", clean(texts, keep_joiners=True), " "])
    texts = tf.strings.regex_replace(tf.strings.regex_replace(texts, BLANK, " "), " $", "")
    if lowercase:  # before truncation: all else of `in_lowercase` keeps the length
        texts = tf.strings.regex_replace(texts, f"([iIİ]){DOT}+", r"\1")
    if first is not None:
        texts = truncate_texts(texts, first * LONGEST_WORD + LOOK_AHEAD)
    return in_lowercase(texts) if lowercase else texts


def split(texts, lowercase: bool = False, pretokenized: bool = False, first: int | None = None) -> tf.RaggedTensor:
    """The words of each text, string ragged `(batch, None)`; concatenated, they are the normalized text.

    A word is a sequence of letters, marks and digits with apostrophes or joiners inside, or any
    other single character, or several that are joined; with `pretokenized`, whatever stands
    between blanks. The space before a word belongs to it. `first` is the number of words that are
    needed; default all.
    """
    word = NOT_BLANK if pretokenized else WORD
    texts = tf.strings.regex_replace(normalized(texts, lowercase, first), word, r"\0" + SEPARATOR)
    texts = tf.strings.regex_replace(texts, f"[^{SEPARATOR}]{{{LONGEST_WORD}}}", r"\0" + SEPARATOR)
    words = tf.strings.split(texts, SEPARATOR, -1 if first is None else 2 * first)  # some are empty
    return tf.ragged.boolean_mask(words, words != "")[:, :first]


def count_words(texts: Sequence[str | bytes], lowercase: bool = False, pretokenized: bool = False) -> Counter[bytes]:
    """How often each word of `split` occurs in texts."""
    counts: Counter[bytes] = Counter()
    for start in range(0, len(texts), COUNT_BATCH):
        batch = tf.constant(list(texts[start : start + COUNT_BATCH]), tf.string)
        counts.update(split(batch, lowercase, pretokenized).flat_values.numpy().tolist())
    return counts


def clean_lines(texts) -> tf.Tensor:
    """Valid UTF-8 with the line end after each line, and without blanks at the ends of lines."""
    texts = tf.strings.regex_replace(clean(texts, keep_joiners=True), "\r\n?", "\n")
    texts = tf.strings.regex_replace(texts, BLANK_IN_LINE, " ")
    return tf.strings.regex_replace(texts, " ?\n ?", "\n")
