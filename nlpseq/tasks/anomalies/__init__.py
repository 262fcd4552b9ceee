"""Anomalies in numbers over time: model, settings, data, evaluation, answers."""

from nlpseq import lazy
from nlpseq.tasks.anomalies.answers import Answers  # noqa: F401

__getattr__, __dir__, __all__ = lazy.attach(__name__, {"AnomalyDetector": "nlpseq.tasks.anomalies.model"})
