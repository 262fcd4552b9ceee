"""Strings to words, inside the graph."""

import keras
import tensorflow as tf

MARKUP = r"</?[a-zA-Z][^<>]*>"
BLANK = r"[\s\pZ\pC]+"
SINGLE_CHARACTER_WORDS = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}])"
TOKEN = r"((?:[\pL\pM\pN]+(?:['’][\pL\pM\pN]+)*)|[^\s\pZ\pC])"


@keras.saving.register_keras_serializable("nlpseq")
class WordTokenizer:
    """Splits strings into words and punctuation marks with core TensorFlow ops.

    A token is a run of letters, marks and digits of any script, with apostrophes
    inside it ("don't"), or any other single character that is not blank. Scripts
    written without spaces give one token a character. Bytes that are not UTF-8
    become U+FFFD; control characters separate words.

    Args:
        lowercase: Whether to fold case (Unicode). Default True.
        strip_markup: Whether to drop HTML tags such as `<br />`. Default True.

    Call arguments:
        texts: string tensor `(batch,)`.

    Returns:
        string `tf.RaggedTensor` `(batch, None)`.

    Example:

    >>> WordTokenizer()(["Don't stop, 世界!"]).to_list()[0][0].decode()
    "don't"
    """

    def __init__(self, lowercase=True, strip_markup=True):
        self.lowercase = lowercase
        self.strip_markup = strip_markup

    def __call__(self, texts):
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        if self.strip_markup:
            texts = tf.strings.regex_replace(texts, MARKUP, " ")
        texts = tf.strings.regex_replace(texts, BLANK, " ")
        if self.lowercase:  # after the control characters: it stops at a NUL
            texts = tf.strings.lower(texts, encoding="utf-8")
        texts = tf.strings.regex_replace(texts, SINGLE_CHARACTER_WORDS, r" \1 ")
        texts = tf.strings.regex_replace(texts, TOKEN, r" \1 ")
        return tf.strings.split(texts)

    def get_config(self):
        return {"lowercase": self.lowercase, "strip_markup": self.strip_markup}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
