"""Strings to ids and back, inside the graph, with core TensorFlow ops only."""

from nlpseq.text.line_preprocessor import LinePreprocessor
from nlpseq.text.ngrams import Ngrams
from nlpseq.text.pair_preprocessor import PairPreprocessor
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.token_preprocessor import TokenPreprocessor
from nlpseq.text.tokenizer import WordTokenizer
from nlpseq.text.vocabulary import END, PADDING, START, UNKNOWN, Vocabulary
from nlpseq.text.word_preprocessor import WordPreprocessor

# Former names of the preprocessors, kept importable.
LineEncoder, PairEncoder = LinePreprocessor, PairPreprocessor
TokenEncoder, WordEncoder = TokenPreprocessor, WordPreprocessor

__all__ = [
    "END",
    "PADDING",
    "START",
    "UNKNOWN",
    "LinePreprocessor",
    "Ngrams",
    "PairPreprocessor",
    "SubwordTokenizer",
    "TokenPreprocessor",
    "Vocabulary",
    "WordPreprocessor",
    "WordTokenizer",
]
