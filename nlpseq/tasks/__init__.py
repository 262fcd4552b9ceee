"""Models that take text and give answers."""

from nlpseq.tasks.classifier import TextClassifier

__all__ = ["TextClassifier"]
