"""The kinds of task, each a folder of its own, and the table of them.

Serving and the command line know a kind by its entry here alone. A package outside nlpseq adds a
kind by an entry point of the group "nlpseq.tasks", whose name is the kind and whose value is a
package with a class `Answers` (`nlpseq.tasks.answers`); a program adds one with `register_kind`.
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

from nlpseq import lazy

if TYPE_CHECKING:
    from nlpseq.tasks.answers import Answers

KINDS = {  # from the name of a kind, in the metadata of exports, to its package
    "classification": "nlpseq.tasks.classification",
    "language_model": "nlpseq.tasks.language_modeling",
    "tagging": "nlpseq.tasks.tagging",
    "translation": "nlpseq.tasks.translation",
}
ENTRY_POINTS = "nlpseq.tasks"


def register_kind(name: str, package: str) -> None:
    """Adds a kind of task to the table, for this process.

    Args:
        name: of the kind, as its `Task.kind`.
        package: module that has its class `Answers`.
    """
    KINDS[name] = package


def kinds() -> dict[str, str]:
    """The packages of all kinds by name: those of nlpseq, of installed entry points, and registered ones."""
    installed = importlib.metadata.entry_points(group=ENTRY_POINTS)
    return {**{point.name: point.value for point in installed}, **KINDS}


def answers_class(kind: str) -> "type[Answers]":
    """The `Answers` of a kind; loads no TensorFlow.

    Raises:
        InputError: no such kind is known.
    """
    from nlpseq.errors import one_of

    return importlib.import_module(kinds()[one_of("kind of task", kind, kinds())]).Answers


__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "LanguageModel": "nlpseq.tasks.language_modeling.model",
        "TextClassifier": "nlpseq.tasks.classification.model",
        "TokenTagger": "nlpseq.tasks.tagging.model",
        "Translator": "nlpseq.tasks.translation.model",
    },
)
