"""The user's own labelled texts: which shapes are read, which columns are texts and labels, and what is left out."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from nlpseq.data.files import folders, paths, table
from nlpseq.data.files.columns import Role, find_columns, with_names
from nlpseq.data.files.contents import lines_of, read_text
from nlpseq.data.files.delimited import delimiter_of, read_delimited
from nlpseq.data.files.header import LEAST_TEXTS
from nlpseq.data.files.lines import fasttext_table, label_first_table, tree_table
from nlpseq.data.files.listed_texts import listed_tables
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table
from nlpseq.data.files.text_columns import TEXT_NAMES, joined_text, text_columns
from nlpseq.data.files.values import is_missing
from nlpseq.errors import InputError, first_of, shorten
from nlpseq.tasks.classification import labels
from nlpseq.tasks.classification.by_label import texts_by_label

TEXT = Role("text", TEXT_NAMES)
LABEL = Role("label", (
    "label", "labels", "class", "category", "sentiment", "intent", "stars", "star rating", "rating", "target",
    "polarity", "topic", "emotion", "tag", "tags", "score", "overall", "label coarse", "type", "is spam",
    "spam", "y", "output", "class index", "class name", "v1",
), begins=("is",))  # fmt: skip
ROLES = (TEXT, LABEL)
TWO_COLUMNS = (";", "|", "^", "@")  # between text and label in a file that is not called a table
MOST_TABLES = 100  # that may each be of a class
MOST_LABELS = 4  # lines of a label, at least, on average
DATE = re.compile(r"\d{1,2}:\d{2}|\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Row:
    """A text and its labels."""

    text: str
    labels: tuple[str, ...]


def read(path: Path, delimiter: str | None = None, encoding: str | None = None) -> dict[str, Table]:
    """The tables of a file or folder by split."""
    path = paths.inner(path)
    read_file = lambda file: table.by_split(_read_file(file, delimiter, encoding))  # noqa: E731
    if not os.path.isdir(path):
        return read_file(path)
    known = (*paths.TABLES, *paths.TEXTS)
    tables = folders.parallel_tables(path, encoding) or listed_tables(path, LABEL, delimiter, encoding)
    if tables is None and not any(paths.split_of(file.name) == "train" for file in paths.data_files(path, known)):
        tables = folders.class_tables(path, encoding)
    tables = tables or folders.class_file_tables(path, encoding)
    tables = tables or _tables_by_class(path, delimiter, encoding)
    if tables is not None:
        return tables
    groups = paths.split_groups(path, known, "train.csv, train.jsonl or train.txt, or a folder of texts for each class")
    read_group = lambda files: table.by_split(  # noqa: E731
        table.joined([_read_file(file, delimiter, encoding) for file in files])
    )
    return paths.read_splits(groups, read_group)


def _tables_by_class(folder, delimiter, encoding):
    """The table of several that hold the texts of a class each, such as True.csv and Fake.csv, as "train", or None.

    They have the same named columns, none of them of labels.
    """
    files = [file for file in paths.data_files(folder, paths.TABLES) if paths.suffix_of(file) in paths.TABLES]
    if len(files) < 2 or len(files) > MOST_TABLES or any(paths.split_of(file.name) for file in files):
        return None
    try:
        tables = [with_names(_read_file(file, delimiter, encoding), (TEXT,), {}) for file in files]
    except InputError:  # files of other kinds
        return None
    names = {tuple(map(table.normal, part.names)) for part in tables}
    if len(names) > 1 or not all(part.header for part in tables) or set(*names) & set(LABEL.usual):
        return None
    labels = [file.name.split(".")[0] for file, part in zip(files, tables) for _ in range(len(part))]
    whole = table.joined(tables)
    own, last = whole.column, len(whole.names)
    whole = replace(whole, names=[*whole.names, "label"], column=lambda index: labels if index == last else own(index))
    return {"train": whole.with_note(f"each table of {folder} is a class: {first_of(sorted(set(labels)))}")}


def _read_file(path, delimiter, encoding) -> Table:
    if paths.suffix_of(path) == ".json":
        content = texts_by_label(read_text(path, encoding), str(path), (*TEXT.usual, *LABEL.usual))
        if content is not None:
            return content
    content = read_table(path, delimiter, encoding)
    if isinstance(content, Table):
        return content
    lines, place = lines_of(content), str(path)
    contents = fasttext_table(lines, place)
    if contents is None and _has_header(lines):
        return read_delimited(content, place)
    contents = contents or tree_table(lines, place) or _of_two_columns(content, lines, place)
    contents = contents or label_first_table(lines, place)
    if contents is None:
        raise InputError(
            f"{place}: no labels found: expected columns with a header, a label at the start of each line "
            f"(__label__good, or a number), JSON objects, or a `delimiter`; it begins with {shorten(lines[0], 40)!r}."
        )
    return contents


def _of_two_columns(content, lines, place):
    """The table of a text and a label in each line with a mark between them, such as "text;label", else None."""
    filled = [line for line in lines if line.strip()]
    for mark in TWO_COLUMNS:
        if len(filled) > 1 and all(line.count(mark) == 1 for line in filled):
            columns = [{cell.strip() for cell in cells} for cells in zip(*(line.split(mark) for line in filled))]
            if min(map(len, columns)) <= max(2, len(filled) // MOST_LABELS):
                return read_delimited(content, place, delimiter=mark)
    return None


def _has_header(lines):
    """Whether the first line of a text names the column of the text."""
    cells = [table.normal(cell) for cell in lines[0].split(delimiter_of("\n".join(lines[:50])))]
    return len(cells) > 1 and any(cell in TEXT.usual for cell in cells) and any(cell in LABEL.usual for cell in cells)


def names_of(text: Any) -> tuple | None:
    """Columns that are named: one, several as a tuple, or several in a string separated by commas."""
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
    rows, notes = {}, []
    train_columns: tuple[str | None, str] | None = None  # columns of text and label in training, if they have names
    learnt: tuple[tuple[str, ...], tuple[str, ...]] | None = None  # the same, if they were told by cells
    for split, part in sorted(tables.items(), key=lambda item: item[0] != "train"):
        if train_columns and _is_unlabelled(part, *train_columns):
            notes.append(f"{part.place} has no column {train_columns[1]!r}: the {split} split is left out")
            continue
        arguments = learnt if learnt and set(map(table.normal, chain(*learnt))) <= _names_in(part) else (text, label)
        part, columns, label_columns = _columns(part, *arguments)
        if split == "train":
            train_columns = columns[0] if part.header else None, label_columns[0]
            unnamed = part.header and text is None and label is None
            if unnamed and not (_usual(part, TEXT) and _usual(part, LABEL)):  # other splits may be too small to tell
                learnt = tuple(columns), tuple(label_columns)
            notes += [part.note] * bool(part.note)
            if separator is None and len(label_columns) == 1:
                separator = labels.separator_of(part.values(label_columns[0]))
                notes += [_about_separator(label_columns[0], separator)] * bool(separator)
        rows[split], left_out = _rows(part, columns, labels.labels_of(part, label_columns, separator))
        if not rows[split] and split != "train":
            notes.append(f"{part.place} has no labels: the {split} split is left out")
            del rows[split]
            continue
        notes += [table.left_out(part, numbers, content) for content, numbers in left_out.items() if numbers]
        if not rows[split]:
            raise InputError(f"{part.place} holds no rows with a text and a label: expected at least one.")
    return rows, notes


def _about_separator(column, separator):
    return (
        f"the column {column!r} holds several labels in a cell, separated by {separator!r}; if they are one label, set "
        "`label_separator` to none"
    )


def _is_unlabelled(part: Table, text: str | None, label: str) -> bool:
    """Whether a split has the column of the text that training has, and none of a label."""
    normals = _names_in(part)
    if text is not None and table.normal(text) in normals:
        return table.normal(label) not in normals and not normals & set(LABEL.usual)
    return len(part.names) == 1


def _names_in(part: Table) -> set[str]:
    """The names of columns, or the first cells, which may be names, without case."""
    names = part.names if part.header else [part.column(index)[0] for index in range(len(part.names)) if len(part)]
    return {table.normal(str(name)) for name in names}


def _columns(part: Table, text, label) -> tuple[Table, list[str], list[str]]:
    """The table with its header, its columns of text, and those of the label."""
    first = {role: (names_of(names) or (None,))[0] for role, names in (("text", text), ("label", label))}
    part = with_names(part, ROLES, first)
    texts, labels = _chosen(part, text), _chosen(part, label)
    if texts is None and part.header:
        texts = text_columns(part.names)
    if labels is None and part.header:
        part, labels = _indicators(part, texts or ())
    if texts is None and labels is None and len(part.names) > 2 and not (part.header and _has_usual_names(part)):
        part, texts, labels = _of_many(part)
    if part.header and len(part.names) > 2:
        part, texts, labels = _with_other(part, texts, labels)
    first = {"text": texts[0] if texts else None, "label": labels[0] if labels else None}
    part, by_role = find_columns(part, ROLES, first, _guess)
    columns = {
        role: [by_role[role], *(find_columns(part, ROLES, by_role | {role: name})[1][role] for name in others)]
        for role, others in (("text", (texts or ())[1:]), ("label", (labels or ())[1:]))
    }
    return part, columns["text"], columns["label"]


def _indicators(part: Table, texts: Sequence[str]) -> tuple[Table, tuple[str, ...] | None]:
    """The columns of 0 and 1 of a table without a usual name of a label, which are said, if there are several."""
    if {table.normal(name).rpartition(".")[2] for name in part.names} & set(LABEL.usual):
        return part, None
    columns = tuple(
        name
        for name in part.names
        if name not in texts and len(part) and set(map(str, part.values(name))) == {"0", "1"}
    )
    if len(columns) < 2:
        return part, None
    return part.with_note(f"{part.place}: labels are the columns of 0 and 1: {shorten(', '.join(columns))}"), columns


def _has_usual_names(part: Table) -> bool:
    """Whether the name of a column, or its first or last word, is a usual one."""
    words = [table.normal(name).rpartition(".")[2] for name in part.names]
    ends = {end for word in words for end in (word, *word.split()[:1], *word.split()[-1:])}
    return not ends.isdisjoint((*TEXT.usual, *LABEL.usual, *LABEL.begins))


def _of_many(part: Table) -> tuple[Table, tuple[str, ...] | None, tuple[str, ...] | None]:
    """The columns of text and the one of the label of a table without header or usual names, if they are plain."""
    texts, labels = _by_cells(part)
    if not texts or len(labels) != 1:
        return part, None, None
    are = f"`text` is column {texts[0]}" if len(texts) == 1 else f"`text` is columns {' and '.join(texts)}"
    why = "no usual names of columns" if part.header else "no header"
    return part.with_note(f"{part.place} has {why}: {are}, and `label` is column {labels[0]}"), texts, labels


def _with_other(part: Table, texts, labels) -> tuple[Table, tuple[str, ...] | None, tuple[str, ...] | None]:
    """The columns of text and label, of which that without a usual name is found by its cells if only one can be it."""
    text, label = (names or _usual(part, role) for role, names in ((TEXT, texts), (LABEL, labels)))
    if bool(text) == bool(label):
        return part, texts, labels
    role, possible = ("`label`", _by_cells(part)[1]) if text else ("`text`", _by_cells(part)[0])
    possible = tuple(name for name in possible if name not in (text or label or ()))
    if len(possible) != 1:
        return part, texts, labels
    part = part.with_note(f"{part.place}: {role} is the column {shorten(possible[0])!r}")
    return (part, texts, possible) if text else (part, possible, labels)


def _usual(part, role):
    """The column of a role by its name, as a tuple, or None."""
    try:
        return tuple(find_columns(part, (role,), {})[1].values())
    except InputError:
        return None


def _by_cells(part: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that may be texts, and those that may be labels.

    Texts are all columns most of whose cells have several words and are no dates, and labels others with few different
    values and no empty cells.
    """
    if len(part) < LEAST_TEXTS:
        return (), ()
    columns = {name: [str(value).strip() for value in part.values(name)] for name in part.names}
    few = max(2, len(part) // MOST_LABELS)
    texts = tuple(name for name, cells in columns.items() if len(set(cells)) > few and _has_words(cells))
    filled = {name: cells for name, cells in columns.items() if name not in texts and "" not in cells}
    return texts, tuple(name for name, cells in filled.items() if 1 < len(set(cells)) <= few)


def _has_words(cells):
    filled = [cell for cell in cells if cell]
    return 2 * sum(" " in cell and not DATE.search(cell[:30]) for cell in filled) > len(filled)


def _chosen(part, names):
    """The columns that are named: one, whose name may have a comma, or several."""
    parts = names_of(names)
    whole = ",".join(map(str, parts or ()))
    return (whole,) if parts and whole in part.names else parts


def _guess(part: Table) -> Sequence[int]:
    """The columns of text and label of a table without header: of two, the label has the fewer different values."""
    if len(part.names) != 2:
        raise InputError(
            f"{part.place} has no header and {len(part.names)} column{'s' * (len(part.names) > 1)}",
            "give the numbers of the columns, from 1, with `text` and `label`",
        )
    columns = [part.column(index) for index in (0, 1)]
    texts = [index for index in (0, 1) if any(isinstance(value, (str, bytes)) for value in columns[index])]
    if len(texts) < 2:  # numbers and lists are labels beside a text; without one the first column is refused
        return (1, 0) if texts == [1] else (0, 1)
    different = [len(set(map(str, column))) for column in columns]
    return (0, 1) if different[1] <= different[0] else (1, 0)


def _rows(part, columns, labels_by_row):
    """Rows, and the indices of those that are left out by what they lack."""
    rows: list[Row] = []
    left_out: dict[str, list[int]] = {"a label": [], "a text": []}
    texts = [part.values(name) for name in columns]
    for number, (row_labels, *values) in enumerate(zip(labels_by_row, *texts)):
        if row_labels is None:
            left_out["a label"].append(number)
        elif all(map(is_missing, values)):
            left_out["a text"].append(number)
        else:
            text = joined_text(values, columns, part.where(number))
            rows.append(Row(text, tuple(row_labels)))
    return rows, left_out


def sorted_labels(rows: Sequence[Row]) -> list[str]:
    """The labels of training in the order of numbers if all are, else of letters."""
    names = {name for row in rows for name in row.labels}
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)
