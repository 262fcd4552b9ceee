"""Files with one token per line, with its tags: columns and CoNLL-U.

CoNLL-style columns are separated by tabs, or else by spaces, with a blank line
after each sentence. Lines that begin with -DOCSTART- are skipped, and so are comments:
lines that begin with "#" and a space and have another number of columns than the first
line with a token; with as many columns, they are comments if they precede a sentence and
are unlike lines with a token (`_comments`). A first line that names the columns
is skipped, and so is a first column that counts the tokens. CoNLL-U (`.conllu`, or ten
columns as of it) has named columns; its comments, multiword tokens (1-2) and empty nodes
(1.1) are skipped.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlpseq import tag_schemes
from nlpseq.data.files.delimited import checked_delimiter
from nlpseq.data.files.paths import (
    SPLIT_OF,
    SPLIT_SUFFIXES,
    TABLES,
    TEXTS,
    data_files,
    split_groups,
    split_of,
    suffix_of,
)
from nlpseq.data.files.table import normal
from nlpseq.errors import InputError, first_of, plural, suggest
from nlpseq.paths import as_path

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
SUFFIXES = {*TABLES, *TEXTS, *SPLIT_SUFFIXES, ".annotated"} - {".md", ".tmx"}
ANNOTATED = (".conll", ".bio", ".iob", ".iob2", ".bmes", ".annotated")  # before tables and other texts beside them
SPACES = re.compile("[ \t]+")
COMMENT = re.compile("#[ \t]|#$|#(begin|end) document")  # the latter in files of CoNLL-2011 and 2012
COMMENT_WORDS = ("newdoc", "newpar", "doc", "document", "id", "sent_id", "sent", "sentence", "text", *SPLIT_OF)
MOST_TAGS = 2  # of "#" itself
DOCUMENT = "-DOCSTART-"
FIRST_NAMES = ("word", "words", "token", "tokens", "form")  # of the first column, in a line that names the columns
LAST_NAMES = ("tag", "tags", "label", "labels", "ner", "ner tag", "ner tags", "pos", "upos", "entity", "chunk", "slot")


def column_files(dataset: str | Path) -> dict[str, list[Path]]:
    """The files of a dataset by split; a file itself is "train".

    In a folder with CoNLL-U files others are ignored: treebanks contain their plain text too. Several files of one
    suffix, none of which has the name of a split, are parts of the training split.
    """
    path = as_path(dataset)
    if not os.path.isdir(path):
        return {"train": [path]}
    chosen = lambda files: [file for file in files if is_conllu(file)] or files  # noqa: E731
    try:
        return split_groups(path, SUFFIXES, "train.txt, eng.train or en-ud-train.conllu, for example", chosen)
    except InputError:
        files = chosen(data_files(path, SUFFIXES))
        files = [file for file in files if suffix_of(file) in ANNOTATED] or files
        if len(files) == 1 and split_of(files[0].name) is None:
            return {"train": files}
        if len(files) < 2 or any(split_of(file.name) for file in files) or len(set(map(suffix_of, files))) > 1:
            raise
        return {"train": files}


def sentences_of_lines(
    path: Path,
    lines: Sequence[str],
    tokens: str | int | None = None,
    tags: str | int | None = None,
    delimiter: str | None = None,
) -> tuple[list[list[str]], list[list[str]], Callable[[int, int], str], tuple[str, ...]]:
    """The sentences of the lines of a file of columns.

    Args:
        path: the file; CoNLL-U if its name ends in ".conllu" or its first token looks so.
        lines: its lines.
        tokens, tags: columns by number from 1, or by name in CoNLL-U. Default the first
            and the last one, which must be the same in all lines, or those after a column that
            counts the tokens; in CoNLL-U "form" and "upos".
        delimiter: of the columns. Default tabs, or else spaces.

    Returns:
        Tokens and tags, both lists of lists of str; a function from the indices of a
        sentence and of a token in it to its file and line; and notes on how the file is read.

    Raises:
        InputError: there are no sentences; a column is missing or empty.
    """
    form, rows, notes = form_of(path, lines, tokens, tags, delimiter)
    if form is None:
        raise InputError(
            f"{path}, line {max(1, len(lines))}: the file ends without a sentence: expected lines with a token and its "
            "tag."
        )
    sentences = list(grouped(rows))
    for number, fields in (row for sentence in sentences for row in sentence):
        form.check(f"{path}, line {number}", fields)
    words, names = ([[fields[column] for _, fields in rows] for rows in sentences] for column in (form.token, form.tag))
    return words, names, lambda sentence, token: f"{path}, line {sentences[sentence][token][0]}", notes


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
        return self.rows_and_doubts(lines)[0]

    def rows_and_doubts(self, lines: Sequence[str]) -> tuple[list[tuple[int, list[str]]], list[int]]:
        """As `rows`, and the numbers of the lines that may hold a token and are taken for comments."""
        if self.conllu:
            return list(_conllu_rows(lines)), []
        rows = []
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith(DOCUMENT):
                rows.append((number, []))
                continue
            fields = self.split(line)
            mark = COMMENT.match(line)
            comment = mark and not (
                mark[1] is None and len(fields) == self.width and not (self.tabs and line.startswith("# "))
            )
            if not comment and not (self.header and fields == self.header):
                rows.append((number, fields))
        comments = _comments(rows)
        doubtful = [rows[index][0] for index, sure in comments.items() if not sure]
        return [row for index, row in enumerate(rows) if index not in comments], doubtful

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
) -> tuple[Form | None, list[tuple[int, list[str]]], tuple[str, ...]]:
    """The form of a file, by its first lines, their rows, and notes; None if they hold no token. Arguments as above."""
    start = next(filter(_may_hold_a_token, lines), "")
    split, tabs = _splitter(start, delimiter), "\t" in start
    header = split(start)
    conllu = is_conllu(path) or _is_conllu_word(header)
    names = CONLLU if conllu else header if _names_columns(header) else []
    form = Form(conllu, split, tabs, [] if conllu else list(names), len(header))
    rows, doubtful = form.rows_and_doubts(lines)
    first, fields = next((row for row in rows if row[1]), (0, []))
    if not fields:
        return None, rows, ()
    default, note = _usual_columns(form, rows, fields)
    token, tag = (_column(path, names, *pair) for pair in zip((tokens, tags), default))
    notes = [f"{path}: {note}"] if note and (tokens is None or tags is None) else []
    if conllu and not is_conllu(path):
        notes.append(f"{path} is read as CoNLL-U: tokens are column {token + 1}, tags column {tag + 1}")
    if doubtful:
        notes.append(f'{path}: lines that begin with "#" are read as comments, not as tokens: {first_of(doubtful)}')
    exact = tags is None and not conllu
    form = replace(form, width=len(fields), first=first, token=token, tag=tag, exact=exact)
    return form, rows, tuple(notes)


def _names_columns(header):
    names = list(map(normal, header))
    return len(names) > 1 and names[-1] in LAST_NAMES and any(name in FIRST_NAMES for name in names[:2])


def _usual_columns(form, rows, fields):
    """The columns of tokens and tags, from 1 or by name, and a note if they are not the first and the last one."""
    if form.conllu:
        return ("form", "upos"), ""
    token, tag = 1, max(2, len(fields))
    if form.header:
        token = 1 + next(index for index, name in enumerate(form.header) if normal(name) in FIRST_NAMES)
    elif len(fields) == 2 and _are_swapped(rows):
        return (2, 1), "tokens are column 2, and tags, of spans, are column 1"
    elif len(fields) > 2 and _counts(rows):
        token, tag = 2, 3 if len(fields) == 4 and _is_nested(rows) else len(fields)
        note = f"column 1 counts the tokens and is left out: tokens are column {token}, tags column {tag}"
        return (token, tag), note
    return (token, tag), ""


def _are_swapped(rows):
    """Whether the first of two columns holds tags of spans, and the second none, as in the MIT Movie Corpus."""
    first, second = ({fields[column] for _, fields in rows if len(fields) == 2} for column in (0, 1))
    has_begin = any(tag.startswith("B-") for tag in first)
    return has_begin and all(tag_schemes.fits(tag, "bioes") for tag in first) and not (second & first)


def _counts(rows):
    """Whether the first column counts the tokens, in each sentence from 0 or 1, or through the file."""
    before, several = -1, False
    for sentence in grouped(rows):
        numbers = [fields[0] for _, fields in sentence]
        start = int(numbers[0]) if numbers[0].isdecimal() else -1
        if start not in (0, 1, before + 1) or numbers != list(map(str, range(start, start + len(numbers)))):
            return False
        before, several = start + len(numbers) - 1, several or len(numbers) > 1
    return several


def _is_nested(rows):
    """Whether the last two of four columns are of outer and inner spans, of the same types, as in GermEval 2014."""
    outer, inner = ({fields[column] for _, fields in rows if len(fields) == 4} for column in (2, 3))
    kinds = [{tag_schemes.split_tag(tag)[1] for tag in tags} - {""} for tags in (outer, inner)]
    return all(tag_schemes.fits(tag, "bioes") for tag in outer | inner) and kinds[0] >= kinds[1] and bool(kinds[0])


def grouped(rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    """The rows of each sentence, which ends at a row without fields."""
    for ends, sentence in itertools.groupby(rows, lambda row: not row[1]):
        if not ends:
            yield list(sentence)


def is_conllu(path: Path) -> bool:
    """Whether a file is CoNLL-U by its suffix."""
    return suffix_of(path) == ".conllu"


def _is_conllu_word(fields):
    """Whether a line has the fields of a word in CoNLL-U: ten, with its number and that of its head."""
    number = r"[0-9]+([-.][0-9]+)?"
    return len(fields) == len(CONLLU) and bool(re.fullmatch(number, fields[0]) and re.fullmatch("[0-9]+|_", fields[6]))


def _column(path, names, value, default):
    """The index of a column, from 0, by its number from 1 or its name."""
    value = str(default if value is None else value)
    normals = [normal(name) for name in names]
    if normal(value) in normals:
        return normals.index(normal(value))
    if not re.fullmatch("[1-9][0-9]{0,3}", value):
        remedy = suggest(value, names) if names else "give its number, from 1."
        raise InputError(f"{path} has no column {value!r}: {remedy}")
    return int(value) - 1


def _splitter(start, delimiter):
    if delimiter is None:
        return _split_at_tabs if "\t" in start else _split_at_spaces
    mark = checked_delimiter(delimiter)
    return _split_at_spaces if mark == " " else lambda line: line.split(mark)


def _comments(rows):
    """Indices of rows that are comments although they have as many columns as a token, and whether that is sure.

    "#" itself is a token within a sentence. Before one it is a comment if a word such as "newdoc" or "id=3" follows,
    or most sentences have one with fields in the middle that no token has, as in "# train O", or its last field is
    neither the tag of another line nor written like the tags of others.
    """
    starts = [index for index, (_, fields) in enumerate(rows) if fields and not (index and rows[index - 1][1])]
    heads = {index: fields for index in starts if (fields := rows[index][1])[0] == "#"}
    if not heads:
        return {}
    others = [fields for index, (_, fields) in enumerate(rows) if fields and index not in heads]
    tags, middles = ({part(fields) for fields in others} for part in (_tag, _middle))
    comments = {index: True for index, fields in heads.items() if _tells(fields) and _tag(fields) not in tags - {"O"}}
    heads = {index: fields for index, fields in heads.items() if index not in comments}
    new = {_tag(fields) for fields in heads.values()} - tags
    like_tags = len(new) <= MOST_TAGS and all(tag.isupper() for tag in tags | new)
    regular = len(heads) > 2 and 2 * len(heads) > len(starts)
    for index, fields in heads.items():
        is_tag = _tag(fields) in tags
        if (regular and _middle(fields) not in middles) if is_tag else not like_tags:
            comments[index] = False
    return comments


def _tag(fields):
    return fields[-1]


def _middle(fields):
    return tuple(fields[1:-1])


def _tells(fields):
    """Whether fields after "#" tell of a document or sentence."""
    return any(part.lower() in COMMENT_WORDS or "=" in part for part in fields[1:2]) or "=" in fields[-1]


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
