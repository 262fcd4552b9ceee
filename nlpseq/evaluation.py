"""Scores of a task on a split: the evaluations of all kinds under one name."""

from nlpseq import lazy

_NAMES = {
    "anomalies": ("AnomalyResult", "evaluate_detector"),
    "classification": ("ClassificationResult", "Mistake", "evaluate_classifier"),
    "clips": ("SequenceResult", "Strip", "evaluate_sequences"),
    "forecasting": ("ForecastResult", "evaluate_forecaster"),
    "language_modeling": ("LanguageResult", "evaluate_language_model"),
    "tagging": ("TaggedSentence", "TaggingResult", "evaluate_tagger"),
    "translation": ("Translation", "TranslationResult", "evaluate_translations", "evaluate_translator"),
    "speech": ("Recognized", "SpeechResult", "evaluate_recognizer"),
}

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, {name: f"nlpseq.tasks.{kind}.evaluation" for kind, names in _NAMES.items() for name in names}
)
