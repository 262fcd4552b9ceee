"""Tables whose columns have two names, that of a value and that of an item, as of prices of several stocks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.data.series.roles import ITEM, TIME, VALUE

LEVELS = ("price", "ticker")  # as yfinance calls the two rows of names


def long_frame(data: Any) -> Any:
    """A frame of pandas with a row for each time and item, of one whose columns have two names; else itself."""
    if getattr(getattr(data, "columns", None), "nlevels", 1) != 2:
        return data
    level = _item_level([data.columns.get_level_values(number) for number in (0, 1)], data.columns.names)
    items = data.columns.get_level_values(level)
    if items.nunique() == 1:
        return data.droplevel(level, axis=1)
    data = data.rename_axis(data.index.name or "time").rename_axis(columns=[None, None])
    return data.stack(level, future_stack=True).rename_axis([data.index.name, "item"]).reset_index()


def _item_level(names, titles):
    """The level of the items: the one called so, else the one that has no usual name of a value."""
    for level, title in enumerate(titles):
        if normal(title or "") in ITEM.usual:
            return level
    usual = [sum(normal(name) in VALUE.usual for name in level) for level in names]
    return 0 if usual[1] > usual[0] else 1


def long_table(table: Table) -> Table:
    """The table with a row for each time and item, of one with a second row of names; else itself.

    Its first two cells at the left are `Price` and `Ticker`; a third row may have the name of the times alone.
    """
    if len(table) < 2 or len(table.names) < 2:
        return table
    cells = [table.column(index) for index in range(len(table.names))]
    if (normal(table.names[0]), normal(cells[0][0])) != LEVELS:
        return table
    below = [column[1] for column in cells]
    titled = normal(below[0]) in TIME.usual and all(map(is_missing, below[1:]))
    rows = range(1 + titled, len(table))
    kinds = [re.sub(r" \(\d+\)$", "", str(name)) for name in table.names[1:]]
    items = [str(column[0]).strip() for column in cells[1:]]
    places = {pair: place for place, pair in enumerate(zip(kinds, items), start=1)}
    values = list(dict.fromkeys(kinds))
    keys = [(item, row) for item in dict.fromkeys(items) for row in rows]
    columns = [[cells[0][row] for _, row in keys], [item for item, _ in keys]]
    for kind in values:
        cells_by_item = {item: cells[places[kind, item]] for item in set(items) if (kind, item) in places}
        columns.append([cells_by_item[item][row] if item in cells_by_item else None for item, row in keys])
    lines = [table.lines[row] for _, row in keys]
    names = [str(below[0]) if titled else "time", "item", *values]
    long = replace(table, names=names, column=lambda index: columns[index], lines=lines, note="", repeated=())
    return long if len(set(items)) > 1 else long.without("item")
