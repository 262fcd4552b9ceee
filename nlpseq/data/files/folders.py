"""Folders: one with a folder of texts for each class, and one with parallel files of lines."""

import os
from pathlib import Path

from nlpseq.data.files.contents import read_lines, read_text
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.paths import COMPRESSED, SPLIT_OF, TEXTS, files_in, listed, split_of, suffix_of, words_of
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError, plural

UNLABELLED = ("unsup", "unlabeled", "unlabelled")
# What parallel files are called, without the split and without .txt: sequences and slots of Goo et al. (2018), texts
# and labels of Barbieri et al. (2020).
PARALLEL = {
    **dict.fromkeys(("seq.in", "text", "texts", "sentences", "tokens", "words"), "text"),
    **dict.fromkeys(("seq.out", "tags", "slots"), "tags"),
    **dict.fromkeys(("label", "labels", "intent"), "label"),
}


def class_tables(folder: Path, encoding: str | None = None) -> dict[str, Table] | None:
    """Tables of "text" and "label" by split, of a folder with a folder of text files for each class, or None.

    The folders of classes are in the folder itself, or in folders of it named train, validation and test.
    """
    splits = {split: path for path in _folders(folder) if (split := split_of(path.name))}
    roots = {split: path for split, path in splits.items() if _class_folders(path)} or {"train": folder}
    tables = {split: _class_folders(path) for split, path in roots.items()}
    if len(tables.get("train", ())) < 2:
        return None
    return {split: _class_table(roots[split], classes, encoding) for split, classes in tables.items()}


def _folders(folder):
    return [path for path in listed(folder) if os.path.isdir(path)]


def _class_folders(folder):
    """The folders of text files in a folder that is not itself a class, by class."""
    classes = {
        path.name: _texts(path) for path in _folders(folder) if path.name.lower() not in (*SPLIT_OF, *UNLABELLED)
    }
    return {name: paths for name, paths in classes.items() if paths}


def _texts(folder):
    """The text files of a folder; names of old corpora have no suffix, or a number for one."""
    return [path for path in files_in(folder) if _is_text(path) and path.name.lower() not in PARALLEL]


def _is_text(path):
    suffix = suffix_of(path)
    return suffix in TEXTS or not suffix or suffix[1:].isdigit()


def _class_table(folder, classes, encoding):
    labels = [name for name, paths in classes.items() for _ in paths]
    paths = [path for paths in classes.values() for path in paths]
    texts = [read_text(path, encoding) for path in paths]
    return columns_table(str(folder), {"text": texts, "label": labels}, "file")


def parallel_tables(folder: Path, encoding: str | None = None) -> dict[str, Table] | None:
    """Tables of "text" and "tags" or "label" by split, of files whose lines belong together, or None.

    The files of a split are in a folder of its name (train/seq.in, train/seq.out, train/label), or have it in theirs
    (train_text.txt, train_labels.txt).

    Raises:
        InputError: the files of a split have different numbers of lines.
    """
    groups: dict[str, dict[str, Path]] = {}
    inner = [(split_of(path.name), file) for path in _folders(folder) if split_of(path.name) for file in files_in(path)]
    for split, file in [*inner, *((split_of(file.name), file) for file in files_in(folder))]:
        kind = _kind(file)
        if kind:
            groups.setdefault(split or "train", {}).setdefault(kind, file)
    groups = {split: files for split, files in groups.items() if "text" in files and len(files) > 1}
    if "train" not in groups:
        return None
    return {split: _parallel_table(files, encoding) for split, files in groups.items()}


def _kind(file):
    words = [word for word in words_of(file.name) if word not in SPLIT_OF and f".{word}" not in (".txt", *COMPRESSED)]
    return PARALLEL.get(".".join(words))


def _parallel_table(files, encoding):
    columns = {kind: read_lines(path, encoding) for kind, path in files.items()}
    sizes = {str(files[kind]): len(lines) for kind, lines in columns.items()}
    if len(set(sizes.values())) > 1:
        found = " and ".join(f"{path} has {plural(size, 'line')}" for path, size in sizes.items())
        raise InputError(f"{found}: expected equally many, which belong together line by line.")
    return columns_table(str(files["text"]), columns, "line")
