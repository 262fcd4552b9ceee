"""The kinds of task: each a folder of its own, with model, settings, data, evaluation and answers."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "LanguageModel": "nlpseq.tasks.language_modeling.model",
        "TextClassifier": "nlpseq.tasks.classification.model",
        "TokenTagger": "nlpseq.tasks.tagging.model",
        "Translator": "nlpseq.tasks.translation.model",
    },
)
