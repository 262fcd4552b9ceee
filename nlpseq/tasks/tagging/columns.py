"""Readers of the user's tagged sentences: files with one token per line, with its tags.

CoNLL-style columns are separated by tabs, or else by spaces, with a blank line
after each sentence. Lines that begin with -DOCSTART- are skipped, and so are comments:
lines that begin with "#" and a space and have a different number of columns than the first
line with a token. CoNLL-U (`.conllu`) has ten named columns; its comments, multiword
tokens (1-2) and empty nodes (1.1) are skipped.
"""

import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path

from nlpseq.data.files import SPLIT_NAMES, cannot_read, lines_of, split_files
from nlpseq.errors import InputError, suggest

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
SUFFIXES = (".txt", ".conll", ".conllu", ".bio", ".iob", ".iob2", ".tsv", ".train", ".testa", ".testb")
SPACES = re.compile("[ \t]+")
COMMENT = re.compile("#[ \t]|#$")
DOCUMENT = "-DOCSTART-"
ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "gb18030", "shift_jis", "euc-kr")


def column_files(dataset: str) -> dict[str, Path]:
    """The files of a dataset by split.

    In a folder with CoNLL-U files others are ignored: treebanks contain their plain text
    too.
    """
    folder = Path(dataset).expanduser()
    conllu = os.path.isdir(folder) and any(map(_is_conllu, folder.iterdir()))

    def words(file):
        """The words of the name of a column file: "eng" and "testa" of "eng.testa"."""
        suitable = _is_conllu(file) if conllu else _is_columns(file)
        return re.split("[._-]", file.name.lower()) if suitable else ()

    return split_files(dataset, words, "train.txt, eng.train or en-ud-train.conllu, for example")


def _is_conllu(path):
    return path.suffix.lower() == ".conllu"


def _is_columns(path):
    splits = [f".{name}" for names in SPLIT_NAMES.values() for name in names]
    return path.suffix.lower() in (*SUFFIXES, *splits) and not path.name.startswith(".")


def read_sentences(
    path: Path, tokens: str | int | None = None, tags: str | int | None = None, encoding: str = "utf-8"
) -> tuple[list[list[str]], list[list[str]], Callable[[int, int], str]]:
    """The sentences of a file of columns.

    Args:
        path: the file; CoNLL-U if its name ends in ".conllu".
        tokens, tags: columns by number from 1, or by name in CoNLL-U. Default the first
            and the last one, which must be the same in all lines; in CoNLL-U "form" and
            "upos".
        encoding: of the file.

    Returns:
        Tokens and tags, both lists of lists of str, and a function from the indices of a
        sentence and of a token in it to its file and line.

    Raises:
        InputError: the file is missing, not in that encoding or without sentences; a
            column is missing or empty.
    """
    lines = _lines(path, encoding)
    conllu = _is_conllu(path)
    rows = list(_conllu_rows(lines) if conllu else _column_rows(lines))
    first, fields = next((row for row in rows if row[1]), (0, []))
    if not fields:
        raise InputError(
            f"{path}, line {len(lines)}: the file ends without a sentence: expected lines with a token and its tag."
        )
    default = ("form", "upos") if conllu else (1, max(2, len(fields)))
    chosen = [_column(path, *pair) for pair in zip((tokens, tags), default)]
    if tags is None and not conllu:
        _check_widths(path, rows, first, len(fields))
    return _sentences(path, rows, *chosen)


def _column(path, value, default):
    """The index of a column, from 0, by its number from 1 or its name."""
    value = str(default if value is None else value)
    if _is_conllu(path) and value in CONLLU:
        return CONLLU.index(value)
    if not re.fullmatch("[1-9][0-9]{0,3}", value):
        names = suggest(value, CONLLU) if _is_conllu(path) else "give its number, from 1."
        raise InputError(f"{path} has no column {value!r}: {names}")
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


def _column_rows(lines):
    """The number and fields of the lines that hold a token or, without fields, end a sentence."""
    start = next((line for line in lines if _may_hold_a_token(line)), "")
    split = _split_at_tabs if "\t" in start else _split_at_spaces
    width = len(split(start))
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(DOCUMENT):
            yield number, []
        elif not COMMENT.match(line) or len(split(line)) == width:
            yield number, split(line)


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


def _lines(path, encoding):
    """The lines of a text file; raises an `InputError` if it is not in that encoding."""
    try:
        content = Path(path).read_bytes()
        codec = codecs.lookup(encoding).name
        text = content.decode("utf-8-sig" if codec == "utf-8" else codec)
    except OSError as error:
        raise cannot_read(path, error) from None
    except LookupError:
        raise InputError(
            f"cannot read {path}: unknown `encoding` {encoding!r}: {suggest(encoding, ENCODINGS)}"
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        remedy = "latin-1" if codec == "utf-8" else "utf-8"
        raise InputError(
            f"{path}, line {line}: the text is not {codec.upper()}; if it is {remedy}, read it with "
            f"`encoding` {remedy}."
        ) from None
    return lines_of(text)
