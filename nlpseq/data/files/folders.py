"""Folders: one with a folder or a file of texts for each class, and one with parallel files of lines."""

import os
import re
from pathlib import Path

from nlpseq.data.files.contents import read_lines, read_text
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.lines import NUMBER_OR_CODE, fasttext_table
from nlpseq.data.files.paths import (
    COMPRESSED,
    SPLIT_OF,
    TABLES,
    TEXTS,
    files_in,
    is_about,
    is_notice,
    listed,
    plain_name,
    split_of,
    stem_of,
    suffix_of,
    words_of,
)
from nlpseq.data.files.reading import is_json
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError, first_of, plural

MARKED = (".eml", ".html", ".htm", ".xml")  # suffixes of texts that are read where there are no plain ones
UNLABELLED = ("unsup", "unlabeled", "unlabelled")
# What parallel files are called, without the split and without .txt: sequences and slots of Goo et al. (2018), texts
# and labels of Barbieri et al. (2020).
PARALLEL = {
    **dict.fromkeys(("seq.in", "text", "texts", "sentences", "tokens", "words", "x"), "text"),
    **dict.fromkeys(("seq.out", "tags", "slots"), "tags"),
    **dict.fromkeys(("label", "labels", "intent", "y"), "label"),
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


def class_file_tables(folder: Path, encoding: str | None = None) -> dict[str, Table] | None:
    """Tables of "text" and "label" by split, of a folder with a file for each class, a text in each line, or None.

    Files differ by their class: rt-polarity.pos and rt-polarity.neg, or train/pos.txt and train/neg.txt.
    """
    files = [(split_of(path.name), file) for path in _folders(folder) if split_of(path.name) for file in files_in(path)]
    files += [(split_of(file.name), file) for file in files_in(folder)]
    files = [(split, file) for split, file in files if not is_about(file) and not _kind(file)]
    if any(suffix_of(file) in TABLES for _, file in files):
        return None
    texts = [(split, file) for split, file in files if _is_text(file)]
    if len({file.stem for _, file in files}) > 1:  # else they differ by a suffix, whatever it is
        files = texts
    groups: dict[str, dict[tuple[str, ...], Path]] = {}
    for split, file in files:
        words = [word for word in re.split(r"[-_. ]+", _without_txt(file)) if word.lower() not in SPLIT_OF]
        groups.setdefault(split or "train", {})[tuple(words)] = file
    names = _differing({words for classes in groups.values() for words in classes})
    if len(groups.get("train", ())) < 2 or names is None:
        return None
    lines = {
        split: {names[words]: read_lines(file, encoding) for words, file in classes.items()}
        for split, classes in groups.items()
    }
    if not all(_are_texts(part) for classes in lines.values() for part in classes.values()):
        return None
    return {split: _lines_table(folder, classes) for split, classes in lines.items()}


def _without_txt(file):
    return stem_of(file) if suffix_of(file) in TEXTS else plain_name(file)


def _differing(names):
    """What is left of names without the words that all begin or end with; None if it is nothing, or a number."""
    rest = {name: list(name) for name in names}
    for end in (0, -1):
        while rest and all(rest.values()) and len({words[end] for words in rest.values()}) == 1:
            for words in rest.values():
                del words[end]
    joined = {name: "-".join(words) for name, words in rest.items()}
    whole = len({re.sub(r"\d", "", name) for name in joined.values() if re.sub(r"\d", "", name)}) == len(joined)
    return joined if whole else None


def _are_texts(lines):
    """Whether lines are texts without labels, several of them."""
    filled = [line for line in lines if line.strip()]
    if len(filled) < 2 or is_json("\n".join(filled[:1])) or all("\t" in line for line in filled):
        return False
    numbered = all(NUMBER_OR_CODE.fullmatch(line.split()[0]) for line in filled)
    return not numbered and fasttext_table(filled, "") is None


def _lines_table(folder, classes):
    pairs = [(line, name) for name, lines in classes.items() for line in lines if line.strip()]
    note = f"each file of {folder} is a class with a text in each line: {first_of(sorted(classes))}"
    return columns_table(str(folder), dict(zip(("text", "label"), map(list, zip(*pairs)))), "text", note=note)


def _folders(folder):
    return [path for path in listed(folder) if os.path.isdir(path)]


def _class_folders(folder):
    """The folders of text files in a folder that is not itself a class, by class."""
    folders = [path for path in _folders(folder) if path.name.lower() not in (*SPLIT_OF, *UNLABELLED)]
    texts = {path.name: _texts(path) for path in folders}
    others = {path.name: [file for file in files_in(path) if suffix_of(file) in MARKED] for path in folders}
    classes = texts if any(texts.values()) else others
    return {name: paths for name, paths in classes.items() if paths}


def _texts(folder):
    """The text files of a folder; names of old corpora have no suffix, or a number for one."""
    return [
        path
        for path in files_in(folder)
        if _is_text(path) and path.name.lower() not in PARALLEL and not is_notice(path)
    ]


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
        sizes_by_file = " and ".join(f"{path} has {plural(size, 'line')}" for path, size in sizes.items())
        raise InputError(f"{sizes_by_file}: expected equally many, which belong together line by line.")
    return columns_table(str(files["text"]), columns, "line")
