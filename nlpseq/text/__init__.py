"""Strings to ids and back, inside the graph, with core TensorFlow ops only."""

from nlpseq.text.encoder import WordEncoder
from nlpseq.text.line_encoder import LineEncoder
from nlpseq.text.ngrams import Ngrams
from nlpseq.text.pair_encoder import PairEncoder
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.token_encoder import TokenEncoder
from nlpseq.text.tokenizer import WordTokenizer
from nlpseq.text.vocabulary import END, PADDING, START, UNKNOWN, Vocabulary

__all__ = [
    "END",
    "PADDING",
    "START",
    "UNKNOWN",
    "LineEncoder",
    "Ngrams",
    "PairEncoder",
    "SubwordTokenizer",
    "TokenEncoder",
    "Vocabulary",
    "WordEncoder",
    "WordTokenizer",
]
