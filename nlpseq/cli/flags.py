"""The parser of the flags of commands that are not recipes, and the check of those that a recipe's parser reads."""

import argparse
import contextlib
import difflib
import io
import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from nlpseq.errors import InputError
from nlpseq.settings import Settings

PLAIN = {  # for what Python says of numbers
    "invalid literal for int() with base 10:": "expected a whole number, got",
    "could not convert string to float:": "expected a number, got",
}
RULE = re.compile("[\u2500-\u257f -]*")  # a line of a box without text


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the list of all flags before it.

    An empty value is an error, unless the type of the argument is `any_text`.
    """

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.register("type", None, _filled)
        self.register("type", str, _filled)

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        self.exit(2, f"error: {_with_similar(message, flags)} `{self.prog} --help` describes the command.\n")


def any_text(text: str) -> str:
    """The type of an argument that may be empty."""
    return text


@contextlib.contextmanager
def one_sentence(program: str, flags: Sequence[str] = ()) -> Iterator[None]:
    """In the block, an error that tyro prints as a box ends the process with its text in one line instead.

    Args:
        program: What the user has called.
        flags: The flags of the program, which are suggested for misspelt ones.
    """
    shown = io.StringIO()
    try:
        with contextlib.redirect_stderr(shown):
            yield
    except SystemExit:
        text = _text_of_box(shown.getvalue())
        if text:
            print(f"error: {_with_similar(text, flags)} `{program} --help` lists the flags.", file=sys.stderr)
        raise


def flags_of(settings: Settings) -> list[str]:
    """The flags of settings."""
    flags = {f"--{name.replace('_', '-')}": value for name, value in settings.flat().items()}
    return [*flags, *(f"--no-{flag.removeprefix('--')}" for flag, value in flags.items() if isinstance(value, bool))]


def _with_similar(text, flags):
    """The text of an error with its end: the flags that are similar to an unknown one."""
    unknown = re.match("unrecognized (?:options|arguments): (--[^,= ]+)", text)
    similar = difflib.get_close_matches(unknown[1], flags, n=2, cutoff=0.75) if unknown else []
    return f"{text}: did you mean {' or '.join(similar)}?" if similar else f"{text};"


def _text_of_box(box):
    """What stands below the title, up to the next rule."""
    _, *lines = ["" if RULE.fullmatch(line) else line.strip("\u2502 ") for line in box.splitlines()] or [""]
    text = " ".join(itertools.takewhile(bool, itertools.dropwhile(lambda line: not line, lines))).rstrip(".")
    text = text.removeprefix("Error parsing ")
    for words, plain in PLAIN.items():
        text = text.replace(words, plain)
    return text[:1].lower() + text[1:]


def _filled(text):
    if not text:
        raise argparse.ArgumentTypeError("is empty: give a value, or leave it out")
    return text


def check_filled(arguments: list[str], defaults: Mapping[str, Any]) -> None:
    """Raises an `InputError` for a flag with an empty value, `--text ''` or `--text=`, unless its default is empty."""
    for number, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if equals and not value:
            flag = name
        elif not argument and number:
            flag = arguments[number - 1]
        else:
            continue
        name = flag.removeprefix("--").replace("-", "_")
        if flag.startswith("--") and defaults.get(name) != "":
            raise InputError(f"`{name}` is empty: give a value, or leave it out.")
