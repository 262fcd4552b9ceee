"""Which columns hold the values, and what the others are: covariates, texts of a series, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlpseq.data.files.numbers import parse_numbers
from nlpseq.data.files.table import Table, is_missing, normal, the_only
from nlpseq.data.series.items import item_name
from nlpseq.data.series.roles import VALUE, Columns, given_columns, names_in
from nlpseq.errors import InputError, shorten

MOST_CATEGORIES = 30  # of a covariate of texts
FEWEST_ROWS = 10  # from which whole numbers are taken for those of the rows


def value_columns(
    table: Table,
    columns: Columns,
    keys: list[str],
    taken: set[str],
    numeric: list[str],
    channels: bool,
    notes: list[str],
) -> tuple[list[str], bool]:
    """The columns of values, and whether each of them is a series of its own."""
    given = given_columns(table, VALUE, columns.value)
    if given is not None:
        return given, len(given) > 1 and not channels
    usual = next((name for word in VALUE.usual for name in numeric if normal(name) == word), None)
    if usual is None and table.header is not False:
        named = [name for word in VALUE.usual for name in table.names if normal(name) == word]
        named = [name for name in named if name not in {*keys, *taken}]
        usual = named[0] if named and not numeric else None  # text in numbers is an error with its line
    if channels and numeric and (usual is None or (len(numeric) > 1 and not names_in(columns.covariates))):
        return numeric, False
    if usual is not None:
        return [the_only(table, usual, VALUE.argument)], False
    filled = [name for name in numeric if not all(map(is_missing, table.values(name)))]
    if len(filled) == 1:
        return filled, False
    if not filled:
        names = ", ".join(str(name) for name in table.names[:8])
        if numeric:
            raise InputError(f"{table.place}: all values are missing: expected numbers in {numeric[0]!r}.")
        rest = [name for name in table.names if name not in {*keys, *taken}]
        if len(rest) == 1:
            return rest, False
        raise InputError(f"{table.place} has no column of numbers, only {shorten(names)}", "name one with `value`")
    if keys:
        names = ", ".join(str(name) for name in filled[:8])
        raise InputError(f"{table.place}: which column holds the values? Name one of {shorten(names)} with `value`.")
    if not channels:
        notes.append(
            f"{table.place}: {len(filled)} columns of numbers are {len(filled)} series; if one is meant, name it with "
            "`value`, and the others become covariates"
        )
    return filled, True


def other_columns(
    table: Table, names: list[str], groups: Mapping[str, np.ndarray], numeric: list[str], notes: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """The other columns: numbers and categories that change, and texts that hold for a whole series.

    `groups` are the rows of each item; columns that are not used are added to `notes`.
    """
    covariates: dict[str, np.ndarray] = {}
    statics: dict[str, list[str]] = {}
    for name in names:
        cells = table.values(name)
        numbers = _numbers_or_none(table, name) if name in numeric else None
        texts = ["" if is_missing(cell) else item_name(cell) for cell in cells] if numbers is None else []
        fixed = len(groups) > 1 and all(_is_constant(cells, rows) for rows in groups.values())
        if fixed:
            statics[str(name)] = [item_name(cell) for cell in cells]
        elif numbers is not None and _is_row_number(numbers):
            notes.append(f"{table.place}: the column {shorten(str(name))!r} numbers the rows and is not used")
        elif numbers is not None:
            covariates[str(name)] = numbers
        elif len(kinds := sorted(set(texts) - {""})) <= MOST_CATEGORIES:
            categories = np.array(texts)
            covariates |= {f"{name}={kind}": (categories == kind).astype(float) for kind in kinds}
        else:
            notes.append(f"{table.place}: the column {shorten(str(name))!r} holds texts and is not used")
    statics = {name: cells for name, cells in statics.items() if 1 < len(set(cells)) < max(3, len(groups))}
    return covariates, statics


def _numbers_or_none(table, name):
    """A column as numbers; None if a few cells are texts, as codes of categories are."""
    try:
        return parse_numbers(table, name)
    except InputError:
        if len(set(map(str, table.values(name)))) <= MOST_CATEGORIES:
            return None
        raise


def _is_row_number(numbers):
    """Whether numbers count the rows of a table, in any order and perhaps without some."""
    if len(numbers) < FEWEST_ROWS or not np.isfinite(numbers).all() or (numbers != np.round(numbers)).any():
        return False
    return len(np.unique(numbers)) == len(numbers) and np.ptp(numbers) < 2 * len(numbers)


def _is_constant(cells, rows):
    first = cells[rows[0]]
    return all(cells[row] == first for row in rows)
