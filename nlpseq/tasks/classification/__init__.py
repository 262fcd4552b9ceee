"""Text classification: model, settings, data, evaluation, answers."""

from nlpseq import lazy
from nlpseq.tasks.classification.answers import Answers  # noqa: F401

__getattr__, __dir__, __all__ = lazy.attach(__name__, {"TextClassifier": "nlpseq.tasks.classification.model"})
