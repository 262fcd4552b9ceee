"""Errors for input that nlpseq cannot use, and checks that raise them."""

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Sequence, Sized
from math import inf
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class InputError(ValueError):
    """Invalid input; the message says in one sentence what was expected, what was given and what to do.

    Messages name arguments in backticks. The command line translates `` `max_tokens` `` to
    `--max-tokens`, prints the message alone and ends with exit status 2.

    Args:
        message: The sentence; without its end if there are remedies.
        *remedies: What can be done, one thing each. A command leaves out those that name an argument that it has not.

    >>> str(InputError("a.csv has one time", "give several", "set `frequency`"))
    'a.csv has one time: give several, or set `frequency`.'
    """

    def __init__(self, message: str = "", *remedies: str):
        super().__init__(sentence(message, remedies))
        self.problem, self.remedies = message, remedies


def sentence(problem: str, remedies: Sequence[str]) -> str:
    """A problem and what can be done, in one sentence."""
    if not remedies:
        return problem
    text = f"{problem}: {', or '.join(remedies)}"
    return text if text.endswith(("?", ".")) else f"{text}."


class ArgumentError(InputError, TypeError):
    """An unknown keyword argument; also a `TypeError`, as of Python itself."""


class ExampleError(InputError):
    """An example, such as a row of a file, that has no answer; others have one."""


class TrainingError(RuntimeError):
    """Training cannot continue; the message gives the reason in one sentence."""


class WritingError(RuntimeError):
    """A result cannot be written; the message says in one sentence what, where and why."""


class Interrupted(RuntimeError):
    """A signal ended training after a checkpoint; the message says in one sentence how to continue.

    Args:
        message: The sentence.
        signal: Number of the signal.
    """

    def __init__(self, message: str, signal: int):
        super().__init__(message)
        self.signal = signal


def shorten(text: object, max_characters: int = 100) -> str:
    """The string of an object on one line, truncated to `max_characters` for use in a message; a closing quote stays.

    >>> shorten(repr("a long text"), 10)
    "'a lon...'"
    """
    text = " ".join(str(text).splitlines())
    if len(text) <= max_characters:
        return text
    quote = text[0] if text[0] == text[-1] and text[0] in "'\"" and max_characters > 4 else ""
    return f"{text[: max_characters - 3 - len(quote)]}...{quote}"


def assertion_text(message: str) -> str | None:
    """The sentence of a check in a graph, which TensorFlow writes in pieces; None for other messages.

    >>> assertion_text("assertion failed: [a must be below 3, got ] [4] [.]")
    'a must be below 3, got 4.'
    """
    match = re.search(r"assertion failed: \[(.*)\]", message)
    return match and " ".join(match[1].replace("] [", " ").replace("\\'", "'").split()).replace(" .", ".")


def one_of(name: str, value: Any, choices: Iterable) -> Any:
    """Returns `value` if it is one of `choices`.

    Args:
        name: Name of the argument, or a description of it.
        value: Its value.
        choices: The valid values.

    Raises:
        InputError: it is not; the message suggests similar choices.
    """
    if value in choices:
        return value
    raise InputError(f"unknown {_quoted(name)} {shorten(repr(value))}: {suggest(shorten(value), choices)}")


def suggest(value: object, choices: Iterable, max_choices: int = 12) -> str:
    """The end of an error message: the choices most similar to `value`, or else the first `max_choices`."""
    choices = [str(choice) for choice in choices]
    similar = difflib.get_close_matches(str(value), choices, n=3, cutoff=0.5)
    if similar:
        return "did you mean " + " or ".join(similar) + "?"
    if not choices:
        return "there are none to choose from."
    end = ", ..." if len(choices) > max_choices else "."
    return "choose one of " + ", ".join(choices[:max_choices]) + end


def first_of(items: Sequence[object], most: int = 5) -> str:
    """The first items separated by commas, and ", ..." if there are more.

    >>> first_of([3, 7, 9], 2)
    '3, 7, ...'
    """
    return ", ".join(map(str, items[:most])) + ", ..." * (len(items) > most)


def plural(count: int, one: str, many: str = "") -> str:
    """A count with the words for one, or those for several, which by default end in an s.

    >>> plural(1, "row"), plural(2, "series"), plural(1200, "row is", "rows are")
    ('1 row', '2 series', '1,200 rows are')
    """
    return f"{count:,} {one if count == 1 else many or one.removesuffix('s') + 's'}"


def some_of(count: int, total: int, unit: str, one: str, many: str) -> str:
    """A part of a total with the verb of its number.

    >>> some_of(1, 4, "row", "has", "have"), some_of(2, 4, "row", "has", "have")
    ('1 of 4 rows has', '2 of 4 rows have')
    """
    return f"{count:,} of {plural(total, unit)} {one if count == 1 else many}"


def in_range(name: str, value: Any, low: float | None = None, high: float | None = None) -> Any:
    """Returns `value` if it is finite and `low <= value <= high`.

    Args:
        name: Name of the argument, or a description of it.
        value: A number.
        low, high: Bounds; None for no bound.

    Raises:
        InputError: it is not.
    """
    of_type(name, value, float)
    if not (low is None or value >= low) or not (high is None or value <= high) or value == inf:
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InputError(f"{_quoted(name)} must be {bounds}, got {value}.")
    return value


def whole(name: str, value: Any, low: float | None = None, high: float | None = None) -> Any:
    """As `in_range`, for a whole number."""
    return in_range(name, of_type(name, value, int), low, high)


def of_type(name: str, value: Any, kind: type) -> Any:
    """Returns `value` if it is a value of a kind.

    Args:
        name: Name of the argument, or a description of it.
        value: Its value; numbers and bools of NumPy count as those of Python.
        kind: bool, int (a whole number of any type) or float (any number).

    Raises:
        InputError: it is not.
    """
    python = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    number = isinstance(python, (int, float)) and not isinstance(python, bool)
    fits = {bool: isinstance(python, bool), float: number, int: number and python == python // 1}[kind]
    if not fits:
        expected = {bool: "True or False", float: "a number", int: "a whole number"}[kind]
        raise InputError(f"{_quoted(name)} must be {expected}, got {value!r}.")
    return value


def not_empty(name: str, value: Sized, expected: str) -> Any:
    """Returns `value` if it is not empty.

    Args:
        name: Name of the argument.
        value: A string or a collection.
        expected: What to give, for the message.

    Raises:
        InputError: it is empty.
    """
    if not len(value):
        raise InputError(f"`{name}` is empty: give {expected}.")
    return value


def refuses_unknown_arguments(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorates a function: an unknown keyword argument raises an `ArgumentError` that suggests similar names."""
    parameters = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for name in kwargs:
            if name not in parameters:
                raise ArgumentError(
                    f"{function.__name__} got an unexpected keyword argument {name!r}: {suggest(name, parameters)}"
                )
        return function(*args, **kwargs)

    return checked


def _quoted(name):
    """The name of an argument in backticks; a description unchanged."""
    return f"`{name}`" if name.isidentifier() else name
