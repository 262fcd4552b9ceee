"""Token tagging: model, settings, data, evaluation, answers."""

from nlpseq import lazy
from nlpseq.tasks.tagging.answers import Answers  # noqa: F401

__getattr__, __dir__, __all__ = lazy.attach(__name__, {"TokenTagger": "nlpseq.tasks.tagging.model"})
