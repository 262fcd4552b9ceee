"""nlpseq: recurrent text models for Keras 3, trained fast, served as one SavedModel.

Submodules load when they are first used, so that `import nlpseq` is quick:

    nlpseq.layers    LSTM, GRU, SimpleRNN, RNN, Bidirectional, StackedRNNCells, Pooling,
                     attention, CRF
    nlpseq.cells     their cells, and RecurrentCell to write one's own
    nlpseq.engine    how a cell is run over time
    nlpseq.text      tokenizers, vocabularies and subwords inside the graph
    nlpseq.data      TFDS and files to batches
    nlpseq.tasks     text in, answer out: TextClassifier, TokenTagger, Translator,
                     LanguageModel
    nlpseq.decoding  greedy, beam search and sampling over any step function
    nlpseq.diagnostics
                     how gradients flow back in time
"""

import importlib

from nlpseq.backend import check_backend

__version__ = "0.1.0"
__all__ = [
    "cells",
    "command_line",
    "data",
    "decoding",
    "diagnostics",
    "engine",
    "errors",
    "evaluation",
    "export",
    "layers",
    "pictures",
    "reporting",
    "runs",
    "serving",
    "settings",
    "streaming",
    "tasks",
    "text",
    "training",
]

check_backend()


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"nlpseq.{name}")
    raise AttributeError(f"module 'nlpseq' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
