"""The user's own parallel texts: which shapes are read, and which columns or files are source and target."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpseq.data.files import paths, table
from nlpseq.data.files.contents import read_lines
from nlpseq.data.files.languages import is_language
from nlpseq.data.files.paths import SPLIT_OF, TABLES, suffix_of
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Role, Table, normal
from nlpseq.data.files.tmx import read_tmx
from nlpseq.errors import InputError, plural, shorten

ARGUMENTS = "`source` and `target`"
HEADER = ("source", "target")
SOURCE = Role("source", ("source", "src", "source text", "source sentence", "sentence1", "input"))
TARGET = Role(
    "target", ("target", "tgt", "trg", "target text", "target sentence", "translation", "sentence2", "output")
)


@dataclass(frozen=True)
class RawPairs:
    """The pairs of a split as text.

    Attributes:
        languages: names of source and target.
        sources, targets: their texts.
        notes: what is odd, sentences.
    """

    languages: tuple[str, str]
    sources: Sequence[str]
    targets: Sequence[str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LanguageFile:
    """A file of sentences in one language; `split` is None if its name has none."""

    path: Path
    language: str
    stem: str
    split: str | None


def read(
    path: Path,
    source: str | None = None,
    target: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> dict[str, RawPairs]:
    """The pairs of a file, of a folder, or of files that begin with the path, by split."""
    files = language_files(path)
    if files:
        place = f"folder {path if os.path.isdir(path) else path.parent}"
        return _of_files(place, files, source, target, encoding)
    if not os.path.isdir(path):
        return _of_table_file(path, source, target, delimiter, encoding)
    found = [file for file in paths.files_in(path) if suffix_of(file) in (*TABLES, ".txt", ".tmx")]
    split = paths.split_files(path, found, "train.tsv, or en.train.txt and de.train.txt, for example")

    def read_file(file):
        nonlocal source, target
        parts = _of_table_file(file, source, target, delimiter, encoding)
        if parts["train"].languages != HEADER:
            source, target = parts["train"].languages  # the other splits have the languages of training
        return parts

    return paths.read_splits(split, read_file)


def language_files(path: Path) -> list[LanguageFile]:
    """The files of a language each in a folder, or beside a path that names one of them or is what they begin with.

    Names are those of tfds.TranslateFolder (en.train.txt), Moses and WMT (train.en), fairseq (train.de-en.en) and OPUS
    (Tatoeba.de-en.en). Without a split in any name, the files of one corpus are "train".
    """
    if os.path.isdir(path):
        files = list(filter(None, map(_language_file, paths.files_in(path))))
        if files and all(file.split is None for file in files) and len({file.stem for file in files}) == 1:
            files = [replace(file, split="train") for file in files]
        return [file for file in files if file.split]
    if not os.path.isdir(path.parent):
        return []
    own = _language_file(path) if os.path.isfile(path) else None
    stem = own.stem if own else path.name
    if os.path.isfile(path) and own is None:
        return []
    files = [file for file in map(_language_file, paths.files_in(path.parent)) if file and file.stem == stem]
    return [replace(file, split="train") for file in files] if len(files) > 1 else []


def _language_file(path: Path) -> LanguageFile | None:
    parts = paths.plain_name(path).split(".")
    if parts[-1].lower() == "txt":
        parts = parts[:-1]
    if len(parts) == 2 and parts[1].lower() in SPLIT_OF and suffix_of(path) == ".txt" and parts[0]:
        language, rest = parts[0], parts[1:]  # of any name
    elif len(parts) > 1 and is_language(parts[-1]):
        language, rest = parts[-1], parts[:-1]
    elif len(parts) > 1 and is_language(parts[0]):
        language, rest = parts[0], parts[1:]
    else:
        return None
    if suffix_of(path) in TABLES or suffix_of(path) == ".tmx":
        return None
    return LanguageFile(path, language, ".".join(rest), paths.split_of(".".join(rest)))


def _of_files(place, files, source, target, encoding):
    languages = direction(place, sorted({file.language for file in files}), source, target)
    sides = [_by_split(place, files, language) for language in languages]
    for own, other, language in zip(sides, reversed(sides), reversed(languages)):
        for split, file in own.items():
            if split not in other:
                name = file.path.name.replace(file.language, language, 1)
                raise InputError(
                    f"{place} has {file.path.name} without its translation in {language!r}: expected {name}."
                )
    return {split: _of_sides(languages, [side[split].path for side in sides], encoding) for split in sides[0]}


def _by_split(place, files, language):
    found: dict[str, LanguageFile] = {}
    for file in files:
        if file.language != language:
            continue
        if file.split in found:
            raise InputError(
                f"{place} has {found[file.split].path.name} and {file.path.name} for one split: keep one of them."
            )
        found[file.split] = file
    if "train" not in found:
        raise InputError(f"{place} has no training file: expected {language}.train.txt or train.{language}.")
    return found


def _of_sides(languages, sides, encoding):
    lines = [read_lines(path, encoding) for path in sides]
    first, second = (f"{path} has {plural(len(side), 'line')}" for path, side in zip(sides, lines))
    if len(lines[0]) != len(lines[1]):
        raise InputError(f"{first} and {second}: expected equally many, line by line translations of each other.")
    places = lambda side, row: f"{sides[side]}, line {row + 1}"  # noqa: E731
    return _pairs(languages, *lines, places, sides[0])


def direction(place: str, languages: Sequence[str], source: str | None, target: str | None) -> tuple[str, str]:
    """Source and target; of two languages, one that is not given is the first or the other one.

    Raises:
        InputError: one is missing, or there are more than two and not both are given.
    """
    for name in (source, target):
        if name is not None and name not in languages:
            raise InputError(f"{place} has no {shorten(name)!r}: choose from {_listed(languages)} with {ARGUMENTS}.")
    if len(languages) < 2:
        raise InputError(f"{place} has {_listed(languages) or 'no text'} only: expected two languages.")
    if len(languages) > 2 and not (source and target):
        raise InputError(f"{place} has {_listed(languages)}: name two of them with {ARGUMENTS}.")
    source = source or next(name for name in languages if name != target)
    return source, target or next(name for name in languages if name != source)


def _listed(languages):
    return shorten(", ".join(languages))


def _of_table_file(path, source, target, delimiter, encoding):
    content = read_tmx(path) if suffix_of(path) == ".tmx" else read_table(path, delimiter, encoding)
    if isinstance(content, str):
        if not content.strip():
            raise InputError(f"{path} holds no sentences: expected at least one pair.")
        raise InputError(
            f"{path} is neither a folder nor a table: expected sentences and translations in two columns separated by "
            "tabs, a .tsv, .csv, .jsonl or .tmx file, or a file for each language (train.en and train.de)."
        )
    return {split: pairs_of_table(part, source, target) for split, part in table.by_split(content).items()}


def pairs_of_table(part: Table, source: Any = None, target: Any = None) -> RawPairs:
    """The pairs of a table.

    Of named columns, source and target are those given, else those named so, else two that are named like
    languages, else the only two. Of others, they are the first two that do not hold numbers only.
    """
    given = {"source": source, "target": target}
    part = _with_header(part, source, target)
    if not part.header:
        return _of_numbered_columns(part, given)
    names: dict[str, str] = {}  # "en" for "translation.en"
    for name in part.names:
        names.setdefault(name.rpartition(".")[2], name)
    if source is None and target is None:
        normals = {normal(name): name for name in names}
        usual = [next((normals[word] for word in role.usual if word in normals), "") for role in (SOURCE, TARGET)]
        if all(usual):
            for role, name in zip((SOURCE, TARGET), usual):
                table.the_only(part, names[name], role.argument)
            return _of_columns(part, [names[name] for name in usual], HEADER)
    languages = [name for name in names if is_language(name) and not _holds_numbers(part.values(names[name]))]
    chosen = _chosen(part, languages if len(languages) > 1 else list(names), list(names), source, target)
    for argument, name in zip(given, chosen):
        if not str(given[argument]).isdecimal():
            table.the_only(part, names[name], argument)
    return _of_columns(part, [names[name] for name in chosen], chosen)


def _chosen(part, languages, names, source, target):
    """Source and target, given by name without case, by number, or not."""
    normals = {normal(name): name for name in names}
    given = [_name(value, normals, names) for value in (source, target)]
    if any(value is not None and value not in languages for value in given):
        languages = names
    return direction(f"the header of {part.place}", languages, *given)


def _name(value, normals, names):
    if value is None or normal(value) in normals:
        return value if value is None else normals[normal(value)]
    index = int(value) - 1 if str(value).isdecimal() else -1
    return names[index] if 0 <= index < len(names) else str(value)


def _with_header(part, source, target):
    """The table with its header: the first row is one if it names languages, source and target, or a given column."""
    if part.header is not None or not len(part):
        return part
    cells = [normal(part.column(index)[0]) for index in range(len(part.names))]
    given = {normal(value) for value in (source, target) if value is not None}
    languages = sum(map(is_language, (str(part.column(index)[0]) for index in range(len(part.names))))) > 1
    usual = any(cell in SOURCE.usual for cell in cells) and any(cell in TARGET.usual for cell in cells)
    return part.with_header() if given & set(cells) or languages or usual else replace(part, header=False)


def _of_numbered_columns(part, given):
    numbers = {role: int(value) - 1 for role, value in given.items() if value and str(value).isdecimal()}
    texts = [index for index in range(len(part.names)) if not _holds_numbers(part.column(index))]
    if any(index not in range(len(part.names)) for index in numbers.values()) or len(texts) < 2:
        columns = plural(len(part.names), "column")
        raise InputError(f"{part.place} has {columns}, expected two with texts: source and target.")
    source = numbers.get("source", next(index for index in texts if index != numbers.get("target")))
    target = numbers.get("target", next(index for index in texts if index != source))
    languages = tuple(role if role in numbers or not given[role] else str(given[role]) for role in ("source", "target"))
    if len(part.names) > 2 and len(numbers) < 2:
        note = f"{part.place} has {len(part.names)} columns: source is column {source + 1}, target {target + 1}"
        part = part.with_note(note)
    return _of_columns(part, [part.names[source], part.names[target]], languages)


def _holds_numbers(values):
    return all(re.fullmatch(r"\s*\d+\s*", str(value)) for value in values)


def _of_columns(part, names, languages):
    columns = [part.values(name) for name in names]
    whole = [row for row, pair in enumerate(zip(*columns)) if None not in pair]
    said = [part.note] if part.note else []
    if len(whole) < len(part):
        left = sorted(set(range(len(part))) - set(whole))
        said.append(table.left_out(part, left, "a translation"))
    texts = [[table.text_of(values[row], part.where(row)) for row in whole] for values in columns]
    places = lambda side, row: part.where(whole[row])  # noqa: E731
    return _pairs(languages, *texts, places, part.place, said)


def _pairs(languages, sources, targets, places, place, notes: Iterable[str] = ()):
    """`RawPairs` without those that are blank on both sides; raises an `InputError` if one side is."""
    kept = []
    for row, pair in enumerate(zip(sources, targets)):
        blank = [not text.strip() for text in pair]
        if blank[0] != blank[1]:
            side = blank.index(True)
            raise InputError(
                f"{places(side, row)}: the {languages[side]} side is empty and the other is not: give the translation, "
                "or remove the pair."
            )
        if not blank[0]:
            kept.append(pair)
    if not kept:
        raise InputError(f"{place} holds no sentences: expected at least one pair.")
    return RawPairs(tuple(languages), *zip(*kept), tuple(notes))
