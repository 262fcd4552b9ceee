"""The user's own running text: a file, a folder of parts, or the rows of a table."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpseq.data.files import paths, table
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.paths import SPLIT_SUFFIXES, TABLES, TEXTS, split_of, suffix_of
from nlpseq.data.files.reading import is_table, read_table
from nlpseq.data.files.table import Role, Table
from nlpseq.errors import InputError

TEXT = Role("text", (
    "text", "texts", "content", "body", "document", "article", "story", "chapter", "sentence", "line",
    "review", "message", "abstract", "title", "tokens",
))  # fmt: skip


@dataclass(frozen=True)
class RawText:
    """A text, and a note on how it was read, or ""."""

    text: str
    note: str = ""


def read(path: Path, text: Any = None, delimiter: str | None = None, encoding: str | None = None) -> dict[str, RawText]:
    """The texts of a file or folder by split.

    In a folder, files whose names hold a split are that split, and all others, in folders within it too, are the
    training text in the order of their names; if there is a training file, others are left out.
    """
    if not os.path.isdir(path):
        return _read_file(path, text, delimiter, encoding)
    files = [file for file in paths.files_in(path) if suffix_of(file) in (*TEXTS, *TABLES, *SPLIT_SUFFIXES)]
    found = paths.files_by_split(files, path)
    parts = {split: _read_file(file, text, delimiter, encoding)["train"] for split, file in found.items()}
    if "train" not in found:
        parts["train"] = _of_parts(path, [file for file in _all_texts(path) if not split_of(file.name)], encoding)
    return parts


def _all_texts(folder):
    """The text files of a folder and of the folders in it."""
    for path in paths.listed(folder):
        if os.path.isdir(path) and not path.is_symlink():  # a link could lead back to the folder
            yield from _all_texts(path)
        elif os.path.isfile(path) and (suffix_of(path) in TEXTS or not path.suffix):
            yield path


def _of_parts(folder, files, encoding):
    if not files:
        raise InputError(
            f"folder {folder} has no training file: expected train.txt, or the parts of a text as .txt files."
        )
    note = f"{len(files)} files of {folder} are one text, from {files[0].name} to {files[-1].name}"
    return RawText("\n".join(read_text(file, encoding).rstrip("\n") for file in files), note if len(files) > 1 else "")


def _read_file(path, text, delimiter, encoding):
    if is_table(path):
        content = read_table(path, delimiter, encoding)
        if isinstance(content, Table):
            return {split: text_of_table(part, text) for split, part in table.by_split(content).items()}
    if text is not None:
        raise InputError(f"{path} is running text, and `text` names a feature or column of a table: leave it out.")
    return {"train": RawText(read_text(path, encoding))}


def text_of_table(part: Table, text: Any = None) -> RawText:
    """The rows of a column as one text; rows without a text are left out."""
    part, found = table.find_columns(part, (TEXT,), {"text": text}, lambda _: (0,))
    values = part.values(found["text"])
    texts = [table.text_of(value, part.where(row)) for row, value in enumerate(values) if not table.is_missing(value)]
    return RawText("\n".join(texts), part.note)
