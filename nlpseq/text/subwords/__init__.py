"""Pieces of words to ids and back: learnt once, applied inside the graph."""

from nlpseq.text.subwords.tokenizer import KINDS, SubwordTokenizer

__all__ = ["KINDS", "SubwordTokenizer"]
