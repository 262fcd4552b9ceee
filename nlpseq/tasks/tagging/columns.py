"""Files with one token per line, with its tags: columns and CoNLL-U.

CoNLL-style columns are separated by tabs, or else by spaces, with a blank line
after each sentence. Lines that begin with -DOCSTART- are skipped, and so are comments:
lines that begin with "#" and a space and have another number of columns than the first
line with a token; with as many columns, they are comments if they precede a sentence and
their last column is the tag of no other line ("# newdoc"). A first line that names the columns
is skipped. CoNLL-U (`.conllu`) has ten named columns; its comments, multiword
tokens (1-2) and empty nodes (1.1) are skipped.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlpseq.data.files.delimited import checked_delimiter
from nlpseq.data.files.paths import SPLIT_SUFFIXES, TABLES, TEXTS, files_in, split_files, suffix_of
from nlpseq.data.files.table import normal
from nlpseq.errors import InputError, plural, suggest
from nlpseq.paths import as_path

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
SUFFIXES = {*TABLES, *TEXTS, *SPLIT_SUFFIXES} - {".md", ".tmx"}
SPACES = re.compile("[ \t]+")
COMMENT = re.compile("#[ \t]|#$")
DOCUMENT = "-DOCSTART-"
FIRST_NAMES = ("word", "words", "token", "tokens", "form")  # of the first column, in a line that names the columns
LAST_NAMES = ("tag", "tags", "label", "labels", "ner", "ner tag", "ner tags", "pos", "upos", "entity", "chunk", "slot")


def column_files(dataset: str | Path) -> dict[str, Path]:
    """The files of a dataset by split; a file itself is "train".

    In a folder with CoNLL-U files others are ignored: treebanks contain their plain text too.
    """
    path = as_path(dataset)
    if not os.path.isdir(path):
        return {"train": path}
    files = [file for file in files_in(path) if suffix_of(file) in SUFFIXES]
    files = [file for file in files if is_conllu(file)] or files
    return split_files(path, files, "train.txt, eng.train or en-ud-train.conllu, for example")


def sentences_of_lines(
    path: Path,
    lines: Sequence[str],
    tokens: str | int | None = None,
    tags: str | int | None = None,
    delimiter: str | None = None,
) -> tuple[list[list[str]], list[list[str]], Callable[[int, int], str]]:
    """The sentences of the lines of a file of columns.

    Args:
        path: the file; CoNLL-U if its name ends in ".conllu".
        lines: its lines.
        tokens, tags: columns by number from 1, or by name in CoNLL-U. Default the first
            and the last one, which must be the same in all lines; in CoNLL-U "form" and
            "upos".
        delimiter: of the columns. Default tabs, or else spaces.

    Returns:
        Tokens and tags, both lists of lists of str, and a function from the indices of a
        sentence and of a token in it to its file and line.

    Raises:
        InputError: there are no sentences; a column is missing or empty.
    """
    form, rows = form_of(path, lines, tokens, tags, delimiter)
    if form is None:
        raise InputError(
            f"{path}, line {max(1, len(lines))}: the file ends without a sentence: expected lines with a token and its "
            "tag."
        )
    sentences = list(grouped(rows))
    for number, fields in (row for sentence in sentences for row in sentence):
        form.check(f"{path}, line {number}", fields)
    words, names = ([[fields[column] for _, fields in rows] for rows in sentences] for column in (form.token, form.tag))
    return words, names, lambda sentence, token: f"{path}, line {sentences[sentence][token][0]}"


@dataclass(frozen=True)
class Form:
    """How the lines of a file of columns are read.

    Attributes:
        conllu: Whether the file is CoNLL-U.
        split: From a line to its fields.
        tabs: Whether tabs separate them.
        header: The names of the columns, if a line has them.
        width, first: Columns of the first token, and its line.
        token, tag: Indices of the columns of tokens and tags.
        exact: Whether no line may have more columns.
    """

    conllu: bool
    split: Callable[[str], list[str]]
    tabs: bool
    header: list[str]
    width: int = 0
    first: int = 0
    token: int = 0
    tag: int = 1
    exact: bool = False

    def rows(self, lines: Sequence[str]) -> list[tuple[int, list[str]]]:
        """The number and fields of lines that hold a token or, without fields, end a sentence."""
        if self.conllu:
            return list(_conllu_rows(lines))
        rows = []
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith(DOCUMENT):
                rows.append((number, []))
                continue
            fields = self.split(line)
            comment = COMMENT.match(line) and not (
                len(fields) == self.width and not (self.tabs and line.startswith("# "))
            )
            if not comment and not (self.header and fields == self.header):
                rows.append((number, fields))
        return _without_comments(rows, self.tabs)

    def check(self, place: str, fields: list[str]) -> None:
        """Raises an `InputError` for the fields of a line that lack the token or its tag."""
        if self.exact and len(fields) > self.width:
            raise InputError(
                f"{place}: expected {plural(self.width, 'column')} as in line {self.first}, got {len(fields)}: give "
                "the column of the tags with `tags`."
            )
        needed = max(self.token, self.tag) + 1
        if len(fields) < needed:
            raise InputError(f"{place}: expected at least {plural(needed, 'column')}, got {len(fields)}.")
        for column in (self.token, self.tag):
            if not fields[column]:
                raise InputError(f"{place}: column {column + 1} is empty: give a token and its tag.")


def form_of(
    path: Path,
    lines: Sequence[str],
    tokens: str | int | None = None,
    tags: str | int | None = None,
    delimiter: str | None = None,
) -> tuple[Form | None, list[tuple[int, list[str]]]]:
    """The form of a file, by its first lines, and their rows; None if they hold no token. Arguments as above."""
    conllu = is_conllu(path)
    start = next(filter(_may_hold_a_token, lines), "")
    split, tabs = _splitter(start, delimiter), "\t" in start
    header = split(start)
    named = not conllu and len(header) > 1 and normal(header[0]) in FIRST_NAMES and normal(header[-1]) in LAST_NAMES
    form = Form(conllu, split, tabs, header if named else [], len(header))
    rows = form.rows(lines)
    first, fields = next((row for row in rows if row[1]), (0, []))
    if not fields:
        return None, rows
    default = ("form", "upos") if conllu else (1, max(2, len(fields)))
    names = CONLLU if conllu else form.header
    token, tag = (_column(path, names, *pair) for pair in zip((tokens, tags), default))
    exact = tags is None and not conllu
    return replace(form, width=len(fields), first=first, token=token, tag=tag, exact=exact), rows


def grouped(rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    """The rows of each sentence, which ends at a row without fields."""
    for ends, sentence in itertools.groupby(rows, lambda row: not row[1]):
        if not ends:
            yield list(sentence)


def is_conllu(path: Path) -> bool:
    """Whether a file is CoNLL-U by its suffix."""
    return suffix_of(path) == ".conllu"


def _column(path, names, value, default):
    """The index of a column, from 0, by its number from 1 or its name."""
    value = str(default if value is None else value)
    known = [normal(name) for name in names]
    if normal(value) in known:
        return known.index(normal(value))
    if not re.fullmatch("[1-9][0-9]{0,3}", value):
        remedy = suggest(value, names) if names else "give its number, from 1."
        raise InputError(f"{path} has no column {value!r}: {remedy}")
    return int(value) - 1


def _splitter(start, delimiter):
    if delimiter is None:
        return _split_at_tabs if "\t" in start else _split_at_spaces
    mark = checked_delimiter(delimiter)
    return _split_at_spaces if mark == " " else lambda line: line.split(mark)


def _without_comments(rows, tabs):
    """Rows without comments that have as many columns as a token: "# newdoc" before a sentence.

    "#" itself is a token in a file with tabs, within a sentence, and where its tag is that of other lines.
    """
    tags = {fields[-1] for _, fields in rows if fields and fields[0] != "#"}
    kept, inside = [], False
    for number, fields in rows:
        if fields and fields[0] == "#" and not (tabs or inside or fields[-1] in tags):
            continue
        kept.append((number, fields))
        inside = bool(fields)
    return kept


def _may_hold_a_token(line):
    return line.strip() and not line.startswith(DOCUMENT) and not COMMENT.match(line)


def _conllu_rows(lines):
    """As `Form.rows` for CoNLL-U, whose words have integer ids."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            yield number, []
        elif not line.startswith("#"):
            fields = _split_at_tabs(line) if "\t" in line else _split_at_spaces(line)
            if not re.fullmatch("[0-9]+[-.][0-9]+", fields[0]):
                yield number, fields


def _split_at_tabs(line):
    return line.split("\t")


def _split_at_spaces(line):
    return SPACES.split(line.strip(" \t"))
