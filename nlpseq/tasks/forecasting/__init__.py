"""Forecasting of series: model, settings, data, evaluation, answers."""

from nlpseq import lazy
from nlpseq.tasks.forecasting.answers import Answers  # noqa: F401

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "Forecaster": "nlpseq.tasks.forecasting.model",
        "SeriesPreprocessor": "nlpseq.tasks.forecasting.preprocessor",
    },
)
