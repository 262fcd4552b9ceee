"""The user's own parallel texts: which shapes are read, and which columns or files are source and target."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpseq.data.files import paths, table, xliff
from nlpseq.data.files.columns import Role, the_only
from nlpseq.data.files.contents import read_lines
from nlpseq.data.files.header import with_header_by
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.languages import is_language, names_language, names_side
from nlpseq.data.files.paths import TABLES, suffix_of
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.tmx import read_tmx
from nlpseq.data.files.values import is_missing, is_numeral, text_of
from nlpseq.errors import InputError, first_of, plural, shorten
from nlpseq.paths import is_url
from nlpseq.tasks.translation.sides import LanguageFile, language_files, languages_of, without_split

ARGUMENTS = "`source` and `target`"
HEADER = ("source", "target")
ELEMENT = re.compile(r"\s*<(\w+)[^<>]*>(.*</\1>)?\s*")  # a line of markup, as of the talks of IWSLT
SOURCE = Role(
    "source",
    ("source", "src", "source text", "source sentence", "sentence1", "input", "original", "sentence", "phrase", "text"),
)
TARGET = Role(
    "target", ("target", "tgt", "trg", "target text", "target sentence", "translation", "sentence2", "output")
)


@dataclass(frozen=True)
class RawPairs:
    """The pairs of a split as text.

    Attributes:
        languages: names of source and target.
        sources, targets: their texts.
        notes: sentences about problems in the data.
    """

    languages: tuple[str, str]
    sources: Sequence[str]
    targets: Sequence[str]
    notes: tuple[str, ...] = ()


def read(
    path: Path,
    source: str | None = None,
    target: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> dict[str, RawPairs]:
    """The pairs of a file, of a folder, or of files that begin with the path, by split."""
    path = paths.inner(path)
    files = language_files(path)
    if files:
        left = without_split(path, {file.language for file in files})
        place = f"folder {path if os.path.isdir(path) else path.parent}"
        pairs = _of_files(place, files, source, target, encoding)
        if left:
            note = f"{place}: {first_of([file.name for file in left])} name no split and are left out"
            pairs["train"] = replace(pairs["train"], notes=(*pairs["train"].notes, note))
        return pairs
    if not os.path.isdir(path):
        return _of_table_files([path], source, target, delimiter, encoding)
    suffixes = (*TABLES, ".txt", ".tmx", *xliff.SUFFIXES)
    groups = paths.split_groups(path, suffixes, "train.tsv, or en.train.txt and de.train.txt, for example")

    def read_group(files):
        nonlocal source, target
        parts = _of_table_files(files, source, target, delimiter, encoding)
        if parts["train"].languages != HEADER:
            source, target = parts["train"].languages  # the other splits have the languages of training
        return parts

    return paths.read_splits(groups, read_group)


def _of_files(place, files, source, target, encoding):
    detected = languages_of(files)
    languages = direction(place, detected, *((None, None) if detected == list(HEADER) else (source, target)))
    sides = [_by_split(place, files, language) for language in languages]
    for own, other, language in zip(sides, reversed(sides), reversed(languages)):
        for split, file in own.items():
            if split not in other:
                name = file.path.name.replace(file.language, language, 1)
                raise InputError(
                    f"{place} has {file.path.name} without its translation in {language!r}: expected {name}."
                )
    names = (source or "source", target or "target") if detected == list(HEADER) else languages
    return {split: _of_sides(names, [side[split].path for side in sides], encoding) for split in sides[0]}


def _by_split(place, files, language):
    by_split: dict[str, LanguageFile] = {}
    for file in files:
        if file.language != language:
            continue
        if file.split in by_split:
            raise InputError(
                f"{place} has {by_split[file.split].path.name} and {file.path.name} for one split: keep one of them."
            )
        by_split[file.split] = file
    if "train" not in by_split:
        raise InputError(f"{place} has no training file: expected {language}.train.txt or train.{language}.")
    return by_split


def _of_sides(languages, sides, encoding):
    lines = [read_lines(path, encoding) for path in sides]
    size = min(map(len, lines))
    lines = [side if any(map(str.strip, side[size:])) else side[:size] for side in lines]  # empty lines at the end
    first, second = (f"{path} has {plural(len(side), 'line')}" for path, side in zip(sides, lines))
    if len(lines[0]) != len(lines[1]):
        raise InputError(f"{first} and {second}: expected equally many, line by line translations of each other.")
    place, notes = " and ".join(map(str, sides)), []
    marked = {row for row, pair in enumerate(zip(*lines)) if all(map(ELEMENT.fullmatch, pair))}
    if 0 < 2 * len(marked) < size:  # others are texts, each in an element
        lines = [["" if row in marked else line for row, line in enumerate(side)] for side in lines]
        notes.append(f"{place}: {plural(len(marked), 'line of markup is', 'lines of markup are')} left out")
    return _pairs(languages, *lines, columns_table(place, dict(zip(languages, lines)), "line"), notes)


def direction(place: str, languages: Sequence[str], source: str | None, target: str | None) -> tuple[str, str]:
    """Source and target; of two languages, one that is not given is the first or the other one.

    Raises:
        InputError: one is missing, or there are more than two and not both are given.
    """
    source, target = (_in_region(name, languages) for name in (source, target))
    for name in (source, target):
        if name is not None and name not in languages:
            raise InputError(f"{place} has no {shorten(name)!r}: choose from {_listed(languages)} with {ARGUMENTS}.")
    if len(languages) < 2:
        raise InputError(f"{place} has {_listed(languages) or 'no text'} only: expected two languages.")
    if len(languages) > 2 and not (source and target):
        raise InputError(f"{place} has {_listed(languages)}: name two of them with {ARGUMENTS}.")
    source = source or next(name for name in languages if name != target)
    return source, target or next(name for name in languages if name != source)


def _in_region(name, languages):
    """The only one of several languages that a name without a region means: "en-GB" for "en"."""
    languages_in_region = [language for language in languages if normal(language).split(" ")[0] == normal(str(name))]
    return languages_in_region[0] if name not in languages and len(languages_in_region) == 1 else name


def _listed(languages):
    return shorten(", ".join(languages))


def _of_table_files(files, source, target, delimiter, encoding):
    content = table.joined([_table(path, delimiter, encoding) for path in files])
    return {split: pairs_of_table(part, source, target) for split, part in table.by_split(content).items()}


def _table(path, delimiter, encoding) -> Table:
    readers = {".tmx": read_tmx, **dict.fromkeys(xliff.SUFFIXES, xliff.read_xliff)}
    content = readers[suffix_of(path)](path) if suffix_of(path) in readers else read_table(path, delimiter, encoding)
    if isinstance(content, str):
        if not content.strip():
            raise InputError(f"{path} holds no sentences: expected at least one pair.")
        raise InputError(
            f"{path} is neither a folder nor a table: expected sentences and translations in two columns separated by "
            "tabs, a .tsv, .csv, .jsonl, .tmx or .xliff file, or a file for each language (train.en and train.de)."
        )
    return content


def pairs_of_table(part: Table, source: Any = None, target: Any = None) -> RawPairs:
    """The pairs of a table.

    Of named columns, source and target are those given, else those named so, else two that are named like
    languages, else the only two. Of others, they are the first two that hold texts, not numbers or codes of languages.
    """
    arguments = {"source": source, "target": target}
    part = with_header_by(part, lambda cells: _is_header(cells, source, target))
    if not part.header:
        return _of_numbered_columns(part, arguments)
    names: dict[str, str] = {}  # "en" for "translation.en"
    for name in part.names:
        names.setdefault(name.rpartition(".")[2], name)
    if source is None and target is None:
        normals = {normal(name): name for name in names}
        usual = [next((normals[word] for word in role.usual if word in normals), "") for role in (SOURCE, TARGET)]
        if all(usual):
            for role, name in zip((SOURCE, TARGET), usual):
                the_only(part, names[name], role.argument)
            return _of_columns(part, [names[name] for name in usual], HEADER)
    texts = [name for name in names if not _holds_no_texts(part.values(names[name]))]
    languages = [name for name in texts if names_language(name)]
    likely = languages if len(languages) > 1 else texts if len(texts) > 1 else list(names)
    chosen = _chosen(part, likely, list(names), source, target)
    for argument, name in zip(arguments, chosen):
        if not str(arguments[argument]).isdecimal():
            the_only(part, names[name], argument)
    return _of_columns(part, [names[name] for name in chosen], chosen)


def _chosen(part, languages, names, source, target):
    """Source and target, given by name without case, by number, or not."""
    normals = {normal(name): name for name in names}
    sides = [_name(value, normals, names) for value in (source, target)]
    if any(value is not None and value not in languages for value in sides):
        languages = names
    return direction(f"the header of {part.place}", languages, *sides)


def _name(value, normals, names):
    if value is None or normal(value) in normals:
        return value if value is None else normals[normal(value)]
    index = int(value) - 1 if str(value).isdecimal() else -1
    return names[index] if 0 <= index < len(names) else str(value)


def _is_header(cells, source, target):
    """Whether cells are the names of columns: of the two sides of a translation, or one that is given."""
    normals = set(map(normal, cells))
    arguments = {normal(value) for value in (source, target) if value is not None}
    usual = normals & set(SOURCE.usual) and normals & set(TARGET.usual)
    return bool(arguments & normals or usual or sum(map(names_side, set(cells))) > 1)


def _of_numbered_columns(part, arguments):
    numbers = {role: int(value) - 1 for role, value in arguments.items() if value and str(value).isdecimal()}
    indices = range(len(part.names))
    texts = [index for index in indices if len(indices) == 2 or not _holds_no_texts(part.column(index))]
    if any(index not in range(len(part.names)) for index in numbers.values()) or len(texts) < 2:
        columns = plural(len(part.names), "column")
        raise InputError(f"{part.place} has {columns}, expected two with texts: source and target.")
    source = numbers.get("source", next(index for index in texts if index != numbers.get("target")))
    target = numbers.get("target", next(index for index in texts if index != source))
    languages = tuple(
        role if role in numbers or not arguments[role] else str(arguments[role]) for role in ("source", "target")
    )
    if len(part.names) > 2 and len(numbers) < 2:
        note = f"{part.place} has {len(part.names)} columns: source is column {source + 1}, target {target + 1}"
        part = part.with_note(note)
    return _of_columns(part, [part.names[source], part.names[target]], languages)


def _holds_no_texts(values):
    """Whether a column has numbers, as of sentences or scores, or URLs only, or the code of a language in each row."""
    cells = [str(value).strip() for value in values]
    return (
        all(map(is_numeral, cells))
        or all(is_url(cell) and " " not in cell for cell in cells)
        or (len(set(cells)) <= max(1, len(cells) // 4) and all(map(is_language, cells)))
    )


def _of_columns(part, names, languages):
    if names[0] == names[1]:
        raise InputError(
            f"{part.place}: {ARGUMENTS} are both the column {shorten(names[0])!r}: name two different ones."
        )
    texts = [
        ["" if is_missing(value) else text_of(value, part.where(row)) for row, value in enumerate(part.values(name))]
        for name in names
    ]
    return _pairs(languages, *texts, part, [part.note] if part.note else [])


def _pairs(languages, sources, targets, part: Table, notes: Sequence[str] = ()):
    """`RawPairs` without those that are blank on a side, of which those with text on the other are said."""
    blank = [(not source.strip(), not target.strip()) for source, target in zip(sources, targets)]
    filled = [row for row, sides in enumerate(blank) if not any(sides)]
    halves = [row for row, sides in enumerate(blank) if sides[0] != sides[1]]
    if not filled:
        raise InputError(f"{part.place} holds no sentences: expected at least one pair.")
    notes = [*notes, table.left_out(part, halves, "a translation")] if halves else notes
    return RawPairs(tuple(languages), *([side[row] for row in filled] for side in (sources, targets)), tuple(notes))
