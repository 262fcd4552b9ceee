"""Texts to words, inside the graph."""

import keras
import tensorflow as tf

MARKUP = r"</?[a-zA-Z][^<>]*>"
BLANK = r"[\s\pZ\pC]+"
SINGLE_CHARACTER_WORDS = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}])"
CLITIC = r"(?:n['’]t|['’](?:s|m|d|re|ve|ll))\b"
CONTRACTION = rf"(?i)(\pL)({CLITIC})"
WHOLE = [
    r"https?://[^\s<>]*[^\s<>.,;:!?)\]]",
    r"[\pL\pN][\pL\pN._+-]*@[\pL\pN-]+(?:\.[\pL\pN-]+)+",
    r"\pN+(?:[.,:/-]\pN+)+",
    r"(?:\pL\.){2,}",
    r"(?i:\b(?:Mr|Mrs|Ms|Dr|St|Jr|vs|etc|Inc|Co|Corp)\.)",
    r"[.]{2,}|-{2,}|[!?]{2,}|[:;=]-?[()]",
]
WORD, OTHER = r"[\pL\pM\pN]+(?:['’][\pL\pM\pN]+)*", r"[^\s\pZ\pC]"


def lowercase(texts):
    """Texts in lower case."""
    return tf.strings.lower(texts, encoding="utf-8")


@keras.saving.register_keras_serializable("nlpseq")
class WordTokenizer:
    """Splits texts into words and punctuation marks with core TensorFlow ops.

    A token is a sequence of letters, marks and digits of any script, with apostrophes
    inside ("don't"), or any other single character that is not whitespace. In scripts
    without spaces each character is a token. Invalid UTF-8 bytes become U+FFFD; control
    characters separate tokens.

    Args:
        lowercase: Whether to convert to lower case (Unicode). Default True.
        strip_markup: Whether to drop HTML tags such as `<br />`. Default True.
        split_contractions: Whether English contractions are two tokens, "do n't" and
            "it 's", as in treebanks. Default False.
        keep_whole: Whether addresses, abbreviations ("U.S.") and numbers with marks
            inside ("3.5") are one token. Default False.

    Call arguments:
        texts: string tensor `(batch,)`.

    Returns:
        string `tf.RaggedTensor` `(batch, None)`.

    Example:

    >>> WordTokenizer()(["Don't stop, 世界!"]).to_list()[0][0].decode()
    "don't"
    """

    def __init__(
        self,
        lowercase: bool = True,
        strip_markup: bool = True,
        split_contractions: bool = False,
        keep_whole: bool = False,
    ):
        self.lowercase = lowercase
        self.strip_markup = strip_markup
        self.split_contractions = split_contractions
        self.keep_whole = keep_whole
        clitics = [f"(?i:{CLITIC})"] if split_contractions else []
        self.token_pattern = "|".join([*(WHOLE if keep_whole else []), *clitics, WORD, OTHER])

    def __call__(self, texts) -> tf.RaggedTensor:
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        if self.strip_markup:
            texts = tf.strings.regex_replace(texts, MARKUP, " ")
        texts = tf.strings.regex_replace(texts, BLANK, " ")
        if self.lowercase:  # after control characters are gone: the op stops at a NUL
            texts = lowercase(texts)
        texts = tf.strings.regex_replace(texts, SINGLE_CHARACTER_WORDS, r" \1 ")
        if self.split_contractions:
            texts = tf.strings.regex_replace(texts, CONTRACTION, r"\1 \2")
        texts = tf.strings.regex_replace(texts, f"({self.token_pattern})", r" \1 ")
        return tf.strings.split(texts)

    def get_config(self) -> dict:
        names = ("lowercase", "strip_markup", "split_contractions", "keep_whole")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict) -> "WordTokenizer":
        return cls(**config)
