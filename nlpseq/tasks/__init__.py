"""Models that take text and give answers."""

from nlpseq.tasks.classifier import TextClassifier
from nlpseq.tasks.tagger import TokenTagger
from nlpseq.tasks.translator import Translator

__all__ = ["TextClassifier", "TokenTagger", "Translator"]
