"""Series without any value, and missing values at the ends of the others: both are left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlpseq.data.series.series import Series
from nlpseq.errors import InputError, first_of, plural, shorten


def with_values(place: str, series: Sequence[Series], names: Sequence[str]) -> tuple[list[Series], list[str]]:
    """The series in which one of the named columns holds a number, and a note on the others.

    Raises:
        InputError: no series is left.
    """
    with_value, empty = [], []
    for one in series:
        filled = any(np.isfinite(one.columns[name]).any() for name in names)
        (with_value if filled else empty).append(one)
    if not with_value:
        raise InputError(f"{place}: all values are missing: expected a series of numbers.")
    if not empty:
        return with_value, []
    shown = first_of([repr(one.item) for one in empty], 3)
    subject = plural(len(empty), "series without any value is", "series without any value are")
    return with_value, [f"{place}: {subject} left out: {shorten(shown)}"]


def trimmed(series: Series, names: Sequence[str]) -> Series:
    """The series from its first to its last row in which one of the columns has a value."""
    present = np.zeros(len(series), bool)
    for name in names:
        present |= ~np.isnan(series.columns[name])
    rows = np.flatnonzero(present)
    return series.select(slice(int(rows[0]), int(rows[-1]) + 1)) if len(rows) else series
