"""The user's own labelled texts: which shapes are read, which columns are texts and labels, and what is left out."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpseq.data.files import folders, paths, table
from nlpseq.data.files.contents import lines_of
from nlpseq.data.files.delimited import delimiter_of, read_delimited
from nlpseq.data.files.lines import fasttext_table, label_first_table
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Role, Table
from nlpseq.errors import InputError, shorten

TEXT = Role("text", (
    "text", "texts", "review", "review text", "reviewtext", "review body", "sentence", "utterance",
    "question", "query", "tweet", "comment", "comment text", "message", "sms", "content", "body", "document",
    "phrase", "post", "article", "headline", "title", "description", "abstract", "summary", "input", "sample",
    "news", "v2",
))  # fmt: skip
LABEL = Role("label", (
    "label", "labels", "class", "category", "sentiment", "intent", "stars", "star rating", "rating", "target",
    "polarity", "topic", "emotion", "tag", "tags", "score", "overall", "label coarse", "type", "is spam",
    "spam", "y", "output", "v1",
))  # fmt: skip
ROLES = (TEXT, LABEL)
SEPARATORS = ("|", ";", ",")  # of several labels in a cell
PAIRS = (("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"))  # two texts of a row


@dataclass(frozen=True)
class Row:
    """A text and its labels."""

    text: str
    labels: tuple[str, ...]


def read(path: Path, delimiter: str | None = None, encoding: str | None = None) -> dict[str, Table]:
    """The tables of a file or folder by split."""
    read_file = lambda file: table.by_split(_read_file(file, delimiter, encoding))  # noqa: E731
    if not os.path.isdir(path):
        return read_file(path)
    found = folders.parallel_tables(path, encoding)
    files = [file for file in paths.files_in(path) if paths.suffix_of(file) in (*paths.TABLES, *paths.TEXTS)]
    if found is None and "train" not in paths.files_by_split(files, path):
        found = folders.class_tables(path, encoding)
    if found is not None:
        return found
    split = paths.split_files(path, files, "train.csv, train.jsonl or train.txt, or a folder of texts for each class")
    return paths.read_splits(split, read_file)


def _read_file(path, delimiter, encoding) -> Table:
    content = read_table(path, delimiter, encoding)
    if isinstance(content, Table):
        return content
    lines, place = lines_of(content), str(path)
    found = fasttext_table(lines, place)
    if found is None and _has_header(lines):
        return read_delimited(content, place)
    found = found or label_first_table(lines, place)
    if found is None:
        raise InputError(
            f"{place}: no labels found: expected columns with a header, a label at the start of each line "
            f"(__label__good, or a number), or JSON objects; it begins with {shorten(lines[0], 40)!r}."
        )
    return found


def _has_header(lines):
    """Whether the first line of a text names the column of the text."""
    cells = [table.normal(cell) for cell in lines[0].split(delimiter_of("\n".join(lines[:50])))]
    return len(cells) > 1 and any(cell in TEXT.usual for cell in cells) and any(cell in LABEL.usual for cell in cells)


def names_of(text: Any) -> tuple | None:
    """The columns of the text: one, several as a tuple, or several in a string separated by commas."""
    if text is None or text == "":
        return None
    if isinstance(text, (str, int)):
        return tuple(str(text).split(","))
    return tuple(text)


def labelled_rows(
    tables: Mapping[str, Table], text: Any, label: Any, separator: str | None = None
) -> tuple[dict[str, list[Row]], list[str]]:
    """The rows of each split that have a text and a label, or a list of labels, and notes on the others.

    Args:
        tables: A table for each split, the training split among them.
        text, label, separator: As `text`, `label` and `label_separator` of `load_labelled_texts`.

    Raises:
        InputError: a column is missing, a value is neither text nor a label, or no row is left.
    """
    rows, said = {}, []
    for split, part in sorted(tables.items(), key=lambda item: item[0] != "train"):
        part, columns, label_column = _columns(part, text, label)
        said += [part.note] * bool(part.note and split == "train")
        if split == "train" and separator is None:
            separator = separator_of(part.values(label_column))
            if separator:
                said.append(
                    f"the column {label_column!r} holds several labels in a cell, separated by {separator!r}; if they "
                    "are one label, set `label_separator` to none"
                )
        rows[split], left_out = _rows(part, columns, label_column, None if separator == "none" else separator)
        for what, numbers in left_out.items():
            if numbers:
                said.append(table.left_out(part, numbers, what))
        if not rows[split]:
            raise InputError(f"{part.place} holds no rows with a text and a label: expected at least one.")
    return rows, said


def _columns(part: Table, text, label) -> tuple[Table, list[str], str]:
    """The table with its header, its columns of text, and that of the label."""
    given = names_of(text)
    if given and len(given) > 1 and ",".join(map(str, given)) in part.names:
        given = (",".join(map(str, given)),)
    if given is None and part.header:
        names = {table.normal(name): name for name in part.names}
        given = next((tuple(names[name] for name in pair) for pair in PAIRS if set(pair) <= set(names)), None)
    first = given[0] if given else None
    part, found = table.find_columns(part, ROLES, {"text": first, "label": label}, _guess)
    others = [
        table.find_columns(part, ROLES, {"text": name, "label": found["label"]})[1]["text"]
        for name in (given or ())[1:]
    ]
    return part, [found["text"], *others], found["label"]


def _guess(part: Table) -> Sequence[int]:
    """The columns of text and label of a table without header: of two, the label has the fewer different values."""
    if len(part.names) != 2:
        raise InputError(
            f"{part.place} has no header and {len(part.names)} columns: give the numbers of the columns, from 1, with "
            "`text` and `label`."
        )
    different = [len(set(map(str, part.column(index)))) for index in (0, 1)]
    return (0, 1) if different[1] <= different[0] else (1, 0)


def separator_of(values: Sequence) -> str | None:
    """The separator of several labels in a cell, or None if a cell is one label.

    It is one if there are fewer different parts of cells than different cells, for parts then recur. The parts of
    names such as "Arts, Crafts" do not, and numbers such as "3,5" are no lists.

    >>> separator_of(["a|b", "b", "a", "c|a"]), separator_of(["arts, crafts", "music"])
    ('|', None)
    """
    cells = {value.strip() for value in values if isinstance(value, str)} - {""}
    for separator in SEPARATORS:
        if not any(separator in cell for cell in cells):
            continue
        numbers = all(re.fullmatch(r"\d+,?\d*", cell) for cell in cells)
        if not numbers and len({part for cell in cells for part in _parts(cell, separator)}) < len(cells):
            return separator
    return None


def _parts(cell, separator):
    return [part.strip() for part in cell.split(separator) if part.strip()]


def _rows(part, columns, label_column, separator):
    """Rows, and the indices of those that are left out by what they lack."""
    rows: list[Row] = []
    left_out: dict[str, list[int]] = {"a label": [], "a text": []}
    texts = [part.values(name) for name in columns]
    for number, (label, *values) in enumerate(zip(part.values(label_column), *texts)):
        labels = _labels(label, part, number, label_column, separator)
        if labels is None:
            left_out["a label"].append(number)
        elif any(map(table.is_missing, values)):
            left_out["a text"].append(number)
        else:
            text = "\n\n".join(
                table.text_of(value, f"{part.where(number)}, column {name!r}") for value, name in zip(values, columns)
            )
            rows.append(Row(text, tuple(labels)))
    return rows, left_out


def _is_list(value):
    return isinstance(value, (list, tuple, set)) or bool(getattr(value, "shape", ()))


def _labels(value, part, number, name, separator):
    """The labels of a row, without outer and doubled blanks: a list, which may be empty; None if a label is missing."""
    if separator and isinstance(value, str):
        value = _parts(value, separator)
    if _is_list(value):
        return list(dict.fromkeys(_label(item, part, number, name) for item in value if not table.is_missing(item)))
    return None if table.is_missing(value) else [_label(value, part, number, name)]


def _label(value, part, number, name):
    if table.is_number(value) and float(value).is_integer():
        return str(int(value))  # pandas makes integers with missing values floats
    return " ".join(table.text_of(value, f"{part.where(number)}, column {name!r}", "a label").split())


def sorted_labels(rows: Sequence[Row]) -> list[str]:
    """The labels of training in the order of numbers if all are, else of letters."""
    names = {name for row in rows for name in row.labels}
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)
