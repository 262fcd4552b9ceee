"""Texts to words, inside the graph."""

import keras
import tensorflow as tf

from nlpseq.text.case import lowercase
from nlpseq.text.cleaning import clean
from nlpseq.text.truncation import truncate_texts

MARKUP = r"</?[a-zA-Z][^<>]*>"
BLANK = r"[\s\pZ\pC]+"
SINGLE_CHARACTER_WORDS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}]"
CLITIC = r"(?:n['’]t|['’](?:s|m|d|re|ve|ll))\b"
CONTRACTION = rf"(\pL)((?i:{CLITIC}))"  # not (?i)\pL, which takes the mark U+0345 for a letter: its fold is one
ADDRESSES = [
    r"https?://[^\s<>]*[^\s<>.,;:!?)\]]",
    r"[\pL\pN][\pL\pN._+-]*@[\pL\pN-]+(?:\.[\pL\pN-]+)+",
]
ADDRESS = "\x01"  # precedes a marked address; no text contains a control character after `BLANK`
WHOLE = [
    rf"{ADDRESS}[^\s]+",
    r"\pN+(?:[.,:/-]\pN+)+",
    r"(?:\pL\.){2,}",
    r"(?i:\b(?:Mr|Mrs|Ms|Dr|St|Jr|vs|etc|Inc|Co|Corp)\.)",
    r"[.]{2,}|-{2,}|[!?]{2,}|[:;=]-?[()]",
]
WORD, OTHER = r"[\pL\pM\pN]+(?:['’][\pL\pM\pN]+)*", r"[^\s\pZ\pC]"
END = "\n"  # of a token
LONG_TOKEN = 100  # characters


@keras.saving.register_keras_serializable("nlpseq")
class WordTokenizer:
    """Splits texts into words and punctuation marks with core TensorFlow ops.

    A token is a sequence of letters, marks and digits of any script, with apostrophes
    inside ("don't"), or any other single character that is not whitespace. In scripts
    without spaces each character is a token. Invalid UTF-8 bytes become U+FFFD; control
    characters separate tokens, and invisible ones, such as soft hyphens and joiners, are dropped.
    The time is linear in the length of a text.

    Args:
        lowercase: Whether to convert to lower case, as in `nlpseq.text.case.lowercase`. Default True.
        strip_markup: Whether to drop HTML tags such as `<br />`. Default True.
        split_contractions: Whether English contractions are two tokens, "do n't" and
            "it 's", as in treebanks. Default False.
        keep_whole: Whether addresses, abbreviations ("U.S.") and numbers with marks
            inside ("3.5") are one token. Default False.

    Call arguments:
        texts: string tensor `(batch,)`.
        first, last: how many tokens at the start and at the end of a text are needed. Of the others
            those may be missing that a text has in its middle, when its markup is dropped and
            blanks count once: only the first `100 * first` and the last `100 * last` characters
            are read. Default None and 0, all.

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

    def __call__(self, texts, first: int | None = None, last: int = 0) -> tf.RaggedTensor:
        texts = clean(texts)
        if self.strip_markup:
            texts = tf.strings.regex_replace(texts, MARKUP, " ")
        texts = tf.strings.regex_replace(texts, BLANK, " ")
        if first is not None:
            texts = truncate_texts(texts, LONG_TOKEN * first, LONG_TOKEN * last, " ")
        if self.lowercase:
            texts = lowercase(texts)
        texts = tf.strings.regex_replace(texts, SINGLE_CHARACTER_WORDS, r" \0 ")
        if self.split_contractions:
            texts = tf.strings.regex_replace(texts, CONTRACTION, r"\1 \2")
        if self.keep_whole:
            # By themselves: a token that may turn out to be no address would be read to the end at every word.
            texts = tf.strings.regex_replace(texts, "|".join(ADDRESSES), rf" {ADDRESS}\0 ")
        return self._split(texts, -1 if first is None or last else first)

    def _split(self, texts, most):
        texts = tf.strings.regex_replace(texts, self.token_pattern, rf"\0{END}")  # a group would take ten times as long
        texts = tf.strings.regex_replace(texts, f"[ {ADDRESS}]+", "")
        return tf.strings.split(texts, END, most)[:, :-1]  # not at white space, which depends on the locale

    def get_config(self) -> dict:
        names = ("lowercase", "strip_markup", "split_contractions", "keep_whole")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict) -> "WordTokenizer":
        return cls(**config)
