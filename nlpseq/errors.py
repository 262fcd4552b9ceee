"""Errors for input that nlpseq cannot use, and checks that raise them."""

import difflib
from collections.abc import Iterable
from math import inf


class InputError(ValueError):
    """Invalid input; the message is one sentence: what was wrong, what was expected, what to do.

    Messages name arguments in backticks. The command line translates `` `max_tokens` `` to
    `--max-tokens`, prints the message alone and ends with exit status 2.
    """


class TrainingError(RuntimeError):
    """Training that cannot continue; the message gives the reason in one sentence."""


def shorten(text: object, max_characters: int = 100) -> str:
    """The text of an object, cut to a length that fits into a sentence."""
    text = str(text)
    return text if len(text) <= max_characters else f"{text[: max_characters - 3]}..."


def one_of(name: str, value, choices: Iterable):
    """Returns `value` if it is among `choices`, else raises an `InputError` that suggests similar ones.

    Args:
        name: of the argument.
    """
    if value in choices:
        return value
    raise InputError(f"unknown {_quoted(name)} {value!r}: {suggest(value, choices)}")


def suggest(value, choices: Iterable, max_choices: int = 12) -> str:
    """The end of a sentence that names the choices similar to `value`, or else up to `max_choices` of all."""
    choices = [str(choice) for choice in choices]
    similar = difflib.get_close_matches(str(value), choices, n=3, cutoff=0.5)
    if similar:
        return "did you mean " + " or ".join(similar) + "?"
    if not choices:
        return "there are none to choose from."
    end = ", ..." if len(choices) > max_choices else "."
    return "choose one of " + ", ".join(choices[:max_choices]) + end


def in_range(name: str, value, low=None, high=None):
    """Returns `value` if it is finite and `low <= value <= high`, else raises an `InputError`.

    Args:
        name: of the argument.
        low, high: bounds; None for no bound.
    """
    if not (low is None or value >= low) or not (high is None or value <= high) or value == inf:
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InputError(f"{_quoted(name)} must be {bounds}, got {value}.")
    return value


def _quoted(name):
    """The name of an argument in backticks; other words as they are."""
    return f"`{name}`" if name.isidentifier() else name
