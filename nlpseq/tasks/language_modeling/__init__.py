"""Language modelling: model, settings, data, evaluation, answers."""

from nlpseq import lazy
from nlpseq.tasks.language_modeling.answers import Answers  # noqa: F401

__getattr__, __dir__, __all__ = lazy.attach(__name__, {"LanguageModel": "nlpseq.tasks.language_modeling.model"})
