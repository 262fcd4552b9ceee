"""The labels of a task: their names, and examples that have no others."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nlpseq.errors import InputError, first_of, shorten


def label_names(labels: Any, least: int = 0) -> list[str]:
    """The names of labels as a list.

    Args:
        labels: A sequence of strings.
        least: How many the task needs.

    Raises:
        InputError: it is not a sequence of strings; one is empty or occurs twice; there are fewer than needed.
    """
    names = None if isinstance(labels, (str, bytes)) or not hasattr(labels, "__iter__") else list(labels)
    if names is None or not all(isinstance(name, str) for name in names):
        raise InputError(f"`labels` must be a list of strings, got {shorten(repr(labels))}.")
    if not all(names):
        raise InputError(f"`labels` must have names that are not empty, got {shorten(repr(names))}.")
    if len(set(names)) < len(names):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        raise InputError(f"`labels` must be different, got twice: {first_of(repeated)}.")
    if len(names) < least:
        raise InputError(f"`labels` must have {least} or more names, got {names!r}.")
    return names


def with_labels(examples: Any, labels: Sequence[str]) -> Any:
    """The examples whose labels training shows: those of a test split that have others are left out.

    Args:
        examples: With `with_known_labels` and `classes`, as `nlpseq.data.Examples`, `Sentences` and `Clips` have them.
        labels: The names of the labels of the task.

    Raises:
        InputError: a label is the number of no name.
    """
    examples = examples.with_known_labels(len(labels))
    _, numbers = examples.classes()
    wrong = numbers[(numbers < 0) | (numbers >= len(labels))]
    if len(wrong):
        raise InputError(
            f"the examples have the label {wrong[0]}, and the task has {len(labels)}, numbered from 0: give examples "
            "with these labels."
        )
    return examples
