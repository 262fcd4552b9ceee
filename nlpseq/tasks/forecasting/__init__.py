"""Forecasting of series: model, settings, data, evaluation, answers."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "Forecaster": "nlpseq.tasks.forecasting.model",
        "SeriesPreprocessor": "nlpseq.tasks.forecasting.preprocessor",
    },
)
