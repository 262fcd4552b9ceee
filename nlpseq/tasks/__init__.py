"""Models that take text and give answers."""

from nlpseq.tasks.classifier import TextClassifier
from nlpseq.tasks.tagger import TokenTagger

__all__ = ["TextClassifier", "TokenTagger"]
