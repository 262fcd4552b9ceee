"""The cells of tables of clips: labels, and columns of numbers."""

import re
from typing import Any

import numpy as np

from nlpseq.data.files.numbers import LARGEST, as_numbers
from nlpseq.data.files.table import Table
from nlpseq.data.files.values import is_missing
from nlpseq.errors import InputError, shorten

FEW = 0.5  # from this share of values that are not numbers on, a column is left out rather than an error


def label_name(value: Any) -> str | None:
    """The name of a label, an integer without a point; None if it is missing."""
    if is_missing(value):
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = " ".join(text.split())
    if re.fullmatch(r"[+-]?\d\.\d+e[+-]\d{2}", text) and float(text).is_integer():  # as `np.savetxt` writes numbers
        return str(int(float(text)))
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", text)


def numbers_of(table: Table, name: str, strict: bool = True) -> Any:
    """The values of a column as float64, missing ones NaN; without `strict` None for a column that holds others.

    Raises:
        InputError: a value is not a number, in a column most of whose values are.
    """
    values = table.values(name)
    numbers, bad = as_numbers(values)
    if not strict and len(bad) >= FEW * len(values):
        return None
    if len(bad):
        raise InputError(
            f"{table.where(bad[0])}, column {name!r}: expected a number, got {shorten(repr(values[bad[0]]), 40)}."
        )
    return np.where(np.abs(numbers) <= LARGEST, numbers, np.nan)  # not finite in float32, or its square
