"""The user's own labelled texts: which shapes are read, which columns are texts and labels, and what is left out."""

import os
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
PAIRS = (("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"))  # two texts of a row


@dataclass(frozen=True)
class Row:
    """A text and its labels; `single` if the data give one label rather than a list."""

    text: str
    labels: tuple[str, ...]
    single: bool


def read(path: Path, delimiter: str | None = None, encoding: str | None = None) -> dict[str, Table]:
    """The tables of a file or folder by split."""
    if not os.path.isdir(path):
        return table.by_split(_read_file(path, delimiter, encoding))
    found = folders.parallel_tables(path, encoding)
    files = [file for file in paths.files_in(path) if paths.suffix_of(file) in (*paths.TABLES, *paths.TEXTS)]
    if found is None and "train" not in paths.files_by_split(files, path):
        found = folders.class_tables(path, encoding)
    if found is not None:
        return found
    split = paths.split_files(path, files, "train.csv, train.jsonl or train.txt, or a folder of texts for each class")
    if split.keys() == {"train"}:
        return table.by_split(_read_file(split["train"], delimiter, encoding))
    return {name: _read_file(file, delimiter, encoding) for name, file in split.items()}


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


def labelled_rows(tables: Mapping[str, Table], text: Any, label: Any) -> tuple[dict[str, list[Row]], list[str]]:
    """The rows of each split that have a text and a label, and notes on the others.

    Raises:
        InputError: a column is missing, a value is neither text nor a label, or no row is left.
    """
    rows, said = {}, []
    for split, part in tables.items():
        part, columns, label_column = _columns(part, text, label)
        said += [part.note] * bool(part.note and split == "train")
        rows[split], left_out = _rows(part, columns, label_column)
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


def _rows(part, columns, label_column):
    """Rows, and the indices of those that are left out by what they lack."""
    rows: list[Row] = []
    left_out: dict[str, list[int]] = {"a label": [], "a text": []}
    texts = [part.values(name) for name in columns]
    for number, (label, *values) in enumerate(zip(part.values(label_column), *texts)):
        labels = _labels(label, part, number, label_column)
        if not labels:
            left_out["a label"].append(number)
        elif any(map(table.is_missing, values)):
            left_out["a text"].append(number)
        else:
            text = "\n\n".join(
                table.text_of(value, f"{part.where(number)}, column {name!r}") for value, name in zip(values, columns)
            )
            rows.append(Row(text, tuple(labels), not _is_list(label)))
    return rows, left_out


def _is_list(value):
    return isinstance(value, (list, tuple, set)) or bool(getattr(value, "shape", ()))


def _labels(value, part, number, name):
    """The labels of a row, without outer and doubled blanks; none if it has none."""
    if _is_list(value):
        return list(dict.fromkeys(_label(item, part, number, name) for item in value if not table.is_missing(item)))
    return [] if table.is_missing(value) else [_label(value, part, number, name)]


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
