"""Strings to ids and back, inside the graph, with core TensorFlow ops only."""

from nlpseq.text.tokenizer import WordTokenizer
from nlpseq.text.vocabulary import PADDING, UNKNOWN, Vocabulary

__all__ = ["PADDING", "UNKNOWN", "Vocabulary", "WordTokenizer"]
