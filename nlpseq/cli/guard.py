"""Exit status and error messages of commands."""

import contextlib
import errno
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator

from nlpseq.errors import InputError, Interrupted, TrainingError, WritingError, assertion_text, sentence

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
ARGUMENT = re.compile(r"`([a-z]\w*)`")  # how library errors name an argument
LONG = re.compile(r"([^\s'\"]{300})[^\s'\"]{50,}")  # a word that nobody reads to its end


def guarded(action: Callable[[], int | None], arguments: Collection[str] = ()) -> int:
    """Runs an action and prints an expected error as one sentence.

    Args:
        action: Runs the command; may return an exit status.
        arguments: Names of the arguments that are flags of the command: `learning_rate` in an
            error is printed as --learning-rate.

    Returns:
        The exit status: that of the action or 0, 1 if training or output stopped, 2 for invalid input, 130 after
        Ctrl-C, 143 after SIGTERM.
    """
    try:
        with _termination():
            status = action()
            sys.stdout.flush()
        return status or 0
    except InputError as error:
        print(f"error: {with_flags(_possible(error, arguments), arguments)}", file=sys.stderr)
        return 2
    except (TrainingError, WritingError) as error:
        print(f"stopped: {with_flags(str(error), arguments)}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _abandon_output()
        return 1
    except MemoryError:
        return _out_of_memory()
    except OSError as error:
        if error.errno in FULL or (error.errno == errno.EIO and _is_of_writing(error)):
            _abandon_output()
            written = error.filename or "the output"
            print(f"stopped: cannot write {written}: {os.strerror(error.errno or errno.EIO).lower()}.", file=sys.stderr)
        elif error.errno == errno.EIO:
            read = error.filename or "a file"
            print(f"stopped: cannot read {read}: {os.strerror(errno.EIO).lower()}.", file=sys.stderr)
        elif error.filename and error.strerror:  # of the system of the user, wherever it comes from
            print(f"stopped: cannot use {error.filename}: {error.strerror.lower()}.", file=sys.stderr)
        else:
            raise
        return 1
    except Interrupted as error:
        print(f"interrupted {with_flags(str(error), arguments)}", file=sys.stderr)
        return 128 + error.signal
    except Exception as error:
        if refused := assertion_text(str(error)):  # by the graph of an export
            print(f"error: {with_flags(refused, arguments)}", file=sys.stderr)
            return 2
        if type(error).__name__ != "ResourceExhaustedError":  # of TensorFlow, which may not be imported
            raise
        return _out_of_memory()
    except (KeyboardInterrupt, Terminated) as error:
        print("interrupted", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)


def _is_of_writing(error):
    """Whether an error is of `nlpseq.writing`, or of the output, which fails again with what it keeps."""
    if any(frame.f_globals["__name__"] == "nlpseq.writing" for frame, _ in traceback.walk_tb(error.__traceback__)):
        return True
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _out_of_memory():
    print("stopped: the memory is full: choose smaller sizes, batches or files.", file=sys.stderr)
    return 1


@contextlib.contextmanager
def unread_output() -> Iterator[None]:
    """An output that nobody reads any more, as of `| head`, ends the process with status 1 and without a message."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        sys.exit(1)


class Terminated(BaseException):
    """SIGTERM, outside the training."""


@contextlib.contextmanager
def _termination():
    """In the block SIGTERM raises `Terminated`, so that unfinished files are removed."""

    def terminate(*_):
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _abandon_output():
    """Standard output goes nowhere: Python would fail to flush it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _possible(error, arguments):
    """The sentence of an error, without the remedies that name an argument which is not a flag of the command."""
    if not error.remedies:
        return str(error)

    def flagged(remedy):
        return all(_flag(name, arguments) for name in ARGUMENT.findall(remedy))

    possible = list(filter(flagged, error.remedies))
    return sentence(error.problem, possible) if possible else f"{error.problem}."


def with_flags(text: str, arguments: Collection[str]) -> str:
    """A sentence on one line in which `arguments` in backticks are replaced by their flags, and long words are cut."""
    line = LONG.sub(r"\1...", " ".join(text.splitlines()))
    return ARGUMENT.sub(lambda match: _flag(match.group(1), arguments) or match.group(0), line)


def _flag(name, arguments):
    """The flag of an argument; None if there is none. The split `test` of a loader is that of `test_split`."""
    flag = next((flag for flag in (name, f"{name}_split") if flag in arguments), None)
    return flag and f"--{flag.replace('_', '-')}"


def check_utf8(arguments: list[str]) -> None:
    """Raises an `InputError` for an argument that is not UTF-8, which would make the export fail after training."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{argument!a} is not UTF-8: pass it in that encoding, or rename the file.") from error
