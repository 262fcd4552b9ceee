"""Columns of labels: how they are found in a table, and their cells as 0 or 1."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nlpseq.data.files.columns import Role, find_columns, the_only
from nlpseq.data.files.numbers import as_numbers, is_numeric
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.header import with_header
from nlpseq.data.series.roles import VALUES, given_columns, plain
from nlpseq.errors import InputError, shorten
from nlpseq.tasks.anomalies.copies import without_copies

LABEL = Role("label", (
    "label", "labels", "anomaly", "is anomaly", "anomalies", "anomalous", "is anomalous", "outlier", "is outlier",
    "attack", "fault", "failure", "ground truth", "changepoint", "class", "normal/attack",
    "attack label", "attack lable", "fault number", "faultnumber",
))  # fmt: skip
MARKS = ("y", "target", "fraud", "is fraud")  # names of columns of labels if they are 0 and mostly so, or 1
NONE = "none"  # instead of a column: there are no labels
NORMAL, ANOMALOUS = (
    ("normal", "nominal", "no", "false", "n", "ok", "good", "benign"),
    ("anomaly", "attack", "yes", "true", "y"),
)
LEAST_NUMERIC = 3  # columns of numbers, of which one may be that of marks
MOST_SHOWN = 10_000  # rows that tell what a column holds
MOST_KINDS = 99  # of anomalies that are numbered


def with_labels(table: Table, label: Any, values: Any, channels: Collection[str] = ()) -> tuple[Table, Role | None]:
    """The table with its labels as 0 and 1, and the role by which their column is found; None if there is none.

    Args:
        table: The header may still have to be found.
        label: The column, by name or number; None to find it out, "none" for none.
        values: The columns of the values, None if they are not given; none of these is taken for labels.
        channels: Columns that are values in other files, of which none is either.

    Raises:
        InputError: there is no such column, or it holds something else.
    """
    if not len(table) or (label is not None and normal(label) == NONE):
        return table, None
    chosen: Collection[str] = ()
    if label is None:
        table = _headed(table)
        chosen = given_columns(table, VALUES, values) or ()
        table, index = _usual(table, [*chosen, *channels])
    else:
        table, index = _chosen_column(table, label)
    if index is None:
        return table, None
    name = the_only(table, table.names[index], "label")
    column = table.column
    numbers = as_labels(column(index), table.where).tolist()
    kinds = sorted({str(cell).strip() for cell, number in zip(column(index), numbers) if number == 1})
    if len(kinds) > 1 or (kinds and normal(kinds[0]) not in ("1", "1.0", "-1", "-1.0", *ANOMALOUS)):
        table = table.with_note(f"{table.place}: anomalies are the labels {shorten(', '.join(map(repr, kinds)))}")
    table = replace(table, column=lambda at: numbers if at == index else column(at))
    return without_copies(table, name, chosen, channels, LABEL.usual), Role("label", (normal(name),))


def _chosen_column(table, label):
    """The table with its header, and the place of the column of a name or number."""
    table, columns = find_columns(table, [Role("label", (normal(label),))], {"label": label})
    return table, list(table.names).index(columns["label"])


def _headed(table):
    """The table with its header; a name of a column of labels in the first row tells it too."""
    first = {normal(table.column(index)[0]) for index in range(len(table.names))}
    return table.with_header() if table.header is None and first & {*LABEL.usual} else with_header(table)


def _usual(table, chosen):
    """The table, and the place of the column of labels, by its name or what it holds; None for none."""
    if _has_labels_last(table):
        note = f"{table.place}: the last column, of 0 and 1 alone, is taken for labels; `label` none turns that off"
        return replace(table, names=["value", "label"], header=True).with_note(note), 1
    names = [None if name in chosen else plain(name) for name in table.names]
    index = next((names.index(word) for word in LABEL.usual if word in names), None)
    if index is not None:
        return table, index
    index = _marks(table, names)
    index = _words_of_state(table, chosen) if index is None else index
    if index is not None:
        name = shorten(repr(table.names[index]))
        table = table.with_note(f"{table.place}: `label` is the column {name}; `label` none turns that off")
    return table, index


def _marks(table, names):
    """The column with a name as of a target and 0 and 1 alone, of which 1 is rarer, beside others of numbers."""
    for index in (names.index(word) for word in MARKS if word in names):
        marks, bad = as_numbers(table.column(index), table.comma)
        if len(bad) or not set(marks.tolist()) <= {0.0, 1.0} or marks.mean() >= 0.5:
            continue
        if sum(is_numeric(table.column(other)[:MOST_SHOWN]) for other in range(len(names))) >= LEAST_NUMERIC:
            return index
    return None


def _words_of_state(table, chosen):
    """The only column of words of which most are "normal", but for the chosen ones, else None."""
    indices = [index for index, name in enumerate(table.names) if name not in chosen]
    places = [index for index in indices if _is_mostly_normal(table.column(index))]
    return places[0] if len(places) == 1 else None


def _is_mostly_normal(cells):
    """Whether cells are a few words of which "normal" is the most frequent; most columns are told by the first ones."""
    shown = set(map(str, cells[:MOST_SHOWN]))
    if not any("normal" in cell.casefold() for cell in shown):
        return False
    words = list(map(normal, cells))
    return len(set(words)) <= MOST_KINDS and 2 * words.count("normal") > len(words)


def _has_labels_last(table):
    """Whether a table of two columns without header has numbers, and beside them 0 and 1, of which 1 is rarer."""
    if len(table.names) != 2 or table.header:
        return False
    first, last = (as_numbers(table.column(index))[0] for index in (0, 1))
    return set(last.tolist()) == {0.0, 1.0} and last.mean() < 0.5 and len(np.unique(first)) > 2


def as_labels(cells: Sequence[Any], where: Callable[[int], str]) -> np.ndarray:
    """Cells as 0 or 1, int `(steps,)`: numbers, of which 0 and empty ones are normal, or words.

    Of -1 and 1 alone the rarer one is that of anomalies. Of words those such as "normal" are normal, and if there are
    some, all others are kinds of anomalies; so are whole numbers above 0, if most are 0.

    Raises:
        InputError: a cell is neither; `where` tells its place.
    """
    words = [normal(cell).strip(". ") for cell in cells]
    known = any(word in NORMAL for word in words)
    numbers = np.array([_as_label(cell, word, known) for cell, word in zip(cells, words)])
    most = MOST_KINDS if 2 * np.count_nonzero(numbers == 0) >= len(numbers) else 1
    bad = np.flatnonzero(~((numbers == np.round(numbers)) & (numbers >= -1) & (numbers <= most)))
    if len(bad):
        raise InputError(
            f"{where(int(bad[0]))}: expected a label of 0 or 1, got {shorten(repr(cells[bad[0]]), 40)}",
            "name the column of labels with `label`, or set it to none",
        )
    if set(numbers.tolist()) == {-1, 1}:  # of outlier detectors, some of which mark anomalies with -1: the rarer one
        numbers = numbers if (numbers == 1).mean() <= 0.5 else -numbers
    return np.clip(numbers, 0, 1).astype(int)


def _as_label(cell, word, known):
    """The number of a label, NaN for a word that is none; of other words beside normal ones 1."""
    if word in NORMAL or not word:
        return 0.0
    if word in ANOMALOUS:
        return 1.0
    try:
        return float(str(cell).strip())
    except ValueError:
        return 1.0 if known else np.nan
