"""Strings to the words that are cut into pieces, without losing where the blanks were."""

import tensorflow as tf

LONGEST_WORD = 64  # characters; longer words are cut, so that one costs no more than a text
BLANK = r"[\s\pZ\p{Cc}]+"
WORD = r" ?(?:[\pL\pM\pN]+(?:['’][\pL\pM\pN]+)*|[^ ])"
BETWEEN_BLANKS = " ?[^ ]+"
SEPARATOR = "\n"  # a control character: no normalised text holds it


def normalized(texts, lowercase):
    """Valid UTF-8, one space for each run of blanks and one before the first word.

    Bytes that are not UTF-8 become U+FFFD; control characters count as blanks.
    Characters are neither composed nor decomposed.
    """
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.regex_replace(tf.strings.join([" ", texts]), BLANK, " ")
    texts = tf.strings.regex_replace(texts, " $", "")
    return tf.strings.lower(texts, encoding="utf-8") if lowercase else texts


def split(texts, lowercase=False, pretokenized=False):
    """The words of each text, string ragged `(batch, None)`; joined, they are the normalised text.

    A word is a run of letters, marks and digits with apostrophes inside it, or any
    other single character; with `pretokenized` it is whatever stands between blanks. The
    space before it belongs to it.
    """
    word = BETWEEN_BLANKS if pretokenized else WORD
    texts = tf.strings.regex_replace(normalized(texts, lowercase), word, r"\0" + SEPARATOR)
    texts = tf.strings.regex_replace(texts, f"[^{SEPARATOR}]{{{LONGEST_WORD}}}", r"\0" + SEPARATOR)
    words = tf.strings.split(texts, SEPARATOR)
    return tf.ragged.boolean_mask(words, words != "")
