"""The user's own running text: a file, a folder of parts, or the rows of a table."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpseq.data.files import paths, table
from nlpseq.data.files.columns import Role, find_columns
from nlpseq.data.files.contents import lines_of, read_text
from nlpseq.data.files.json_rows import read_json
from nlpseq.data.files.paths import NO_TEXTS, SPLIT_OF, SPLIT_SUFFIXES, TABLES, TEXTS, split_of, suffix_of, words_of
from nlpseq.data.files.reading import SHEETS, is_json, is_table, table_in
from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.text_columns import text_column
from nlpseq.data.files.values import is_missing, text_of
from nlpseq.errors import InputError, first_of

TEXT = Role("text", (
    "text", "texts", "content", "body", "document", "article", "story", "chapter", "sentence", "line",
    "review", "message", "abstract", "lyrics", "poem", "quote", "comment", "tweet", "post", "description", "title",
    "tokens",
))  # fmt: skip


SHARE_OF_PROSE = 0.9  # of the commas of a text stand before a blank


@dataclass(frozen=True)
class RawText:
    """A text, and a note on how it was read, or ""."""

    text: str
    note: str = ""


def read(path: Path, text: Any = None, delimiter: str | None = None, encoding: str | None = None) -> dict[str, RawText]:
    """The texts of a file or folder by split.

    In a folder, files that are named by a split are that split, as `_by_split` tells, and all others, in folders within
    it too, are the training text in the order of their names; if there is a training file, others are left out.
    """
    path = paths.inner(path)
    if not os.path.isdir(path):
        return _read_file(path, text, delimiter, encoding)
    folders = paths.split_folders(path)
    if "train" in folders and not any(split_of(file.name) == "train" for file in paths.files_in(path)):
        return {
            split: _of_folder(folder, text, delimiter, encoding, is_split=True)["train"]
            for split, folder in folders.items()
        }
    files = [file for file in paths.files_in(path) if suffix_of(file) in (*TEXTS, *TABLES, *SPLIT_SUFFIXES)]
    shards = paths.shards(files)
    by_split = paths.files_by_split(_named_by_split(shards), path)
    parts = {
        split: _joined([_read_file(part, text, delimiter, encoding)["train"] for part in shards[file]])
        for split, file in by_split.items()
    }
    used = {part for file in by_split.values() for part in shards[file]}
    others = [file for file in _all_texts(path) if file not in used]
    if "train" not in by_split:
        parts = _of_folder(path, text, delimiter, encoding, [*used]) | parts
    elif left := [file.name for file in others if not paths.is_about(file)]:
        verb = "are" if len(left) > 1 else "is"
        note = f"the training text is {by_split['train'].name}: {first_of(left)} of {path} {verb} left out"
        parts["train"] = replace(parts["train"], note="; ".join(filter(None, (parts["train"].note, note))))
    return parts


def _of_folder(
    folder, text, delimiter, encoding, used: Sequence[Path] = (), is_split: bool = False
) -> dict[str, RawText]:
    """The training text of a folder: all texts in it and in folders within it; of a single table all splits.

    Tables in it are read instead if they are larger, and no text stands beside them, or the folder is one of a split.
    Without texts it is what has the most frequent suffix, such as the files of a program, or tables.

    Args:
        folder, text, delimiter, encoding: As of `read`.
        used: Files of other splits.
        is_split: Whether the folder is named by a split.
    """
    texts = [file for file in _all_texts(folder) if file not in used]
    notices = [file for file in texts if paths.is_notice(file)]
    texts = [file for file in texts if file not in notices]
    tables = [file for file in paths.files_in(folder) if is_table(file) and file not in used]
    size = lambda files: sum(file.stat().st_size for file in files)  # noqa: E731
    beside = not is_split and any(file.parent == folder for file in texts)
    if (texts or used) and size(tables) > size(texts) and not beside:
        files, notices = tables, [*notices, *texts]
    else:
        files = texts or ([] if used else _of_one_suffix(folder)) or notices
    larger = [file for file in tables if texts and file.stat().st_size > size(texts)]  # which may be the text
    left_out = [file for file in (*notices, *larger) if file not in files]
    if files and all(map(is_table, files)):
        parts = [_read_file(file, text, delimiter, encoding) for file in files]
        whole = _joined([part["train"] for part in parts], _about_parts(folder, files, left_out))
        return {**parts[0], "train": whole} if len(parts) == 1 else {"train": whole}
    return {"train": _of_parts(folder, files, left_out, encoding)}


def _joined(parts, about=""):
    notes = dict.fromkeys(note for note in (about, *(part.note for part in parts)) if note)
    return RawText("\n".join(part.text for part in parts), "; ".join(notes))


def _named_by_split(files):
    """The files of splits in a folder, which may also hold chapters with a title such as "the test".

    The name of a file is that of a split, or is so but for what the name of another split has too (wiki.train.tokens
    and wiki.valid.tokens), or all files have splits in their names.
    """
    files = [file for file in files if not paths.is_about(file)]
    rests = {file: " ".join(word for word in words_of(file.stem) if word not in SPLIT_OF) for file in files}
    candidates = [file for file in files if split_of(file.name)]
    if len(candidates) == len(files):
        return candidates
    splits = Counter(rest for rest, _ in {(rests[file], split_of(file.name)) for file in candidates})
    return [file for file in candidates if not rests[file] or splits[rests[file]] > 1]


def _all_texts(folder):
    """The text files of a folder and of the folders in it."""
    for path in paths.listed(folder):
        if os.path.isdir(path) and not path.is_symlink():  # a link could lead back to the folder
            yield from _all_texts(path)
        elif os.path.isfile(path) and (suffix_of(path) in TEXTS or not path.suffix):
            yield path


def _of_parts(folder, files, left_out, encoding):
    if not files:
        raise InputError(
            f"folder {folder} has no training file: expected train.txt, or the parts of a text as .txt files."
        )
    content = "\n".join(read_text(file, encoding).rstrip("\n") for file in files)
    return RawText(content, _about_parts(folder, files, left_out))


def _about_parts(folder, files, left_out):
    """A note on the files of a folder that are one text, and those that are left out."""
    names = f"without {first_of([file.name for file in left_out])}" * bool(left_out)
    if len(files) > 1:
        whole = f"{len(files)} files of {folder} are one text, from {files[0].name} to {files[-1].name}"
        return ", ".join(filter(None, (whole, names)))
    return f"the text of {folder} is {files[0].name}, {names}" if names else ""


def _of_one_suffix(folder):
    """The files of the most frequent suffix in a folder and those within, such as those of a program; or tables."""
    files = [file for file in paths.files_below(folder) if suffix_of(file) and not paths.is_about(file)]
    counts = Counter(suffix for file in files if (suffix := suffix_of(file)) not in NO_TEXTS)
    most = max(counts, key=lambda suffix: (counts[suffix], suffix in TABLES and suffix != ".json"), default="")
    return [file for file in files if suffix_of(file) == most]


def _read_file(path, text, delimiter, encoding):
    content = _content(path, text, delimiter, encoding)
    if isinstance(content, RawText):
        return {"train": content}
    return {split: text_of_table(part, text) for split, part in table.by_split(content).items()}


def _content(path, text, delimiter, encoding) -> Table | RawText:
    """The table in a file, or its text if it has no columns."""
    if suffix_of(path) in SHEETS:
        return SHEETS[suffix_of(path)](path)
    content, note = read_text(path, encoding), ""
    if is_table(path):
        if text or delimiter or is_json(content) or not _is_prose(content):
            rows = table_in(content, path, delimiter)
            return rows if isinstance(rows, Table) else RawText(rows)
        note = f"{path} has no columns: its lines are the text"
    elif is_json(content):
        try:
            return read_json(content, str(path))
        except InputError:
            note = f"{path} begins like JSON and is read as a text"
    if text is not None:
        raise InputError(f"{path} is running text, and `text` names a feature or column of a table: leave it out.")
    return RawText(content, note)


def _is_prose(content):
    """Whether commas stand before blanks, as in sentences, where no field is quoted and no column named."""
    lines = [line for line in lines_of(content) if line.strip()]
    cells = [normal(cell) for cell in re.split(r"[,;\t|]", lines[0])] if lines else []
    if any(cell in TEXT.usual for cell in cells) or "\t" in content or re.search(r',"\S|",\S', content):
        return False
    commas = re.findall(r",(\s)?", content)
    return bool(commas) and sum(map(bool, commas)) >= SHARE_OF_PROSE * len(commas)


def text_of_table(part: Table, text: Any = None) -> RawText:
    """The rows of a column as one text; rows without a text are left out."""
    part, columns = find_columns(part, (TEXT,), {"text": text}, text_column)
    values = part.values(columns["text"])
    texts = [text_of(value, part.where(row)) for row, value in enumerate(values) if not is_missing(value)]
    return RawText("\n".join(texts), part.note)
