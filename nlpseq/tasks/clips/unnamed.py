"""Tables of frames without usual names of columns, such as the lines of WISDM: told by their cells."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Table
from nlpseq.data.series.times import looks_like_times
from nlpseq.tasks.clips.cells import label_name
from nlpseq.tasks.clips.roles import Columns

LEAST_RUN = 10  # rows of a label one after another, on average
LEAST_RUNS = 3  # of a label, on average
RISING = 0.9  # share of the rows at which a time rises


def columns_by_cells(table: Table) -> Columns | None:
    """The label, the time and the owners of a table whose rows are frames; None of another table.

    The label is the only column of texts, which recur in several runs of many rows; within these a column of whole
    numbers, or of times, rises. Other columns of whole numbers that change no more often than the label are owners.
    """
    texts = [name for name in table.names if len(as_numbers(table.values(name))[1]) > len(table) // 2]
    labels = [name for name in texts if not looks_like_times(table.values(name))]
    if len(labels) != 1:
        return None
    begins = recurring_runs(table.values(labels[0]))
    if begins is None:
        return None
    time = next((name for name in table.names if name not in labels and _rises(table.values(name), begins)), None)
    if time is None:
        return None
    owners = [name for name in table.names if name not in (*texts, time) and _is_owner(table.values(name), begins)]
    return Columns((), tuple(owners), time, labels[0])


def recurring_runs(labels: Sequence[Any]) -> np.ndarray | None:
    """Where labels begin that recur in runs of many rows, bool; None of others, such as of sorted rows."""
    names = list(map(label_name, labels))
    begins = np.array([True, *(name != last for last, name in pairwise(names))])
    long = LEAST_RUN * begins.sum() <= len(names)
    return begins if long and begins.sum() >= LEAST_RUNS * len(set(names)) > LEAST_RUNS else None


def _rises(cells, begins):
    """Whether the cells are whole numbers or times, and greater than the one before but where a label begins."""
    numbers = _whole(cells)
    if numbers is None:
        return looks_like_times(cells)
    return bool((np.diff(numbers) > 0)[~begins[1:]].mean() >= RISING)


def _is_owner(cells, begins):
    numbers = _whole(cells)
    return numbers is not None and len(set(numbers)) > 1 and (np.diff(numbers) != 0).sum() < begins.sum()


def _whole(cells):
    """The cells as numbers if all are whole ones, else None."""
    if not all(re.fullmatch(r"-?\d+(\.0+)?", str(cell).strip()) for cell in cells):
        return None
    return as_numbers(cells)[0]
