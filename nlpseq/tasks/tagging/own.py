"""The user's own tagged sentences: which shapes are read, and from tables to sentences."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpseq.data.files import folders, table
from nlpseq.data.files.columns import Role, find_columns, with_names
from nlpseq.data.files.contents import read_lines, read_text
from nlpseq.data.files.delimited import read_delimited
from nlpseq.data.files.json_rows import columns_table, read_json
from nlpseq.data.files.paths import TABLES, data_files, inner, read_splits, split_folders, split_of, suffix_of
from nlpseq.data.files.reading import is_json, read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing, list_in, text_of
from nlpseq.errors import InputError, first_of, shorten
from nlpseq.tasks.tagging import columns, span_forms, spans

TOKENS = Role("tokens", (
    "tokens", "words", "token", "word", "form", "text", "sentence words", "sentence tokens", "sentence",
    "seq in", "1",
))  # fmt: skip
TAGS = Role("tags", (
    "ner tags", "ner", "tags", "tag", "labels", "label", "word labels", "slots", "slot", "entities", "entity",
    "bio", "iob", "upos", "pos tags", "pos", "chunk tags", "chunk", "seq out",
))  # fmt: skip
SENTENCE = (
    "sentence #", "sentence", "sentence id", "sentence number", "sentence no", "sentence idx", "sentence index",
    "sent id", "sent", "sentid", "sent #",
)  # fmt: skip
DOCUMENT = ("document #", "document", "document id", "doc #", "doc", "doc id", "docid", "article", "article id")
SEPARATORS = ("/", "_", "|")  # of word and tag in "word/TAG"
CHECKED = 100  # lines or rows that decide on the form


@dataclass(frozen=True)
class RawSentences:
    """The sentences of a split with tags as text, and the position of every token in its file.

    Attributes:
        tokens, tags: lists of lists of str, none of them empty.
        place: `place(sentence, token)` is the position of a token, for errors.
        notes: sentences about problems in the data.
    """

    tokens: list[list[str]]
    tags: list[list[str]]
    place: Callable[[int, int], str]
    notes: tuple[str, ...] = ()


def read(
    path: Path,
    tokens: str | int | None = None,
    tags: str | int | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> dict[str, RawSentences]:
    """The sentences of a file or folder by split."""
    path = inner(path)
    tables = folders.parallel_tables(path, encoding) if os.path.isdir(path) else None
    if tables is None or not all(map(_are_parallel, tables.values())):
        tables = _annotated_tables(path, encoding) if os.path.isdir(path) else None
    if tables is not None:
        return {split: sentences_of_table(part, tokens, tags) for split, part in tables.items()}
    groups = columns.column_files(path)
    parts = read_splits(
        groups, lambda files: _joined([_read_file(file, tokens, tags, delimiter, encoding) for file in files])
    )
    if groups["train"][0].parent == path and split_of(groups["train"][0].name) is None:
        parts["train"] = replace(parts["train"], notes=(*_about_parts(path, groups["train"]), *parts["train"].notes))
    return parts


def _about_parts(folder, files):
    """Notes on the files of a folder without splits that are one set, and those that are left out."""
    if len(files) > 1:
        yield f"{len(files)} files of {folder} are one set, from {files[0].name} to {files[-1].name}"
    if left := [file.name for file in data_files(folder, columns.SUFFIXES) if file not in files]:
        yield f"left out of {folder}: {first_of(left)}, as {files[0].name} has the suffix of files of tags"


def _annotated_tables(folder, encoding):
    """Tables of tokens and tags by split, of a folder of texts with files of annotations as of brat, or None."""
    roots = split_folders(folder)
    parts = {split: spans.brat_columns(path, encoding) for split, path in (roots or {"train": folder}).items()}
    tables = {split: columns_table(str(folder), part, "line") for split, part in parts.items() if part is not None}
    return tables if "train" in tables else None


def _joined(parts):
    """The sentences of files of one split; of one file, of all splits that it has."""
    if len(parts) == 1:
        return parts[0]
    tables = [part["train"] for part in parts]
    owners = [(part, number) for part in tables for number in range(len(part.tokens))]
    place = lambda sentence, token: owners[sentence][0].place(owners[sentence][1], token)  # noqa: E731
    tokens, tags, notes = (
        [item for part in tables for item in getattr(part, name)] for name in ("tokens", "tags", "notes")
    )
    return {"train": RawSentences(tokens, tags, place, tuple(notes))}


def _are_parallel(part):
    """Whether parallel lines hold tags, or labels as many as tokens."""
    if "label" not in part.names:
        return True
    return "tags" in part.names or _hold_sentences(part.values("text"), part.values("label"))


def _read_file(path, tokens, tags, delimiter, encoding):
    content = _content(path, tokens, tags, delimiter, encoding)
    if isinstance(content, RawSentences):
        return {"train": content}
    return {split: sentences_of_table(part, tokens, tags) for split, part in table.by_split(content).items()}


def _content(path, tokens, tags, delimiter, encoding) -> RawSentences | Table:
    if "json" in suffix_of(path):
        return read_json(read_text(path, encoding), str(path), lambda data: _placed(path, as_columns, data))
    if suffix_of(path) not in TABLES or suffix_of(path) in (".tsv", ".tab"):
        lines = read_lines(path, encoding)
        if is_json("\n".join(lines[:1])):
            return read_json("\n".join(lines), str(path), lambda data: _placed(path, as_columns, data))
        if _are_sentences_and_tags(lines) if delimiter is None else False:
            return read_delimited("\n".join(lines), str(path), ".tsv", "tab")
        if suffix_of(path) in (".tsv", ".tab") and _names_columns(lines):
            return read_delimited("\n".join(lines), str(path), ".tsv", delimiter)
        separator = None if delimiter else _separator(lines)
        if separator:
            return RawSentences(*_words_with_tags(path, lines, separator))
        return RawSentences(*columns.sentences_of_lines(path, lines, tokens, tags, delimiter))
    content = read_table(path, delimiter, encoding)
    if isinstance(content, str):
        raise InputError(f"{path} is empty: expected sentences.")
    return content


def _placed(place, read, data):
    """What `read` makes of data; its errors, which begin with a row, name the place too."""
    try:
        return read(data)
    except InputError as error:
        raise InputError(f"{place}, {error}") from None


def _are_sentences_and_tags(lines):
    """Whether lines hold a sentence, a tab, and as many tags."""
    rows = [line.split("\t") for line in lines[:CHECKED] if line.strip()]
    several = sum(len(row[0].split()) > 1 for row in rows)
    return all(len(row) == 2 for row in rows) and 2 * several > len(rows) and _hold_sentences(*zip(*rows))


def _names_columns(lines):
    """Whether the first line names a column of sentences, or one of tokens or tags with several in a row."""
    cells = [normal(cell) for cell in (lines or [""])[0].split("\t")]
    if len(cells) < 2 or not any(cell in TAGS.usual for cell in cells):
        return False
    several = cells[0] in TOKENS.usual and " " in "".join(lines[1:2]).strip()
    return several or any(cell in SENTENCE for cell in cells)


def _separator(lines: Sequence[str]) -> str | None:
    """The separator of words and tags if every word of a text has a tag, else None."""
    checked = [line.split() for line in lines[:CHECKED] if line.strip()]
    if not checked or 2 * sum(len(words) > 1 for words in checked) < len(checked):
        return None
    return next(
        (mark for mark in SEPARATORS if all(_has_token_and_tag(word, mark) for words in checked for word in words)),
        None,
    )


def _has_token_and_tag(word, mark):
    token, _, tag = word.rpartition(mark)
    return bool(token and tag)


def _words_with_tags(path, lines, mark):
    """Tokens, tags and the function for places, of lines of word/TAG."""
    tokens, tags, numbers = [], [], []
    for number, line in enumerate(lines, start=1):
        pairs = [word.rpartition(mark) for word in line.split()]
        for token, _, tag in pairs:
            if not token or not tag:
                raise InputError(f"{path}, line {number}: expected word{mark}TAG, got {shorten(token or tag)!r}.")
        if pairs:
            tokens.append([token for token, _, _ in pairs])
            tags.append([tag for _, _, tag in pairs])
            numbers.append(number)
    return tokens, tags, lambda sentence, token: f"{path}, line {numbers[sentence]}"


def as_columns(data: Any) -> Any:
    """Lists of sentences of `(token, tag)`, and texts with spans, as columns of tokens and tags; other data unchanged.

    Pairs are tuples or lists. A tuple of two lists is no sentence, but its tokens and its tags.
    """
    if isinstance(data, Mapping):
        return {name: as_columns(part) for name, part in data.items()}
    if isinstance(data, list) and data and (annotated := spans.columns_of(data)):
        return annotated
    if not isinstance(data, list) or not all(isinstance(sentence, (list, tuple)) for sentence in data):
        return data
    pairs = [pair for sentence in data for pair in sentence]
    if not pairs or not all(map(_is_pair, pairs)) or all(map(_is_columns, data)):
        return data
    return {
        "tokens": [[t for t, _ in sentence] for sentence in data],
        "tags": [[t for _, t in sentence] for sentence in data],
    }


def _is_pair(pair):
    return isinstance(pair, (list, tuple)) and len(pair) == 2 and not any(isinstance(i, (list, tuple)) for i in pair)


def _is_columns(sentence):
    """Whether a sentence is a tuple of a list of tokens and one of tags."""
    return isinstance(sentence, tuple) and len(sentence) == 2 and all(isinstance(part, list) for part in sentence)


def sentences_of_table(part: Table, tokens: str | int | None = None, tags: str | int | None = None) -> RawSentences:
    """The sentences of a table with a sentence, or with a token, in each row.

    A row with a sentence has lists of tokens and tags, or texts of as many words. Rows with a token belong to the
    sentence and document in columns named as in `SENTENCE` and `DOCUMENT`, whose values may stand in the first row
    only, or end at empty lines.

    Raises:
        InputError: a column is missing, or a sentence has different numbers of tokens and tags.
    """
    if tokens is None and tags is None and (annotated := _of_spans(part)):
        return annotated
    part, columns = find_columns(part, (TOKENS, TAGS), {"tokens": tokens, "tags": tags}, lambda _: (0, 1))
    words, labels = part.values(columns["tokens"]), part.values(columns["tags"])
    boundaries = [name for name in part.names if normal(name) in SENTENCE + DOCUMENT and name not in columns.values()]
    if (boundaries or part.breaks) and not _hold_sentences(words, labels):
        sentences = _of_token_rows(part, words, labels, [part.values(name) for name in boundaries])
    else:
        sentences = _of_sentence_rows(part, words, labels)
    return replace(sentences, notes=(part.note, *sentences.notes)) if part.note else sentences


def _of_spans(part):
    """The sentences of a table with a column of texts and one of spans in them, else None."""
    part = with_names(part, (TOKENS, TAGS), {})
    names = {normal(name): name for name in part.names} if part.header else {}
    text, marked = (
        next((names[name] for name in usual if name in names), None) for usual in (span_forms.TEXTS, span_forms.SPANS)
    )
    if text is None or marked is None:
        return None
    cells = [value.tolist() if hasattr(value, "tolist") else value for value in part.values(marked)]
    cells = [list_in(value) if isinstance(value, str) else value for value in cells]
    rows = [{"text": value, "spans": cell} for value, cell in zip(part.values(text), cells)]
    columns = _placed(part.place, spans.columns_of, rows)
    return None if columns is None else _of_sentence_rows(part, columns["tokens"], columns["tags"])


def _hold_sentences(words, labels):
    """Whether cells hold sentences: of the first with several tokens or tags, most have as many of both."""
    several = alike = 0
    for pair in zip(words[:CHECKED], labels[:CHECKED]):
        try:
            sizes = {1 if is_missing(cell) else len(_items(cell, "")) for cell in pair}
        except InputError:
            sizes = {1}
        several += sizes != {1}
        alike += len(sizes) == 1 and sizes != {1}
    return 2 * alike > several


def _of_token_rows(part, words, labels, keys):
    """The sentences of rows with a token; another one begins where a value of the columns `keys` changes."""
    sentences: list[list[int]] = []
    current = [None] * len(keys)
    for row in range(len(words)):
        key = [before if is_missing(column[row]) else column[row] for column, before in zip(keys, current)]
        if (key != current if keys else row in part.breaks) or not sentences:
            sentences.append([])
        current = key
        sentences[-1].append(row)
    left_out = [row for row in range(len(words)) if is_missing(words[row]) or is_missing(labels[row])]
    dropped = set(left_out)
    sentences = [tagged for rows in sentences if (tagged := [row for row in rows if row not in dropped])]
    return RawSentences(
        [[_word(words[row], part.where(row)) for row in rows] for rows in sentences],
        [[_word(labels[row], part.where(row)) for row in rows] for rows in sentences],
        lambda sentence, token: part.where(sentences[sentence][token]),
        (table.left_out(part, left_out, "a token or a tag"),) if left_out else (),
    )


def _of_sentence_rows(part, words, labels):
    tokens, tags, rows, left_out = [], [], [], []
    for row, pair in enumerate(zip(words, labels)):
        if any(map(is_missing, pair)):
            left_out.append(row)
            continue
        sentence, tag_row = sentence_of(*pair, part.where(row))
        if sentence:
            tokens.append(sentence)
            tags.append(tag_row)
            rows.append(row)
    if not rows:
        raise InputError(f"{part.place} holds no sentences: expected at least one with tokens and tags.")
    place = lambda sentence, token: f"{part.where(rows[sentence])}, token {token + 1}"  # noqa: E731
    notes = (table.left_out(part, left_out, "tokens or tags"),) if left_out else ()
    return RawSentences(tokens, tags, place, notes)


def sentence_of(tokens: Any, tags: Any, where: str) -> tuple[list[str], list[str]]:
    """The tokens and tags of two cells: lists, the text of Python lists, or words separated by blanks.

    Args:
        tokens, tags: The cells.
        where: Their row, for the error.

    Raises:
        InputError: they hold something else, or different numbers of tokens and tags.
    """
    sentence, labels = (_items(value, where) for value in (tokens, tags))
    if len(sentence) != len(labels):
        raise InputError(f"{where}: {len(sentence)} tokens and {len(labels)} tags: give a tag for each token.")
    return sentence, labels


def _items(value: Any, where: str) -> list[str]:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str):
        value = list_in(value) or value.split()
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{where}: expected a list of tokens or tags, got {shorten(repr(value), 40)}.")
    return [_word(item, where) for item in value]


def _word(value, where):
    return text_of(value, where, "a token or a tag").strip()
