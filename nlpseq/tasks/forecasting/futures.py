"""What a test part has besides values: rows of the future without values, and the description of a dataset."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from nlpseq.data.files.contents import read_text
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series import Columns, SeriesTable
from nlpseq.data.series.header import with_header
from nlpseq.paths import as_path

DESCRIPTIONS = ("metadata.json", "metadata/metadata.json")  # of GluonTS


def continued_columns(table: SeriesTable, columns: Columns) -> Columns:
    """The columns of the training part, by which those of its continuations are known."""
    columns_by_role = {role: name for role, name in table.names.items() if getattr(columns, role) in (None, "")}
    item = columns_by_role.pop("item", "").split(", ")
    return replace(columns, **columns_by_role, **({"item": tuple(item)} if item != [""] else {}))


def with_future(train: Table, test: Table, table: SeriesTable) -> Table | None:
    """The rows of both parts, of tables of which the test part has times and no column of the values; else None."""
    names = table.names
    if not {"time", "value"} <= names.keys():
        return None
    train, test = with_header(train), with_header(test)
    places = {normal(name): place for place, name in enumerate(test.names)}
    if not test.header or normal(names["value"]) in places or normal(names["time"]) not in places:
        return None
    used = {*", ".join(names.values()).split(", "), *table.statics, *(name.split("=")[0] for name in table.covariates)}
    indices = [index for index, name in enumerate(train.names) if str(name) in used]
    columns = []
    for index in indices:
        place = places.get(normal(train.names[index]))
        columns.append([*train.column(index), *([None] * len(test) if place is None else test.column(place))])
    names, lines = [train.names[index] for index in indices], [*train.lines, *test.lines]
    return replace(train, names=names, column=lambda index: columns[index], lines=lines, breaks=())


def described_frequency(dataset: Any) -> str | None:
    """The frequency in the description of a folder as of GluonTS, None if there is none."""
    if not isinstance(dataset, (str, os.PathLike)):
        return None
    for name in DESCRIPTIONS:
        path = as_path(dataset) / name
        if os.path.isfile(path):
            try:
                return str(json.loads(read_text(path))["freq"])
            except (ValueError, KeyError, TypeError, RecursionError):
                return None
    return None
