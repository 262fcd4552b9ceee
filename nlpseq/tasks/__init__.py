"""Models that take text and give answers."""

from nlpseq.tasks.classifier import TextClassifier
from nlpseq.tasks.language_model import LanguageModel
from nlpseq.tasks.tagger import TokenTagger
from nlpseq.tasks.translator import Translator

__all__ = ["LanguageModel", "TextClassifier", "TokenTagger", "Translator"]
