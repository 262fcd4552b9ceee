"""Files of sentences in one language each: their names, which of them belong together, and their order."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nlpseq.data.files import paths
from nlpseq.data.files.languages import is_language
from nlpseq.data.files.paths import SPLIT_OF, TABLES, TEXTS, suffix_of

ROLES = {"src": "source", "source": "source", "tgt": "target", "trg": "target", "target": "target"}


@dataclass(frozen=True)
class LanguageFile:
    """A file of sentences in one language, or of sources or targets; `split` is None if its name has none."""

    path: Path
    language: str
    stem: str
    split: str | None


def language_files(path: Path) -> list[LanguageFile]:
    """The files of a language each in a folder, or beside a path that names one of them or is what they begin with.

    Names are those of tfds.TranslateFolder (en.train.txt), Moses and WMT (train.en), fairseq (train.de-en.en), OPUS
    (Tatoeba.de-en.en) and OpenNMT (src-train.txt), in the folder or in folders of splits or languages. Without a split
    in any name, the files of one corpus are "train".
    """
    if os.path.isdir(path):
        return _in_folder(path)
    if not os.path.isdir(path.parent):
        return []
    own = _dotted(path) if os.path.isfile(path) else None
    stem = own.stem if own else path.name
    if os.path.isfile(path) and own is None:
        return []
    files = [file for file in map(_dotted, paths.files_in(path.parent)) if file and file.stem == stem]
    return [replace(file, split="train") for file in files] if len(files) > 1 else []


def without_split(path: Path, languages: Collection[str]) -> list[Path]:
    """The files of given languages in a folder whose names tell no split, such as newstest2014.de."""
    names = filter(None, map(_dotted, paths.files_in(path))) if os.path.isdir(path) else ()
    files = [file for file in names if file.language in languages and not paths.is_about(file.path)]
    return [file.path for file in files if file.split is None] if any(file.split for file in files) else []


def languages_of(files: Iterable[LanguageFile]) -> list[str]:
    """The languages of files: in the order of their names, as of "train.en-de.en", else in that of letters."""
    languages = sorted({file.language for file in files})
    if {"source", "target"} <= set(languages):
        return ["source", "target"]  # train.id beside them holds no Indonesian
    if len(languages) == 2:
        first, second = map(re.escape, languages)
        if any(re.search(rf"(?<![^\W_]){second}[-_]{first}(?![^\W_])", file.stem) for file in files):
            return languages[::-1]
    return languages


def _in_folder(folder):
    entries = [file for file in paths.files_in(folder) if not paths.is_about(file)]
    dotted = _with_splits(map(_dotted, entries))
    tables = [file for file in entries if suffix_of(file) in (*TABLES, ".tmx")]
    if any(paths.split_of(file.name) == "train" for file in tables):
        return dotted
    groups = (dotted, _dashed_files(entries))
    groups = groups if tables else (*groups, _with_splits(_in_inner_folders(folder)))
    return next((files for files in groups if len({file.language for file in files}) > 1), dotted)


def _dashed_files(entries):
    """The files whose names have a language after a mark, unless other files have a split, or a larger one has not."""
    files = [file for file in map(_dashed, entries) if file]
    if files and all(file.split is None for file in files):
        texts = [file for file in entries if suffix_of(file) in (*TABLES, *TEXTS)]
        others = [file for file in texts if file not in {side.path for side in files}]
        largest = max(file.path.stat().st_size for file in files)
        if any(paths.split_of(file.name) or file.stat().st_size > largest for file in others):
            return []
    return _with_splits(files)


def _with_splits(candidates):
    files = [file for file in candidates if file]
    if files and all(file.split is None for file in files) and len({file.stem for file in files}) == 1:
        files = [replace(file, split="train") for file in files]
    return [file for file in files if file.split]


def _in_inner_folders(folder):
    """The files in folders of splits, train/en.txt and train/corpus.en, or of languages, en/train.txt."""
    for inner in filter(os.path.isdir, paths.listed(folder)):
        split, side = paths.split_of(inner.name), _side(inner.name)
        for path in paths.files_in(inner):
            if paths.is_about(path) or suffix_of(path) in TABLES:
                continue
            if side:
                yield LanguageFile(path, side, _stem(path), paths.split_of(path.name))
            elif split and (file := _dotted(path) or _dashed(path)):
                yield replace(file, split=split, stem=file.stem if file.split is None else "")


def _side(word):
    """The language, or the role, that a word of a file name is; else None."""
    return ROLES.get(word.lower(), word if is_language(word) else None)


def _stem(path):
    name = paths.plain_name(path)
    return name[:-4] if name.lower().endswith(".txt") else name


def _dotted(path: Path) -> LanguageFile | None:
    """A file whose language is the first or the last part of its name: en.train.txt, train.en, train.src."""
    parts = _stem(path).split(".")
    if len(parts) < 2 or suffix_of(path) in (*TABLES, ".tmx"):
        return None
    if len(parts) == 2 and parts[1].lower() in SPLIT_OF and suffix_of(path) == ".txt" and parts[0]:
        language, rest = ROLES.get(parts[0].lower(), parts[0]), parts[1]  # of any name
    elif _side(parts[-1]):
        language, rest = _side(parts[-1]), ".".join(parts[:-1])
    else:
        language, rest = _side(parts[0]), ".".join(parts[1:])
    return LanguageFile(path, language, rest, paths.split_of(rest)) if language else None


def _dashed(path: Path) -> LanguageFile | None:
    """A file whose name is its language, or begins or ends so: en.txt, src-train.txt, train_en.txt, small_vocab_en."""
    stem = _stem(path)
    if suffix_of(path) not in ("", ".txt"):
        return None
    if _side(stem):
        return LanguageFile(path, _side(stem) or "", "", None)
    first, _, after = stem.partition("-" if "-" in stem else "_")
    before, _, last = stem.rpartition("-" if "-" in stem else "_")
    for language, rest in ((_side(first), after), (_side(last), before)):
        if language and paths.split_of(rest):
            return LanguageFile(path, language, rest, paths.split_of(rest))
    return LanguageFile(path, _side(last) or "", before, None) if before and _side(last) else None
