"""Texts to words before segmentation into pieces; spaces are kept as part of the words."""

import tensorflow as tf

LONGEST_WORD = 64  # characters; longer words are split, so that the cost stays linear in the length of the text
BLANK = r"[\s\pZ\p{Cc}]+"
WORD = r" ?(?:[\pL\pM\pN]+(?:['’][\pL\pM\pN]+)*|[^ ])"
NOT_BLANK = " ?[^ ]+"
SEPARATOR = "\n"  # a control character: no normalized text contains it


def normalized(texts, lowercase: bool) -> tf.Tensor:
    """Valid UTF-8, with one space before the first word and one in place of consecutive blanks.

    Invalid UTF-8 bytes become U+FFFD; control characters count as blanks. Unicode
    normalization is not applied.
    """
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.regex_replace(tf.strings.join([" ", texts]), BLANK, " ")
    texts = tf.strings.regex_replace(texts, " $", "")
    return tf.strings.lower(texts, encoding="utf-8") if lowercase else texts


def split(texts, lowercase: bool = False, pretokenized: bool = False) -> tf.RaggedTensor:
    """The words of each text, string ragged `(batch, None)`; concatenated, they are the normalized text.

    A word is a sequence of letters, marks and digits with apostrophes inside, or any
    other single character; with `pretokenized`, whatever stands between blanks. The
    space before a word belongs to it.
    """
    word = NOT_BLANK if pretokenized else WORD
    texts = tf.strings.regex_replace(normalized(texts, lowercase), word, r"\0" + SEPARATOR)
    texts = tf.strings.regex_replace(texts, f"[^{SEPARATOR}]{{{LONGEST_WORD}}}", r"\0" + SEPARATOR)
    words = tf.strings.split(texts, SEPARATOR)
    return tf.ragged.boolean_mask(words, words != "")
