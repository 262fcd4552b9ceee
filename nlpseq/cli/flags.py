"""The parser of the flags of commands that are no recipes, and the check of those that a recipe's parser reads."""

import argparse
from collections.abc import Mapping
from typing import Any, NoReturn

from nlpseq.errors import InputError


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the list of all flags before it.

    An empty value is an error, unless the type of the argument is `any_text`.
    """

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.register("type", None, _filled)
        self.register("type", str, _filled)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; `{self.prog} --help` describes the command.\n")


def any_text(text: str) -> str:
    """The type of an argument that may be empty."""
    return text


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
