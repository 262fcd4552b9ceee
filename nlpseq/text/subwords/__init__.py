"""Subword tokenizers: learnt outside the graph, applied inside it."""

from nlpseq.text.subwords.tokenizer import KINDS, SubwordTokenizer

__all__ = ["KINDS", "SubwordTokenizer"]
