"""Folders of texts whose labels stand in a list of files: a table, or cats.txt as of the corpora of NLTK."""

import os
from pathlib import Path

from nlpseq.data.files import paths
from nlpseq.data.files.columns import Role, with_names
from nlpseq.data.files.contents import HEAD, opened, read_lines, read_text
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.paths import suffix_of
from nlpseq.data.files.reading import SHEETS, is_table, read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.errors import InputError, plural

CATEGORIES = "cats.txt"  # of NLTK: a file and its labels in each line


def listed_tables(
    folder: Path, label: Role, delimiter: str | None = None, encoding: str | None = None
) -> dict[str, Table] | None:
    """Tables of "text" and "label" by split, of a folder with a list of files and their labels, or None.

    Files are named as they are in the folder, or in a folder in it, with .txt or without. Their split is that of the
    folder in it of each, or of the name of the table. Tables that cannot be read are left out.

    Raises:
        InputError: There is no file of a name.
    """
    inner = [path for path in paths.listed(folder) if os.path.isdir(path)]
    files = [file for file in paths.files_in(folder) if not paths.is_notice(file)]
    if not inner and all(map(is_table, files)):
        return None
    lists = {file: _lists(file, [folder, *inner], label, delimiter, encoding) for file in files}
    rows: dict[str, list] = {}
    for file, pairs in lists.items():
        for path, labels in pairs or ():
            split = (path.parent != folder and paths.split_of(path.parent.name)) or paths.split_of(file.name) or "train"
            rows.setdefault(split, []).append((read_text(path, encoding), labels))
    if "train" not in rows:
        return None
    return {split: columns_table(str(folder), dict(zip(("text", "label"), map(list, zip(*part)))), "file")
            for split, part in rows.items()}  # fmt: skip


def _lists(file, roots, label, delimiter, encoding):
    """The files that a list names, with their labels; None if it is no such list."""
    if file.name == CATEGORIES:
        cells = [line.split() for line in read_lines(file, encoding) if line.strip()]
        pairs = [(name, labels) for name, *labels in cells]
    elif is_table(file) and _may_name_files(file, roots):
        pairs = _pairs(file, roots, label, delimiter, encoding)
    else:
        return None
    listed = [(_file(roots, name), labels) for name, labels in pairs]
    missing = [name for (path, _), (name, _) in zip(listed, pairs) if path is None]
    if len(missing) == len(listed):
        return None
    if missing:
        count = plural(len(missing), "file that is missing", "files that are missing")
        raise InputError(f"{file} names {count}; the first: {missing[0]!r}: add them.")
    return [(path, labels) for path, labels in listed if path is not None]


def _may_name_files(file, roots):
    """Whether the begin of a table has the name of one of the files, so that large ones are not read in vain."""
    if suffix_of(file) in SHEETS:
        return True
    try:
        names = {path.stem for root in roots for path in paths.listed(root)} - {file.stem}
        with opened(file) as stream:
            head = stream.read(HEAD).replace(b"\0", b"")  # of UTF-16
    except InputError:  # which is raised again where it is read
        return True
    return any(not name.isascii() or name.encode() in head for name in names)


def _pairs(file, roots, label, delimiter, encoding):
    """The cells of the column of a table that names files, and of that of labels; none of a table without these."""
    try:
        content = read_table(file, delimiter, encoding)
    except InputError:  # which is raised again if it is read as a table
        return []
    if isinstance(content, str):
        return []
    content = with_names(content, (label,), {})
    names = [name for name in content.names if len(content) and _file(roots, content.values(name)[0])]
    labels = [name for name in content.names if normal(name) in label.usual and name not in names]
    return list(zip(content.values(names[0]), content.values(labels[0]))) if names and labels else []


def _file(roots, name) -> Path | None:
    text = "" if is_missing(name) else str(name).strip()
    if not text or len(text) > 200 or "\n" in text or Path(text).is_absolute():
        return None
    candidates = (root / f"{text}{suffix}" for root in roots for suffix in ("", ".txt"))
    return next((path for path in candidates if os.path.isfile(path)), None)
