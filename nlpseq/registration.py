"""Placeholders with which Keras loads saved nlpseq models after a plain `import nlpseq`.

Keras looks a registered class up by its name, "nlpseq>LSTM". Until the module of the class has been
imported, a placeholder is registered under that name. It imports the module when Keras creates the
object, and the class then replaces it.
"""

import contextlib
import importlib
from typing import Any

PACKAGE = "nlpseq"
CLASSES = {
    "nlpseq.cells": ("GRUCell", "LSTMCell", "MinGRUCell", "MinLSTMCell", "ResetBeforeGRUCell", "SimpleRNNCell"),
    "nlpseq.layers": (
        "CRF",
        "GRU",
        "LSTM",
        "RNN",
        "BahdanauAttention",
        "Bidirectional",
        "LuongAttention",
        "Pooling",
        "SimpleRNN",
        "StackedRNNCells",
    ),
    "nlpseq.layers.crf_loss": ("CRFLoss",),
    "nlpseq.layers.ctc_loss": ("CTCLoss",),
    "nlpseq.tasks": (
        "AnomalyDetector",
        "Forecaster",
        "LanguageModel",
        "SequenceClassifier",
        "SpeechRecognizer",
        "TextClassifier",
        "TokenTagger",
        "Translator",
    ),
    "nlpseq.tasks.anomalies.density": ("MeanSurprise",),
    "nlpseq.tasks.classification.ensemble": ("ClassifierEnsemble",),
    "nlpseq.tasks.classification.linear": ("NgramLogits",),
    "nlpseq.tasks.classification.svm": ("MarginLogits",),
    "nlpseq.tasks.class_weights": ("WeightedCrossEntropy",),
    "nlpseq.tasks.clips.features": ("FrameFeatures",),
    "nlpseq.tasks.embeddings": ("ScaledEmbedding",),
    "nlpseq.tasks.forecasting.ensemble": ("ForecasterEnsemble",),
    "nlpseq.tasks.forecasting.preprocessor": ("SeriesPreprocessor",),
    "nlpseq.tasks.language_modeling.ensemble": ("LanguageModelEnsemble",),
    "nlpseq.tasks.objectives": ("SequenceLikelihood", "SmoothedCrossEntropy"),
    "nlpseq.tasks.pretraining": ("Pretrainer",),
    "nlpseq.tasks.speech.augmentation": ("Augmentation",),
    "nlpseq.tasks.speech.bands": ("BandConvolution",),
    "nlpseq.tasks.speech.features": ("LogMel",),
    "nlpseq.tasks.speech.lookahead": ("Lookahead",),
    "nlpseq.tasks.tagging.linear": ("FeatureEmissions",),
    "nlpseq.tasks.tagging.ensemble": ("TaggerEnsemble",),
    "nlpseq.tasks.vectors": ("VectorEmbedding",),
    "nlpseq.text": (
        "LinePreprocessor",
        "Ngrams",
        "PairPreprocessor",
        "SubwordTokenizer",
        "TokenPreprocessor",
        "Vocabulary",
        "WordPreprocessor",
        "WordTokenizer",
    ),
    "nlpseq.training.adam": ("Adam",),
    "nlpseq.training.optimizers": ("WarmUp",),
}


class Placeholder:
    """Stands for a registered class whose module has not been imported yet.

    Args:
        module: Name of the module that defines the class.
        name: Name of the class.
    """

    def __init__(self, module: str, name: str):
        self.module, self.__name__ = module, name

    def from_config(self, config: dict[str, Any]) -> Any:
        """Imports the class and creates the object from its configuration."""
        return getattr(importlib.import_module(self.module), self.__name__).from_config(config)


def register_placeholders(keras: Any = None) -> None:
    """Registers a placeholder for each class that is not registered yet.

    Args:
        keras: The module, which the import hook passes; not used.
    """
    from keras.saving import get_custom_objects

    registered = get_custom_objects()
    for module, names in CLASSES.items():
        for name in names:
            registered.setdefault(f"{PACKAGE}>{name}", Placeholder(module, name))


def register_when_keras_is_imported() -> None:
    """Registers the placeholders now, or as soon as Keras is imported."""
    with contextlib.suppress(ImportError):  # where nlpseq.runtime stands alone, there is no Keras either
        import wrapt

        wrapt.register_post_import_hook(register_placeholders, "keras")
