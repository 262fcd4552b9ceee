"""Paths as users give them."""

import os
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
