"""Cells of a table to numbers, as people write them: 1234.5, "1,234.5", "1.234,5", "1 234,5", "5 %", "$ 5"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.table import Table
from nlpseq.data.files.values import is_missing
from nlpseq.errors import InputError, shorten

MISSING = {"", "na", "n/a", "nan", "null", "none", "nil", "-", "?", ".", "missing", "nat", "<na>", "#n/a"}
LARGEST = 1e18  # whose square is finite in float32
SIGNS = "$\u20ac\u00a3%"  # before or behind a number
GROUPED = re.compile("(?<=\\d)[ \u00a0\u202f'\u2019](?=\\d{3}(\\D|$))")  # a mark between groups of three digits
COMMA = re.compile(r"[+-]?\d*,\d+|[+-]?\d{1,3}(\.\d{3})+(,\d+)?")  # a decimal comma, or points between groups
GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")  # of three digits
PLAIN = re.compile(r"[\d.,+-]*")
COMMA_ONLY = re.compile(
    r".*\..*,.*|[+-]?(0|\d{4,}),\d+|.*,(\d{1,2}|\d{4,})|.*\.\d{3}\.\d{3}.*", re.DOTALL
)  # no other reading


def parse_numbers(table: Table, name: str) -> np.ndarray:
    """A column as float64, NaN where a cell is missing.

    Raises:
        InputError: a cell holds text, or a number that is infinite or beyond 1e18.
    """
    numbers, bad = as_numbers(table.values(name), table.comma)

    def place(row):
        return f"{table.where(int(row))}: "

    if len(bad):
        raise InputError(
            f"{place(bad[0])}{shorten(repr(table.values(name)[bad[0]]), 40)} in the column {shorten(name)!r} is "
            "not a number: correct it, or leave the cell empty if the value is missing."
        )
    with np.errstate(invalid="ignore"):
        large = np.flatnonzero(np.abs(numbers) > LARGEST)
    if len(large):
        problem = "infinite" if np.isinf(numbers[large[0]]) else f"beyond {LARGEST:g}"
        raise InputError(
            f"{place(large[0])}the number in the column {shorten(name)!r} is {problem}: "
            "leave the cell empty if the value is missing."
        )
    return numbers


def as_numbers(cells: Sequence[Any], comma: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Cells as float64, NaN for those without a number, and the indices of cells that hold something else.

    With `comma` a comma that may be a decimal one is: "1,234" is 1.234.

    >>> as_numbers(["1.234,5", "NA", "0,25", "red"])
    (array([1.2345e+03,        nan, 2.5000e-01,        nan]), array([3]))
    """
    numbers = _fast(cells)
    if numbers is not None:
        return numbers, np.zeros(0, int)
    comma = _decimal_comma(cells, comma)
    numbers = _fast(_rewritten(cells, comma))
    if numbers is not None:
        return numbers, np.zeros(0, int)
    numbers = np.array([_number(cell, comma) for cell in cells])
    bad = [row for row in np.flatnonzero(np.isnan(numbers)).tolist() if not is_gap(cells[row])]
    return numbers, np.array(bad, int)


def is_numeric(cells: Sequence[Any], sample: int = 200) -> bool:
    """Whether most cells of a column are numbers, and none of the first ones is a text or a date."""
    step = max(1, len(cells) // sample)
    shown = [cell for cell in cells[::step] if not is_gap(cell)]
    if not shown:
        return all(map(is_gap, cells))
    comma = _decimal_comma(shown)
    good = sum(not np.isnan(_number(cell, comma)) for cell in shown)
    return good >= 0.9 * len(shown)


def is_gap(cell: Any) -> bool:
    """Whether a cell is missing, or one of the words for that."""
    return is_missing(cell) or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def _fast(cells):
    """The cells as floats if all are plain numbers or empty, else None."""
    try:
        texts = ["nan" if cell is None or cell == "" else cell for cell in cells]
        if not all(isinstance(cell, (str, int, float, np.integer, np.floating)) for cell in texts):
            return None
        return np.array([float(cell) for cell in texts])
    except (ValueError, TypeError, OverflowError):
        return None


def _rewritten(cells, comma):
    """The cells as Python writes numbers, where all that have marks have none but points and commas."""
    marked = [cell for cell in cells if isinstance(cell, str) and ("," in cell or (comma and "." in cell))]
    if not all(map((COMMA if comma else GROUPS).fullmatch, marked)):
        return cells
    return [_or_nan(_without_marks(cell, comma)) if isinstance(cell, str) else cell for cell in cells]


def _or_nan(text):
    return "nan" if text.lower() in MISSING else text


def _without_marks(text, comma):
    """A number with a decimal comma, or else with commas between groups, as Python writes it."""
    return text.replace(".", "").replace(",", ".") if comma else text.replace(",", "")


def _decimal_comma(cells, likely=False):
    """Whether commas are decimal points: all cells can be read so, and one of them in no other way, or it is likely."""
    texts = [_plain(cell) for cell in cells if isinstance(cell, str) and ("," in cell or cell.count(".") > 1)]
    return bool(texts) and all(map(COMMA.fullmatch, texts)) and (likely or any(map(COMMA_ONLY.fullmatch, texts)))


def _plain(text):
    """A number without currency, blanks and marks between its groups."""
    return text if PLAIN.fullmatch(text) else GROUPED.sub("", text.strip().strip(SIGNS).strip().replace("\u2212", "-"))


def _number(cell, comma):
    if isinstance(cell, (bool, np.bool_)):
        return float(cell)
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", "replace")
    if isinstance(cell, str):
        text = _plain(cell)
        if text.lower() in ("true", "false"):
            return float(text.lower() == "true")
        if (COMMA if comma else GROUPS).fullmatch(text):
            text = _without_marks(text, comma)
        try:
            return float(text)
        except ValueError:
            return float("nan")
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
