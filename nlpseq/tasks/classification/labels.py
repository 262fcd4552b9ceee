"""The labels of a text, as the cells of a table hold them: one, several, or a column of 0 and 1 for each."""

import re
from collections.abc import Sequence
from typing import Any

from nlpseq.data.files.lines import MARK
from nlpseq.data.files.table import Table
from nlpseq.data.files.values import is_missing, is_number, list_in, text_of
from nlpseq.errors import InputError, shorten

SEPARATORS = ("|", ";", ",")  # of several labels in a cell
TRUTH = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


def labels_of(part: Table, columns: Sequence[str], separator: str | None) -> list[list[str] | None]:
    """The labels of each row: a list, which may be empty; None if the label is missing.

    A cell holds a label, a list of labels (also as text: "['a', 'b']"), or labels with a separator between them. Lists
    of 0 and 1 of equal length are rows of an indicator matrix, in which label k is that of column k.

    Args:
        part: The table.
        columns: The column of the label, or several of 0 and 1, whose names are the labels.
        separator: Of labels in a cell; None if a cell is one, and "none" if that is so for lists as text too.

    Raises:
        InputError: A value is not a label.
    """
    if len(columns) > 1:
        return _of_columns(part, columns)
    values = part.values(columns[0])
    values = values if separator == "none" else lists_of(values)
    if _is_indicator(values):
        return [None if row is None else [str(k) for k, value in enumerate(row) if value] for row in values]
    mark = None if separator == "none" else separator
    return [_labels(value, part, row, columns[0], mark) for row, value in enumerate(values)]


def lists_of(values: Sequence) -> Sequence:
    """The lists that all cells of a column stand for as text, but for missing ones; else the cells themselves."""
    lists = [list_in(value) if isinstance(value, str) else None for value in values]
    missing = [is_missing(value) for value in values]
    whole = all(items is not None or empty for items, empty in zip(lists, missing)) and not all(missing)
    return lists if whole else values


def separator_of(values: Sequence) -> str | None:
    """The separator of several labels in a cell, or None if a cell is one label.

    It is one if there are fewer different parts of cells than different cells, for parts then recur. The parts of
    names such as "Arts, Crafts" do not, and numbers such as "3,5" are not lists.

    >>> separator_of(["a|b", "b", "a", "c|a"]), separator_of(["arts, crafts", "music"])
    ('|', None)
    """
    cells = {value.strip() for value in lists_of(values) if isinstance(value, str)} - {""}
    for separator in SEPARATORS:
        if not any(separator in cell for cell in cells):
            continue
        numbers = all(re.fullmatch(r"\d+,?\d*", cell) for cell in cells)
        if not numbers and len({part for cell in cells for part in _parts(cell, separator)}) < len(cells):
            return separator
    return None


def _parts(cell, separator):
    return [part.strip() for part in cell.split(separator) if part.strip()]


def _is_list(value):
    return isinstance(value, (list, tuple, set, frozenset)) or bool(getattr(value, "shape", ()))


def _is_indicator(values):
    """Whether cells are lists of 0 and 1 of one length, two or more."""
    rows = [value for value in values if value is not None]
    widths = {len(row) if isinstance(row, (list, tuple)) else 0 for row in rows}
    return len(widths) == 1 and min(widths) > 1 and all(_is_bit(value) for row in rows for value in row)


def _is_bit(value):
    return (isinstance(value, bool) or is_number(value)) and value in (0, 1)


def _of_columns(part, columns):
    """The labels of rows with a column of 0 and 1 for each label."""
    values = [part.values(name) for name in columns]
    rows = []
    for number, cells in enumerate(zip(*values)):
        truths = [TRUTH.get(str(cell).strip().lower()) for cell in cells]
        for name, cell, truth in zip(columns, cells, truths):
            if truth is None and not is_missing(cell):
                raise InputError(
                    f"{part.where(number)}, column {name!r}: expected 0 or 1, as of several columns of labels, got "
                    f"{shorten(repr(cell), 40)}: name one column as `label`, or give 0 and 1."
                )
        whole = None not in truths
        rows.append([name for name, truth in zip(columns, truths) if truth] if whole else None)
    return rows


def _labels(value: Any, part, number, name, separator):
    """The labels of a cell, without outer and doubled blanks; None if a label is missing."""
    if isinstance(value, str) and value.startswith(MARK):
        value = re.split(r"[\s,]+", value.strip(" \t,"))
    elif separator and isinstance(value, str):
        value = _parts(value, separator)
    if _is_list(value):
        return list(dict.fromkeys(_label(item, part, number, name) for item in value if not is_missing(item)))
    return None if is_missing(value) else [_label(value, part, number, name)]


def _label(value, part, number, name):
    if is_number(value) and float(value).is_integer():
        return str(int(value))  # pandas makes integers with missing values floats
    label = " ".join(text_of(value, f"{part.where(number)}, column {name!r}", "a label").split())
    whole = re.fullmatch(r"([+-]?\d+)\.0+", label)  # as pandas writes such floats
    return whole[1] if whole else label.removeprefix(MARK)
