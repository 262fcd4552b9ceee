"""Scores of a task on a split."""

from nlpseq.evaluation.classification import ClassificationResult, Mistake, evaluate_classifier
from nlpseq.evaluation.language import LanguageResult, evaluate_language_model
from nlpseq.evaluation.tagging import TaggedSentence, TaggingResult, evaluate_tagger
from nlpseq.evaluation.translation import (
    Translation,
    TranslationResult,
    evaluate_translations,
    evaluate_translator,
)

__all__ = [
    "ClassificationResult",
    "LanguageResult",
    "Mistake",
    "TaggedSentence",
    "TaggingResult",
    "Translation",
    "TranslationResult",
    "evaluate_classifier",
    "evaluate_language_model",
    "evaluate_tagger",
    "evaluate_translations",
    "evaluate_translator",
]
