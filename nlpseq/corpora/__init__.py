"""Embedded datasets: TFDS builders over small grammars, generated at first use."""

from nlpseq.corpora.motion import NlpseqMotion
from nlpseq.corpora.phrases import NlpseqPhrases
from nlpseq.corpora.recall import NlpseqRecall
from nlpseq.corpora.reviews import NlpseqReviews
from nlpseq.corpora.tags import NlpseqTags

__all__ = ["NlpseqMotion", "NlpseqPhrases", "NlpseqRecall", "NlpseqReviews", "NlpseqTags"]
