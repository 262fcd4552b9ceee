"""Paths as users give them."""

import os
import tempfile
from pathlib import Path

from nlpseq.errors import InputError


def as_path(path: str | os.PathLike) -> Path:
    """A path with "~" expanded.

    Raises:
        InputError: it is empty, or begins with the home of a user that does not exist.
    """
    if path == "":
        raise InputError("a path is empty: give that of a file or folder.")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(f"there is no such user as in the path {path}.") from None


def writable_folder(folder: str | os.PathLike, argument: str, called: str) -> Path:
    """Creates a folder where there is none, and returns its path.

    Args:
        folder: The folder.
        argument: The argument that names it.
        called: What it is called in the message.

    Raises:
        InputError: it is not writable.
    """
    folder = as_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise InputError(
            f"cannot write to {called} {folder} ({error.strerror}): give a writable folder as `{argument}`."
        ) from None
