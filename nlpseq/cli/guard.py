"""Exit status and error messages of commands."""

import os
import re
import sys
from collections.abc import Callable, Collection

from nlpseq.errors import InputError, Interrupted, TrainingError, WritingError

ARGUMENT = re.compile(r"`([a-z]\w*)`")  # how library errors name an argument


def guarded(action: Callable[[], object], arguments: Collection[str] = ()) -> int:
    """Runs an action and prints an expected error as one sentence.

    Args:
        action: Runs the command.
        arguments: Names of the arguments that are flags of the command: `learning_rate` in an
            error is printed as --learning-rate.

    Returns:
        The exit status: 0, 1 if training or output stopped, 2 for invalid input, 130 after Ctrl-C, 143 after SIGTERM.
    """
    try:
        action()
        return 0
    except InputError as error:
        print(f"error: {with_flags(str(error), arguments)}", file=sys.stderr)
        return 2
    except (TrainingError, WritingError) as error:
        print(f"stopped: {with_flags(str(error), arguments)}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Interrupted as error:
        print(f"interrupted {error}", file=sys.stderr)
        return 128 + error.signal
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def with_flags(sentence: str, arguments: Collection[str]) -> str:
    """A sentence in which `arguments` in backticks are replaced by their flags."""

    def flag(match):
        name = match.group(1)
        return f"--{name.replace('_', '-')}" if name in arguments else match.group(0)

    return ARGUMENT.sub(flag, sentence)


def check_utf8(arguments: list[str]) -> None:
    """Raises an `InputError` for an argument that is not UTF-8, which would make the export fail after training."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{argument!a} is not UTF-8: pass it in that encoding, or rename the file.") from error
