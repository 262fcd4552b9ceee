"""Files with one token per line, with its tags: columns and CoNLL-U.

CoNLL-style columns are separated by tabs, or else by spaces, with a blank line
after each sentence. Lines that begin with -DOCSTART- are skipped, and so are comments:
lines that begin with "#" and a space and have another number of columns than the first
line with a token; with as many columns, they are comments if they precede a sentence and
their last column is the tag of no other line ("# newdoc"). A first line that names the columns
is skipped. CoNLL-U (`.conllu`) has ten named columns; its comments, multiword
tokens (1-2) and empty nodes (1.1) are skipped.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from nlpseq.data.files.delimited import checked_delimiter
from nlpseq.data.files.paths import SPLIT_SUFFIXES, TABLES, TEXTS, files_in, split_files, suffix_of
from nlpseq.data.files.table import normal
from nlpseq.errors import InputError, suggest
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
    conllu = is_conllu(path)
    rows, header = (list(_conllu_rows(lines)), []) if conllu else _column_rows(lines, delimiter)
    first, fields = next((row for row in rows if row[1]), (0, []))
    if not fields:
        raise InputError(
            f"{path}, line {max(1, len(lines))}: the file ends without a sentence: expected lines with a token and its "
            "tag."
        )
    default = ("form", "upos") if conllu else (1, max(2, len(fields)))
    names = CONLLU if conllu else header
    chosen = [_column(path, names, *pair) for pair in zip((tokens, tags), default)]
    if tags is None and not conllu:
        _check_widths(path, rows, first, len(fields))
    return _sentences(path, rows, *chosen)


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


def _check_widths(path, rows, first, width):
    """Raises an `InputError` if a line has more columns than the first, whose last one holds the tags."""
    for number, fields in rows:
        if len(fields) > width:
            raise InputError(
                f"{path}, line {number}: expected {width} columns as in line {first}, got "
                f"{len(fields)}: give the column of the tags with `tags`."
            )


def _sentences(path, rows, token, tag):
    """Tokens, tags and the function for places, from rows with an empty one after each sentence."""
    sentences, current = [], []
    for number, fields in [*rows, (0, [])]:
        if fields:
            _check_row(f"{path}, line {number}", fields, token, tag)
            current.append((fields[token], fields[tag], number))
        elif current:
            sentences.append(current)
            current = []
    tokens, tags, numbers = ([list(part) for part in parts] for parts in _transposed(sentences))
    return tokens, tags, lambda sentence, token: f"{path}, line {numbers[sentence][token]}"


def _transposed(sentences):
    """From sentences of rows of fields to columns of sentences of fields."""
    return zip(*(zip(*sentence) for sentence in sentences))


def _check_row(place, fields, token, tag):
    needed = max(token, tag) + 1
    if len(fields) < needed:
        raise InputError(f"{place}: expected at least {needed} columns, got {len(fields)}.")
    for column in (token, tag):
        if not fields[column]:
            raise InputError(f"{place}: column {column + 1} is empty: give a token and its tag.")


def _column_rows(lines, delimiter):
    """The number and fields of lines that hold a token or, without fields, end a sentence; and the header if any."""
    first, start = next(((n, line) for n, line in enumerate(lines, start=1) if _may_hold_a_token(line)), (0, ""))
    split, tabs = _splitter(start, delimiter), "\t" in start
    header = split(start)
    named = len(header) > 1 and normal(header[0]) in FIRST_NAMES and normal(header[-1]) in LAST_NAMES
    rows = []
    for number, line in enumerate(lines, start=1):
        if named and number == first:
            continue
        if not line.strip() or line.startswith(DOCUMENT):
            rows.append((number, []))
        elif not COMMENT.match(line) or (len(split(line)) == len(header) and not (tabs and line.startswith("# "))):
            rows.append((number, split(line)))
    return _without_comments(rows, tabs), header if named else []


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
    """As `_column_rows` for CoNLL-U, whose words have integer ids."""
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
