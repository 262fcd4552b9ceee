"""Writing files and folders: complete or not at all, and an error in one sentence.

What is being written stands beside its final place and is renamed when it is complete. An
unfinished folder is locked by its process, so that the next run removes those of dead processes
and no others.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from nlpseq.errors import WritingError

INCOMPLETE = ".incomplete-"
REASONS = ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "ENOENT", "ENOTDIR", "EIO", "ESTALE", "EMFILE")


def write_file(path: str | Path, parts: Iterable[bytes | memoryview]) -> None:
    """Writes a file that, whatever happens, has its old content or the new one.

    Args:
        path: Path of the file.
        parts: The content, in parts.

    Raises:
        OSError: It cannot be written; nothing is left of the new content. Its `filename` is the path.
    """
    path = Path(path)
    with _naming(path):
        _write_beside(path, parts)


@contextlib.contextmanager
def _naming(path):
    """Errors of the file system in the block have the name of the file; those of writing have none."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _write_beside(path, parts):
    descriptor, partial = tempfile.mkstemp(prefix=INCOMPLETE, dir=path.parent)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for part in parts:
                _write_all(file, part)
            os.fsync(file.fileno())
            os.chmod(partial, 0o644)
            os.replace(partial, path)
        sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Writes a UTF-8 text file as `write_file` does."""
    write_file(path, [text.encode("utf-8", "replace")])


def _write_all(file, part):
    view = memoryview(part).cast("B") if len(part) else b""
    while len(view):
        view = view[file.write(view) :]


def sync(path: Path) -> None:
    """Makes the content of a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def incomplete_folder(parent: Path) -> Iterator[Path]:
    """A locked folder in `parent`, which is deleted at the end of the block unless it was renamed."""
    partial, lock = _locked_folder(parent)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent):
    while True:
        partial = Path(tempfile.mkdtemp(prefix=INCOMPLETE, dir=parent))
        descriptor = lock(partial)
        if descriptor is not None and partial.exists():  # another run may have removed it in between
            return partial, descriptor
        if descriptor is not None:
            os.close(descriptor)


def lock(path: Path) -> int | None:
    """Locks a file or folder until the descriptor is closed, or the process ends.

    Returns:
        The descriptor; None if the path does not exist, or another process has the lock.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except OSError:
        os.close(descriptor)
        return None


def remove_leftovers(folder: Path) -> None:
    """Removes what dead processes left unfinished in a folder."""
    for path in folder.glob(f"{INCOMPLETE}*"):
        descriptor = lock(path)
        if descriptor is None:
            continue
        with contextlib.suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        os.close(descriptor)


@contextlib.contextmanager
def writing(target: str) -> Iterator[None]:
    """Raises a `WritingError` for an error of the file system in the block.

    Args:
        target: What is being written and where, for the message: "the export to models/3".
    """
    try:
        yield
    except OSError as error:
        raise WritingError(f"cannot write {target}: {reason_of(error)}.") from error
    except Exception as error:
        reason = _reason_of_tensorflow(error)
        if reason is None:
            raise
        raise WritingError(f"cannot write {target}: {reason}.") from error


def reason_of(error: OSError) -> str:
    """Why a file could not be written, in a few words."""
    return os.strerror(error.errno).lower() if error.errno is not None else str(error)


def _reason_of_tensorflow(error):
    """The reason in an error of TensorFlow's file system; else None."""
    return reason_within(error) if type(error).__module__.startswith("tensorflow.") else None


def reason_within(error: Exception, reasons: Iterable[str] = REASONS) -> str | None:
    """The reason of the system that the message of another error repeats; None if it has none.

    Args:
        error: The error.
        reasons: Names of `errno`.
    """
    sentences = (os.strerror(getattr(errno, name)) for name in reasons)
    return next((sentence.lower() for sentence in sentences if sentence in str(error)), None)
