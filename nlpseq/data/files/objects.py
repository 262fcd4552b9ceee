"""Python objects as tables: lists, NumPy arrays, frames of pandas, Polars and Arrow, Hugging Face datasets, tf.data.

They are recognised by what they have, so that none of these packages is imported.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nlpseq.data.files.json_rows import columns_table, objects_table
from nlpseq.data.files.paths import SPLIT_OF
from nlpseq.data.files.table import Table, by_split, repeated_in, rows_table
from nlpseq.errors import InputError, first_of, plural, shorten

FORMS = (
    "a table (a pandas or Polars frame, an Arrow table, a Hugging Face dataset), a list of rows, a tuple or dict of "
    "columns, a tf.data.Dataset, or a dict of these by split"
)


def tables_of(data: Any, rank: int = 0) -> dict[str, Table]:
    """The tables of an object by split.

    Args:
        data: rows, a list of tuples or dicts or an array `(rows, columns)`; columns, a tuple of sequences or a dict
            of them; a frame; a Hugging Face dataset; a `tf.data.Dataset` of tuples or dicts, batched or not; or a
            dict of these with the names of splits as keys.
        rank: of the parts of an example, 0 for texts and 1 for lists of tokens: elements of a `tf.data.Dataset` of a
            higher rank are batches.

    Raises:
        InputError: it is none of these, empty, or without end.
    """
    parts = parts_by_split(data)
    if parts is None:
        return by_split(_table(data, f"the {type(data).__name__}", rank))
    tables = {split: _table(part, f"the {split} data", rank) for split, part in parts.items()}
    others = [str(name) for name in data if str(name).lower() not in SPLIT_OF]
    if others:
        note = f"what is called {first_of(others)} is no split, and is left out"
        tables["train"] = tables["train"].with_note(note)
    return tables


def training_table(data: Any) -> Table:
    """The table of an object, the training split of a dict of splits.

    Raises:
        InputError: as of `tables_of`; a dict of splits has none for training.
    """
    parts = parts_by_split(data)
    if parts is not None and "train" not in parts:
        raise InputError(f"the {type(data).__name__} has no training split: expected one named train.")
    return tables_of(data)["train"]


def training_and_others(data: Any) -> dict[str, Any]:
    """The parts of an object by split; the training split is all of one that is no dict of splits with it."""
    parts = parts_by_split(data)
    return parts if parts and "train" in parts else {"train": data}


def parts_by_split(data: Any) -> dict[str, Any] | None:
    """The parts of a dict whose keys are names of splits, by split; None of another object."""
    if isinstance(data, Mapping) and _are_splits(data):
        return {SPLIT_OF[str(name).lower()]: part for name, part in data.items() if str(name).lower() in SPLIT_OF}
    return None


def _are_splits(data):
    """Whether keys are the names of splits, or one is "train" and all values are tables, as "unsupervised" of IMDB."""
    names = [str(name).lower() for name in data]
    tables = all(hasattr(part, "column_names") or hasattr(part, "columns") for part in data.values())
    return bool(names) and (all(name in SPLIT_OF for name in names) or ("train" in names and tables))


def _table(data: Any, place: str, rank: int) -> Table:
    table = _frame(data, place)
    if table is None and hasattr(data, "as_numpy_iterator"):
        table = _of_rows(place, _elements(data, place, rank))
    elif table is None and isinstance(data, Mapping):
        table = columns_table(place, {str(name): _values(column, place) for name, column in data.items()})
    elif table is None and isinstance(data, tuple):
        table = columns_table(place, {str(i): _values(column, place) for i, column in enumerate(data, start=1)})
        table = replace(table, header=False)
    elif table is None:
        table = _of_rows(place, _values(data, place))
    if not len(table):
        raise InputError(f"{place} holds no rows: give examples.")
    return table


def _frame(data, place):
    """The table of an object with named columns, else None."""
    names = getattr(data, "column_names", None)  # of Hugging Face datasets; pandas and Polars have `columns`
    if names is None:
        names = getattr(data, "columns", None)
    if names is None or isinstance(data, Mapping) or not hasattr(data, "__getitem__"):
        return None
    if repeated := repeated_in(list(map(str, names))):
        raise InputError(f"{place} has several columns called {repeated[0]!r}: rename them.")
    columns = {str(name): _values(data[name], place) for name in names}
    features = getattr(data, "features", None) or {}
    classes = {name: _class_names(features[name]) for name in columns if name in features}
    return columns_table(place, columns, classes={name: labels for name, labels in classes.items() if labels})


def _class_names(feature):
    """The class names of a feature of a Hugging Face dataset, or of the items of a sequence, else None."""
    feature = feature[0] if isinstance(feature, list) and feature else feature
    feature = getattr(feature, "feature", feature)
    names = getattr(feature, "names", None)
    return list(names) if names else None


def _values(column: Any, place: str) -> list:
    """The values of a column or the rows of an array as a list."""
    for name in ("tolist", "to_list", "to_pylist"):
        if hasattr(column, name):
            values = getattr(column, name)()
            return values if isinstance(values, list) else [values]
    if hasattr(column, "numpy"):
        return _values(column.numpy(), place)
    if isinstance(column, (str, bytes)) or not isinstance(column, Iterable):
        raise InputError(f"cannot read {place}: expected {FORMS}, got {shorten(repr(column))}.")
    return list(column)


def _of_rows(place, rows):
    if rows and all(isinstance(row, Mapping) for row in rows):
        return objects_table(place, [{str(k): v for k, v in row.items()} for row in rows], _numbers(rows), "row")
    if not rows:
        raise InputError(f"{place} holds no rows: give examples.")
    if all(isinstance(row, (str, bytes)) for row in rows):
        rows = [(row,) for row in rows]
    width = len(rows[0]) if _is_row(rows[0]) else 2
    for number, row in enumerate(rows, start=1):
        if not _is_row(row) or len(row) != width:
            raise InputError(
                f"{place}, row {number}: expected a row of {plural(width, 'value')}, got {shorten(repr(row), 60)}: "
                "give rows of one length."
            )
    return rows_table(place, rows, _numbers(rows), unit="row", header=False)


def _is_row(row):
    return isinstance(row, Sequence) and not isinstance(row, (str, bytes))


def _numbers(rows):
    return range(1, len(rows) + 1)


def _elements(dataset, place, rank):
    """The rows of a `tf.data.Dataset`; batches are taken apart."""
    if int(dataset.cardinality()) == -1:
        raise InputError(f"{place} has no end: give a dataset that is not repeated.")
    parts = _parts(dataset.element_spec)
    if all(part.shape.rank is not None and part.shape.rank > rank for part in parts):
        dataset = dataset.unbatch()
    return [_element(row) for row in dataset.as_numpy_iterator()]


def _parts(spec):
    """The parts of an element of a dataset."""
    return list(spec.values()) if isinstance(spec, Mapping) else list(spec) if isinstance(spec, tuple) else [spec]


def _element(row):
    if isinstance(row, Mapping):
        return {name: _plain(value) for name, value in row.items()}
    return tuple(map(_plain, row)) if isinstance(row, tuple) else (_plain(row),)


def _plain(value):
    return next((getattr(value, name)() for name in ("tolist", "to_list") if hasattr(value, name)), value)
