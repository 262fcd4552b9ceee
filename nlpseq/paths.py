"""Paths as users give them."""

import os
import re
import tempfile
from pathlib import Path

from nlpseq.errors import InputError, shorten


def as_path(path: str | os.PathLike) -> Path:
    """A path with "~" expanded.

    Raises:
        InputError: it is empty or a URL, or begins with the home of a user that does not exist.
    """
    if path == "":
        raise InputError("a path is empty: give that of a file or folder.")
    if is_url(path):
        raise InputError(f"{shorten(path)} is a URL, not a path: download the file, and give its path.")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(f"there is no such user as in the path {path}.") from None


def is_url(path: str | os.PathLike) -> bool:
    """Whether a text is an address such as "https://example.com/a.csv"."""
    return isinstance(path, str) and re.match("[A-Za-z][A-Za-z0-9+.-]+://", path) is not None


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
