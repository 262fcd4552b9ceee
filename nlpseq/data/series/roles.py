"""Which columns of a table of series are meant: given by the caller, or known by their usual names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from nlpseq.data.files.columns import Role, find_columns, the_only
from nlpseq.data.files.table import Table, normal

UNIT = re.compile(r"\s*[(\[][^()\[\]]*[)\]]$")  # behind the name of a column: time (s)
TIME = Role("time", (
    "time", "timestamp", "date", "datetime", "date time", "ds", "time stamp", "period", "day", "month", "week",
    "quarter", "year", "hour", "t", "step", "index", "unnamed: 0", "timestamps", "dates",
    "ts", "epoch", "unix time", "unixtime", "datum", "zeit", "fecha", "date time utc", "utc",
    "seconds", "elapsed", "elapsed time", "elapsed seconds",
))  # fmt: skip
ITEM = Role("item", (
    "item", "item id", "unique id", "series", "series id", "series name", "ts id", "id", "name", "sensor", "station",
    "meter", "sku", "product", "product id", "store", "store id", "store nbr", "shop", "dept", "department", "family",
    "category", "country", "state", "province", "region", "city", "location", "site", "symbol", "ticker", "customer",
    "machine", "household", "building", "building id", "page", "variable",
))  # fmt: skip
VALUE = Role("value", (
    "value", "values", "y", "target", "x", "data", "sales", "weekly sales", "unit sales", "units sold", "units",
    "num sold", "demand", "quantity", "qty", "count", "cnt", "orders", "load", "consumption", "close", "observation",
    "measurement", "traffic volume", "visits", "passengers", "#passengers", "revenue", "turnover", "amount", "price",
))  # fmt: skip
VALUES = replace(VALUE, argument="values")  # of several channels


@dataclass(frozen=True)
class Columns:
    """Which columns are meant, by name or by number from 1; None to find them out.

    Attributes:
        time, item, value: One column each; `item`, and `time` with a date and a time of day, may be several, as a
            tuple or separated by commas. `value` may be several channels with `channels`.
        covariates: Names of columns of numbers or categories that are kept beside the values; None for all.
        read, read_statics: Names of the covariates and of the texts of series that a model reads, as those of
            `SeriesTable`: such columns are these, whatever they hold.
        others: Further columns by role, such as labels, which are kept as numbers if they are there.
    """

    time: Any = None
    item: Any = None
    value: Any = None
    covariates: Any = None
    read: tuple[str, ...] = ()
    read_statics: tuple[str, ...] = ()
    others: tuple[Role, ...] = ()


def plain(name: Any) -> str:
    """The name of a column as those of roles are, without a unit in brackets behind it.

    >>> plain("Time_(s)"), plain("Sales [$]")
    ('time', 'sales')
    """
    return UNIT.sub("", normal(name))


def given_columns(table: Table, role: Role, argument: Any) -> list[str] | None:
    """The columns of the table that an argument names; None if it is not given."""
    names = names_in(argument)
    if names is None:
        return None
    return [find_columns(table, [role], {role.argument: name})[1][role.argument] for name in names]


def names_in(names: Any) -> list | None:
    """The names in an argument that may be one, several in a string with commas, or a sequence; None if not given."""
    if names is None or names == "":
        return None
    if isinstance(names, (str, int)):
        return [part.strip() for part in str(names).split(",")]
    return list(names)


def usual_column(table: Table, role: Role) -> str | None:
    """The column whose name is the most usual one of a role; None if there is none, or no header."""
    if table.header is False:
        return None
    names = {plain(name): name for name in reversed(table.names)}
    names |= {normal(name): name for name in reversed(table.names)}
    column = next((names[word] for word in role.usual if word in names), None)
    return column and the_only(table, column, role.argument)
