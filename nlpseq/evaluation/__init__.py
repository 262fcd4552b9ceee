"""Scores of a task on a split."""

from nlpseq.evaluation.classification import ClassificationResult, Mistake, evaluate_classifier
from nlpseq.evaluation.tagging import TaggedSentence, TaggingResult, evaluate_tagger

__all__ = [
    "ClassificationResult",
    "Mistake",
    "TaggedSentence",
    "TaggingResult",
    "evaluate_classifier",
    "evaluate_tagger",
]
