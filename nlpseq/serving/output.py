"""The output folder, which contains the numbered versions of an export."""

import os
from pathlib import Path

from nlpseq.errors import not_empty
from nlpseq.paths import writable_folder
from nlpseq.versions import number, versions
from nlpseq.writing import remove_leftovers, sync


def check_output(folder: str | Path) -> Path:
    """Creates the folder of the numbered versions, and returns its path.

    What dead processes left unfinished in it is removed.

    Raises:
        InputError: it is not writable, or has no name.
    """
    folder = writable_folder(not_empty("output", os.fspath(folder), "a folder"), "output", "the output folder")
    remove_leftovers(folder)
    return folder


def publish(partial: Path, folder: Path) -> Path:
    """Renames a complete folder to the next free version number, and returns its new path."""
    partial.chmod(0o755)
    for path in partial.rglob("*"):
        sync(path)
    while True:
        version = folder / str(1 + next(map(number, versions(folder)), 0))
        try:
            os.rename(partial, version)
            sync(folder)
            return version
        except OSError:
            if not version.exists():
                raise
