"""Classification of sequences of vectors or pictures: model, settings, data, evaluation, answers."""

from nlpseq import lazy
from nlpseq.tasks.clips.answers import Answers  # noqa: F401

__getattr__, __dir__, __all__ = lazy.attach(__name__, {"SequenceClassifier": "nlpseq.tasks.clips.model"})
