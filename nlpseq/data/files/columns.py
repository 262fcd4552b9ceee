"""The columns that a kind of task needs, and how they are found in a table."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlpseq.data.files.header import with_header_by
from nlpseq.data.files.table import Table, normal
from nlpseq.errors import InputError, plural, shorten, suggest


@dataclass(frozen=True)
class Role:
    """A column that a kind of task needs.

    Attributes:
        argument: the argument that names it.
        usual: names by which it is recognised, in order of preference, in lower case and with
            single blanks between their words.
        begins: first words of names by which it is recognised too.
    """

    argument: str
    usual: tuple[str, ...]
    begins: tuple[str, ...] = ()


def find_columns(
    table: Table,
    roles: Sequence[Role],
    arguments: Mapping[str, Any],
    guess: Callable[[Table], Sequence[int]] | None = None,
) -> tuple[Table, dict[str, str]]:
    """Finds the column of each role.

    A given name is matched without case and outer blanks, else taken as a number from 1. Without one,
    the usual names of the role are tried, also as the last part of a dotted name; of two columns, the
    one that is left is taken. A table without header is given to `guess`.

    Args:
        table: whose first row may be a header.
        roles: what is needed.
        arguments: names by argument of those roles that the user named.
        guess: from a table without header to a column index for each role.

    Returns:
        The table with its header, and the name of a column by argument.

    Raises:
        InputError: a column is missing.
    """
    table = with_names(table, roles, arguments)
    columns = {
        role.argument: _column_of(table, arguments[role.argument], role, roles)
        for role in roles
        if _is_given(role, arguments)
    }
    for role in roles:
        if role.argument not in columns:
            name = _usual(table, role, set(columns.values()))
            if name is not None:
                columns[role.argument] = the_only(table, name, role.argument)
    if table.header and columns.keys() < {role.argument for role in roles}:
        table, columns = _with_nearly_usual(table, roles, columns)
    missing = [role.argument for role in roles if role.argument not in columns]
    usual = [(*role.usual, role.argument)[0] for role in roles if role.argument not in columns]
    left = [name for name in table.names if name not in columns.values()]
    if len(missing) == 1 and len(left) == 1:
        columns[missing[0]] = left[0]
    elif missing and guess is not None and len(missing) == len(roles) and (not table.header or len(left) == len(roles)):
        indices = guess(table)
        if max(indices) >= len(table.names):
            _refuse(table, usual[0], roles)
        columns = {role.argument: table.names[index] for role, index in zip(roles, indices)}
        assignments = " and ".join(f"`{role}` is column {name}" for role, name in columns.items())
        table = table.with_note(f"{table.place}{'' if table.header else ' has no header'}: {assignments}")
    elif missing:
        _refuse(table, usual[0], roles)
    for role in roles[1:]:
        if columns[role.argument] == columns[roles[0].argument]:
            raise InputError(
                f"{table.place}: `{roles[0].argument}` and `{role.argument}` are both the column "
                f"{shorten(columns[role.argument])!r}: name two different ones."
            )
    return table, columns


def with_names(table: Table, roles: Sequence[Role], arguments: Mapping[str, Any]) -> Table:
    """The table with its header; whether the first row is one is decided by names, else by the content."""

    def is_header(cells):
        chosen = [arguments[role.argument] for role in roles if _is_given(role, arguments)]
        usual = any(normal(cell) in role.usual for role in roles for cell in cells)
        return usual or any(_number(value) is None for value in chosen)  # a number is the place of a column

    return with_header_by(table, is_header)


def the_only(table: Table, name: str, argument: str) -> str:
    """A name that was found without case, `_` and `-`.

    Raises:
        InputError: other columns have that name too.
    """
    if name in table.repeated or (table.header and sum(normal(other) == normal(name) for other in table.names) > 1):
        raise InputError(
            f"{table.place} has several columns called {shorten(name)!r}",
            "rename them",
            f"give `{argument}` the number of one, from 1",
        )
    return name


def _is_given(role, arguments):
    return arguments.get(role.argument) not in (None, "")


def _number(value):
    """The index of a column that is given by its number from 1, else None."""
    text = str(value).strip()
    return int(text) - 1 if re.fullmatch("[1-9][0-9]{0,3}", text) else None


def _column_of(table, value, role, roles):
    text = str(value).strip()
    names = {normal(name): name for name in reversed(table.names)}
    if text in table.names and text not in table.repeated:
        return text
    if normal(text) in names:
        return the_only(table, names[normal(text)], role.argument)
    index = _number(value)
    if index is not None and index < len(table.names):
        return table.names[index]
    return _refuse(table, text, roles)


def _usual(table, role, used):
    names = {}
    for name in table.names if table.header else ():
        names.setdefault(normal(name), name)
        names.setdefault(normal(name).rpartition(".")[2], name)
    return next((names[word] for word in role.usual if word in names and names[word] not in used), None)


def _with_nearly_usual(table, roles, columns):
    """The columns with those whose names alone end in a usual one, such as "gold_label", or begin so, with a note."""
    for role in roles:
        if role.argument in columns:
            continue
        left = {name: normal(name) for name in table.names if name not in columns.values()}
        ends = ([name for name in left if left[name].endswith(f" {word}")] for word in role.usual)
        begins = ([name for name in left if left[name].startswith(f"{word} ")] for word in role.begins)
        names = next(filter(None, (*ends, *begins)), [])
        if len(names) == 1:
            columns = {**columns, role.argument: the_only(table, names[0], role.argument)}
            table = table.with_note(f"{table.place}: `{role.argument}` is the column {shorten(names[0])!r}")
    return table, columns


def _refuse(table, name, roles):
    arguments = " and ".join(f"`{role.argument}`" for role in roles)
    if not table.header:
        raise InputError(
            f"{table.place} has no header with a column {name!r}, and {plural(len(table.names), 'column')}",
            f"give the numbers of the columns, from 1, with {arguments}",
        )
    raise InputError(
        f"{table.place}: there is no column {shorten(name)!r} ({suggest(name, table.names).rstrip('.')})",
        f"name the columns with {arguments}",
    )
