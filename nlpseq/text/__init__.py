"""Strings to ids and back, inside the graph, with core TensorFlow ops only."""

from nlpseq.text.encoder import WordEncoder
from nlpseq.text.ngrams import Ngrams
from nlpseq.text.tokenizer import WordTokenizer
from nlpseq.text.vocabulary import PADDING, UNKNOWN, Vocabulary

__all__ = ["PADDING", "UNKNOWN", "Ngrams", "Vocabulary", "WordEncoder", "WordTokenizer"]
