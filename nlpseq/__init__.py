"""nlpseq: recurrent sequence models for Keras 3, trained fast, served as one SavedModel.

Submodules load when they are first used, so that `import nlpseq` is quick:

    nlpseq.layers       LSTM, GRU, SimpleRNN, RNN, Bidirectional, StackedRNNCells, Pooling,
                        attention, CRF
    nlpseq.cells        their cells, and RecurrentCell, the base class of custom cells
    nlpseq.engine       how a cell is run over time
    nlpseq.text         tokenizers, vocabularies and subwords inside the graph
    nlpseq.data         TFDS and files to batches
    nlpseq.tasks        TextClassifier, TokenTagger, Translator, LanguageModel, Forecaster, AnomalyDetector,
                        SpeechRecognizer, SequenceClassifier
    nlpseq.decoding     greedy search, beam search and sampling over any step function
    nlpseq.training     fit, optimizers, callbacks
    nlpseq.serving      exports: written, loaded, asked
    nlpseq.runtime      exports asked without TensorFlow
    nlpseq.diagnostics  a look inside: saliency, gates, memory, neurons, gradients back in time
"""

from nlpseq import lazy
from nlpseq.backend import check_backend
from nlpseq.registration import register_when_keras_is_imported

__version__ = "0.1.0"

check_backend()
register_when_keras_is_imported()

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        name: f"nlpseq.{name}"
        for name in (
            "cells",
            "cli",
            "corpora",
            "data",
            "decoding",
            "diagnostics",
            "engine",
            "errors",
            "evaluation",
            "layers",
            "reporting",
            "runtime",
            "serving",
            "settings",
            "tag_schemes",
            "tasks",
            "text",
            "training",
        )
    },
)
