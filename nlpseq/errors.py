"""What the user gave and nlpseq cannot use."""

import difflib
from math import inf


class InputError(ValueError):
    """Bad input; its message is one sentence: what was wrong, what was expected, what to do.

    The command line prints the message alone and ends with exit status 2.
    """


def shorten(text, most=100):
    """A name as it may stand in a sentence."""
    text = str(text)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def one_of(name, value, choices):
    """Returns `value` if it is among `choices`, else raises an `InputError` naming near ones."""
    if value in choices:
        return value
    raise InputError(f"unknown {name} {value!r}: {suggest(value, choices)}.")


def suggest(value, choices, most=12):
    """A clause that names the choices near to `value`, or else some of all."""
    choices = [str(choice) for choice in choices]
    near = difflib.get_close_matches(str(value), choices, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    if not choices:
        return "there is none to choose from"
    rest = ", ..." if len(choices) > most else ""
    return "choose one of " + ", ".join(choices[:most]) + rest


def in_range(name, value, low=None, high=None):
    """Returns `value` if `low <= value <= high`, else raises an `InputError`."""
    if not (low is None or value >= low) or not (high is None or value <= high) or value == inf:
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InputError(f"`{name}` must be {bounds}, got {value}.")
    return value


class TrainingError(RuntimeError):
    """Training that cannot go on; its message says why in one sentence."""
