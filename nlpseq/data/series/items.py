"""The item of each row of a table, and the columns that name it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.table import Table, normal
from nlpseq.data.files.values import is_missing
from nlpseq.data.series.roles import ITEM, Columns, given_columns

NUMBERED = (" id", " nbr", " nr", " no", " code", " number")  # ends of names of columns that tell items apart
FEW_KEYS = 4  # columns that name an item together, at most


def item_columns(table: Table, columns: Columns, times: Any, used: set[str], numeric: list[str]) -> list[str]:
    """The columns that name the item: the given ones; else as many as times need to occur once in each item."""
    chosen = given_columns(table, ITEM, columns.item)
    if chosen is not None:
        return chosen
    few = lambda name: len(set(map(str, table.values(name)))) * 2 <= len(table)  # noqa: E731
    usual = [name for word in ITEM.usual for name in table.names if normal(name) == word and name not in used]
    usual_items = [name for name in usual if few(name)]
    value = columns.value if isinstance(columns.value, (str, int)) else None
    texts = [n for n in table.names if n not in {*used, *numeric, *usual_items, value} and _is_text(table.values(n))]
    numbered = [n for n in numeric if normal(n).endswith(NUMBERED) and n not in {*usual, value} and few(n)]
    stamps = np.zeros(len(table)) if times is None else np.asarray(getattr(times, "asi8", times))
    repeats = len(np.unique(stamps)) < len(stamps)
    keys = [name for name in usual_items if name not in numeric][:1]
    if times is None or not repeats:
        return keys
    for name in [*usual_items, *texts, *numbered][: 2 * FEW_KEYS]:
        before = _pairs(table, keys, stamps)
        if len(keys) == FEW_KEYS or before == len(stamps):
            break
        if name not in keys and _pairs(table, [*keys, name], stamps) > before:
            keys.append(name)
    if not keys:
        return []
    return keys if _pairs(table, keys, stamps) > len(stamps) // 2 else []


def _pairs(table, keys, stamps):
    """The number of different pairs of a time and an item."""
    items = item_names(table, keys) if keys else [""] * len(stamps)
    return len(set(zip(stamps.tolist(), items)))


def _is_text(cells):
    shown = [cell for cell in cells[:200] if not is_missing(cell)]
    return bool(shown) and all(isinstance(cell, (str, bytes)) for cell in shown)


def item_names(table: Table, keys: Sequence[str]) -> list[str]:
    """The name of the item of each row."""
    parts = [[item_name(cell) for cell in table.values(key)] for key in keys]
    return parts[0] if len(parts) == 1 else [", ".join(row) for row in zip(*parts)]


def item_name(cell: Any) -> str:
    """A cell as the name of an item: 3.0 is "3"."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell).strip()
