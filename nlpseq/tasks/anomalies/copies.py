"""Columns beside that of the labels that mark the same anomalies, and would tell them to a detector."""

from collections.abc import Collection

import numpy as np

from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Table, normal
from nlpseq.errors import shorten


def without_copies(
    table: Table, label: str, chosen: Collection[str], channels: Collection[str], words: Collection[str]
) -> Table:
    """The table without columns of other labels, and with a note on them.

    They are called like labels, such as "attack_P1" beside "attack", and hold 0 wherever there is no anomaly. Columns
    of other names that hold 0 there, and in no anomaly, are only said.

    Args:
        table: With a column of labels of 0 and 1.
        label: The name of that column.
        chosen: Names of columns that are values.
        channels: Names of columns that are values in other files, which are only said.
        words: Names of columns of labels.
    """
    marked = np.array(table.values(label)) > 0
    if marked.all():
        return table
    rows = [int(np.argmin(marked)), int(np.argmax(marked))]  # whose cells tell most columns of values
    others = [name for name in table.names if name != label and name not in chosen]
    copies, doubtful = [], []
    for name in others:
        cells = table.values(name)
        is_copy = name not in channels and _is_called(name, words)
        shown = _differs([cells[row] for row in rows], table.comma)
        if shown[0] or not (shown[1] or is_copy):
            continue
        differs = _differs(cells, table.comma)
        if (differs & ~marked).any():
            continue
        if is_copy:
            copies.append(name)
        elif marked.any() and (differs == marked).all():
            doubtful.append(name)
    for name in copies:
        table = table.without(name)
    if copies:
        table = table.with_note(f"{table.place}: columns of other labels are not used: {_listed(copies)}")
    if doubtful:
        problem = f"{_listed(doubtful)}: other than 0 in all anomalies, and nowhere else"
        table = table.with_note(
            f"{table.place}: {problem}: name the columns of the values with `values` if these are labels"
        )
    return table


def _is_called(name, words):
    """Whether a name is one of the words, or begins or ends with one."""
    text = normal(name)
    return text in words or any(text.startswith(f"{word} ") or text.endswith(f" {word}") for word in words)


def _differs(cells, comma):
    """Whether each cell is something else than 0 or nothing."""
    numbers, bad = as_numbers(cells, comma)
    differs = np.nan_to_num(numbers) != 0
    differs[bad] = True
    return differs


def _listed(names):
    return shorten(", ".join(repr(str(name)) for name in names))
