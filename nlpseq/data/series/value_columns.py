"""Which columns hold the values, and what the others are: covariates, texts of a series, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlpseq.data.files.columns import the_only
from nlpseq.data.files.numbers import as_numbers, is_gap, is_numeric, parse_numbers
from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.data.series.items import item_name
from nlpseq.data.series.roles import VALUE, VALUES, Columns, given_columns, names_in, plain
from nlpseq.errors import InputError, shorten

MOST_CATEGORIES = 30  # of a covariate of texts
FEWEST_ROWS = 10  # from which whole numbers are taken for those of the rows


def value_columns(
    table: Table,
    columns: Columns,
    keys: list[str],
    used: set[str],
    numeric: list[str],
    channels: bool,
    notes: list[str],
) -> tuple[list[str], bool]:
    """The columns of values, and whether each of them is a series of its own."""
    role = VALUES if channels else VALUE
    chosen = given_columns(table, role, columns.value)
    if chosen is not None:
        return chosen, len(chosen) > 1 and not channels
    numeric = [name for name in numeric if name not in columns.read]
    usual = _usual(numeric)
    if usual is None and table.header is not False:
        candidates = [name for word in VALUE.usual for name in table.names if plain(name) == word]
        candidates = [name for name in candidates if name not in {*keys, *used}]
        usual = candidates[0] if candidates and not numeric else None  # text in numbers is an error with its line
    if channels and numeric and (usual is None or (len(numeric) > 1 and not names_in(columns.covariates))):
        return numeric, False
    if usual is not None:
        return [the_only(table, usual, role.argument)], False
    covariates = set(map(normal, names_in(columns.covariates) or ()))
    filled = [name for name in numeric if normal(name) not in covariates and not all(map(is_gap, table.values(name)))]
    if len(filled) == 1:
        return filled, False
    if not filled:
        names = ", ".join(str(name) for name in table.names[:8])
        if numeric:
            raise InputError(f"{table.place}: all values are missing: expected numbers in {numeric[0]!r}.")
        rest = [name for name in table.names if name not in {*keys, *used}]
        if len(rest) == 1:
            return rest, False
        raise InputError(
            f"{table.place} has no column of numbers, only {shorten(names)}", f"name one with `{role.argument}`"
        )
    if not channels:
        of_each = " of each item" if keys else ""
        notes.append(
            f"{table.place}: {len(filled)} columns of numbers are {len(filled)} series{of_each}; if one is meant, name "
            "it with `value`, and the others become covariates"
        )
    return filled, True


def _usual(names: list[str]) -> str | None:
    """The most usual name of values, perhaps with a unit behind it if no other column has it with another one."""
    plains = list(map(plain, names))
    for word in VALUE.usual:
        exact = [name for name in names if normal(name) == word]
        if exact or plains.count(word) == 1:
            return exact[0] if exact else names[plains.index(word)]
    return None


def other_columns(
    table: Table,
    names: list[str],
    groups: Mapping[str, np.ndarray],
    numeric: list[str],
    columns: Columns,
    notes: list[str],
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """The other columns: numbers and categories that change, and texts that hold for a whole series.

    What a model reads is read as it does; what is asked for by name is a covariate, or a text of each series. Of the
    others those that tell nothing are left out, in one of the `notes`. `groups` are the rows of each item.
    """
    covariates: dict[str, np.ndarray] = {}
    statics: dict[str, list[str]] = {}
    unused: list[str] = []
    are_chosen = names_in(columns.covariates) is not None
    for name in names:
        cells = table.values(name)
        categories = [read.partition("=")[2] for read in columns.read if read.startswith(f"{name}=")]
        reason = None if are_chosen else _useless(cells, groups)
        if name in columns.read_statics:
            statics[str(name)] = list(map(item_name, cells))
        elif name in columns.read:
            covariates[str(name)] = parse_numbers(table, name)
        elif categories:
            covariates |= _indicators(name, cells, categories)
        elif reason is not None:
            unused.append(f"{str(name)!r} ({reason})")
        elif len(groups) > 1 and _is_static(cells, groups) and not (are_chosen and name in numeric):
            statics[str(name)] = list(map(item_name, cells))
        elif name in numeric and (numbers := _numbers_or_none(table, name)) is not None:
            covariates[str(name)] = numbers
        elif len(kinds := {item_name(cell) for cell in cells if not is_missing(cell)}) <= MOST_CATEGORIES:
            covariates |= _indicators(name, cells, sorted(kinds))
        else:
            unused.append(f"{str(name)!r} (texts)")
    if unused:
        notes.append(f"{table.place}: columns that are not used: {shorten(', '.join(unused), 200)}")
    return covariates, statics


def _useless(cells, groups):
    """Why a column tells nothing; None if it may."""
    if all(map(is_gap, cells)):
        return "no values"
    texts = {str(cell) for cell in cells}
    if len(texts) == 1 and (len(groups) > 1 or not is_numeric(cells[:1])):
        return "the same in all rows"
    if len(groups) > 2 and len(texts) >= len(groups) and _is_constant(cells, groups):
        return "another one in each series, as its name"
    return "numbers of the rows" if _is_row_number(as_numbers(cells)[0]) else None


def _is_static(cells, groups):
    """Whether a column holds one text for each series, and some have the same."""
    return _is_constant(cells, groups) and 1 < len({str(cell) for cell in cells}) < max(3, len(groups))


def _indicators(name, cells, kinds):
    """A covariate of zeros and ones for each of the categories."""
    texts = np.array(["" if is_missing(cell) else item_name(cell) for cell in cells])
    return {f"{name}={kind}": (texts == kind).astype(float) for kind in kinds}


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


def _is_constant(cells, groups):
    """Whether a column has one value in each series."""
    return all(all(cells[row] == cells[rows[0]] for row in rows) for rows in groups.values())
