"""The numbered versions of an export: folders named 1, 2, 3, ... in one folder."""

import os
from pathlib import Path


def versions(folder: Path) -> list[Path]:
    """The versions in a folder, the newest first; none if there is no such folder."""
    if not os.path.isdir(folder):  # unlike Path.is_dir, also where the name is too long
        return []
    return sorted((item for item in folder.iterdir() if item.name.isdecimal()), key=number, reverse=True)


def number(version: Path) -> int:
    """The number of a version."""
    return int(version.name)
