"""The table of the kinds of task, each of which is a folder.

Serving and the command line find a kind through this table only. Another package adds a kind with
an entry point of the group "nlpseq.tasks", whose name is the kind and whose value is a package
with a class `Answers` (`nlpseq.tasks.answers`); a program adds one with `register_kind`.
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

from nlpseq import lazy

if TYPE_CHECKING:
    from nlpseq.tasks.answers import Answers

KINDS = {  # package of each kind; exports store the name of the kind
    "anomalies": "nlpseq.tasks.anomalies",
    "classification": "nlpseq.tasks.classification",
    "clips": "nlpseq.tasks.clips",
    "forecasting": "nlpseq.tasks.forecasting",
    "language_model": "nlpseq.tasks.language_modeling",
    "speech": "nlpseq.tasks.speech",
    "tagging": "nlpseq.tasks.tagging",
    "translation": "nlpseq.tasks.translation",
}
ENTRY_POINTS = "nlpseq.tasks"


def register_kind(name: str, package: str) -> None:
    """Adds a kind of task to the table of this process.

    Args:
        name: Name of the kind, equal to `Task.kind`.
        package: Module that defines its class `Answers`.
    """
    KINDS[name] = package


def kinds() -> dict[str, str]:
    """The packages of all kinds by name: built-in kinds, installed entry points and registered kinds."""
    installed = importlib.metadata.entry_points(group=ENTRY_POINTS)
    return {**{point.name: point.value for point in installed}, **KINDS}


def answers_class(kind: str) -> "type[Answers]":
    """The class `Answers` of a kind; does not load TensorFlow.

    Raises:
        InputError: the kind is unknown.
    """
    from nlpseq.errors import one_of

    packages = kinds()
    return importlib.import_module(packages[one_of("kind of task", kind, packages)]).Answers


__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "AnomalyDetector": "nlpseq.tasks.anomalies.model",
        "DynamicEvaluation": "nlpseq.tasks.language_modeling.dynamic",
        "Forecaster": "nlpseq.tasks.forecasting.model",
        "LanguageModel": "nlpseq.tasks.language_modeling.model",
        "SequenceClassifier": "nlpseq.tasks.clips.model",
        "SpeechRecognizer": "nlpseq.tasks.speech.model",
        "TextClassifier": "nlpseq.tasks.classification.model",
        "TokenTagger": "nlpseq.tasks.tagging.model",
        "Translator": "nlpseq.tasks.translation.model",
        "pretrain": "nlpseq.tasks.pretraining",
    },
)
