"""Embedded datasets: TFDS builders over small grammars and simulations, generated at first use."""

from nlpseq.corpora.morse import NlpseqMorse
from nlpseq.corpora.motion import NlpseqMotion
from nlpseq.corpora.phrases import NlpseqPhrases
from nlpseq.corpora.recall import NlpseqRecall
from nlpseq.corpora.reviews import NlpseqReviews
from nlpseq.corpora.sensors import NlpseqSensors
from nlpseq.corpora.series import NlpseqSeries
from nlpseq.corpora.tags import NlpseqTags

__all__ = [
    "NlpseqMorse",
    "NlpseqMotion",
    "NlpseqPhrases",
    "NlpseqRecall",
    "NlpseqReviews",
    "NlpseqSensors",
    "NlpseqSeries",
    "NlpseqTags",
]
