"""How a command ends: the exit status, and what went wrong in one sentence."""

import os
import re
import sys
from collections.abc import Callable, Collection

from nlpseq.errors import InputError, TrainingError

ARGUMENT = re.compile(r"`([a-z]\w*)`")  # as errors of the library name an argument


def guarded(action: Callable[[], object], arguments: Collection[str] = ()) -> int:
    """Runs an action and returns the exit status; an error is printed in one sentence.

    Args:
        action: the command.
        arguments: names of arguments that are flags of the command: an error that says
            `learning_rate` is printed with --learning-rate.
    """
    try:
        action()
        return 0
    except InputError as error:
        print(f"error: {with_flags(str(error), arguments)}", file=sys.stderr)
        return 2
    except TrainingError as error:
        print(f"stopped: {with_flags(str(error), arguments)}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def with_flags(sentence: str, arguments: Collection[str]) -> str:
    """A sentence whose `arguments` in backticks are written as flags."""

    def flag(match):
        name = match.group(1)
        return f"--{name.replace('_', '-')}" if name in arguments else match.group(0)

    return ARGUMENT.sub(flag, sentence)


def check_utf8(arguments: list[str]) -> None:
    """Raises an `InputError` for an argument that could not be written to a file after training."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{argument!a} is not UTF-8: give it in that encoding, or rename the file.") from error
