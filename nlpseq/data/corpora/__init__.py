"""Datasets that come with nlpseq: TFDS builders over small grammars, generated at first use."""

from nlpseq.data.corpora.phrases import NlpseqPhrases
from nlpseq.data.corpora.recall import NlpseqRecall
from nlpseq.data.corpora.reviews import NlpseqReviews
from nlpseq.data.corpora.tags import NlpseqTags

__all__ = ["NlpseqPhrases", "NlpseqRecall", "NlpseqReviews", "NlpseqTags"]
