"""JSON files: one object or row a line, an array of them, columns, or an object of splits."""

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nlpseq.data.files.paths import SPLIT_OF, split_of
from nlpseq.data.files.table import Table, are_numbers, repeated_in, rows_table
from nlpseq.errors import InputError, first_of, shorten

PYTHON = re.compile(r"\s*\{u?'.*\}\s*$")
BLANK = re.compile(r"\s*")
HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")  # of surrogates, perhaps without the other half, which is not a character
MOST_NESTED = 8  # levels of objects whose members become columns, such as "review.text"


def read_json(text: str, place: str, change: Callable[[list], Any] = list) -> Table:
    """The table in a JSON text, with a column for each member of its objects: "review.text" for nested ones.

    Args:
        text: of the file.
        place: of the table, its path.
        change: from a list of rows, such as a split, to these or to an object of columns. Default no change.

    Raises:
        InputError: the text is not JSON, or holds no rows.
    """
    repeated: dict[str, None] = {}
    broken: list[int] = []
    values = list(_values(text, place, repeated, broken))
    table = _table_of(values, place, change).with_repeated(list(repeated))
    if not broken:
        return table
    return table.with_note(
        f"{place}: half a pair of surrogates, which is not a character, is read as '?', in line {first_of(broken)}"
    )


def _table_of(values, place, change) -> Table:
    unit = "line"
    if len(values) == 1 and isinstance(values[0][1], (list, dict)):
        rows = _rows_of(values[0][1], change)
        if rows is not None:
            unit, values = "item", list(enumerate(rows, start=1))
    else:
        rows = _as_rows(change([row for _, row in values]))
        values = [(line, row) for (line, _), row in zip(values, rows)]
    if not values:
        raise InputError(f"{place} holds no rows: expected JSON objects.")
    lists = [row for _, row in values if isinstance(row, list)] if unit == "item" or len(values) > 1 else []
    if len(lists) == len(values) and len({len(row) for row in lists}) == 1 and lists[0]:
        return rows_table(place, lists, [line for line, _ in values], unit=unit, header=False)
    for line, row in values:
        if not isinstance(row, dict):
            raise InputError(f"{place}, {unit} {line}: expected a JSON object, got {shorten(json.dumps(row))}.")
    return objects_table(place, [row for _, row in values], [line for line, _ in values], unit)


def objects_table(place: str, rows: list[dict], lines: Sequence[int], unit: str = "line", **attributes: Any) -> Table:
    """A `Table` of dictionaries; members that a row lacks are None."""
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))

    def column(index):
        return [row.get(names[index]) for row in flat]

    return Table(place, names, column, lines, unit, header=not are_numbers(names), **attributes)


def columns_table(place: str, columns: dict[str, list], unit: str = "row", **attributes: Any) -> Table:
    """A `Table` of columns of equal length; one of objects becomes a column for each of their members."""
    for name, values in list(columns.items()):
        if values and all(isinstance(value, dict) for value in values):
            del columns[name]
            flat = [_flat(value, f"{name}.") for value in values]
            columns |= {key: [row.get(key) for row in flat] for key in dict.fromkeys(k for row in flat for k in row)}
    names = list(columns)
    sizes = {name: len(columns[name]) for name in names}
    if len(set(sizes.values())) > 1:
        raise InputError(f"{place} has columns of unequal length ({shorten(sizes)}): give as many values in each.")
    size = next(iter(sizes.values()), 0)

    def column(index):
        return columns[names[index]]

    return Table(place, names, column, range(1, size + 1), unit, header=not are_numbers(names), **attributes)


def _values(text: str, place: str, repeated: dict[str, None], broken: list[int]) -> Iterator[tuple[int, Any]]:
    """The JSON values of a text with their lines: one for the whole text, or one after another.

    Adds to `repeated` the names that an object has twice, and to `broken` the lines with half of a pair of surrogates.
    """

    def members(pairs):
        row = dict(pairs)
        if len(row) < len(pairs):
            repeated.update(dict.fromkeys(repeated_in([name for name, _ in pairs])))
        return row

    decoder, position, line, text = json.JSONDecoder(object_pairs_hook=members), 0, 1, text.rstrip()
    while position < len(text):
        start, position = position, BLANK.match(text, position).end()  # pyright: ignore[reportOptionalMemberAccess]
        line += text.count("\n", start, position)
        try:
            value, end = decoder.raw_decode(text, position)
        except RecursionError:
            raise InputError(f"{place}, line {line}: the JSON is nested too deeply: give flat objects.") from None
        except ValueError as error:
            if start == 0 and (rows := _python_objects(text)):
                yield from rows
                return
            line += text.count("\n", position, getattr(error, "pos", position))
            reason = getattr(error, "msg", str(error))
            raise InputError(f"{place}, line {line}: not a JSON object ({shorten(reason)}).") from None
        if HALF_PAIR.search(text, position, end):
            written = json.dumps(value, ensure_ascii=False)
            try:
                written.encode()
            except UnicodeEncodeError:
                value = json.loads(written.encode("utf-8", "replace"))
                broken.append(line)
        yield line, value
        line += text.count("\n", position, end)
        position = end


def _python_objects(text):
    """The lines and dictionaries of a text with one in the notation of Python in each line, else none.

    Files of Amazon reviews of 2014 are written so.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not all(PYTHON.match(line) for _, line in lines):
        return []
    try:
        return [(number, ast.literal_eval(line)) for number, line in lines]
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []


def _rows_of(value: Any, change: Callable[[list], Any]) -> Any:
    """The rows in a single JSON value, or None if it is itself one."""
    if isinstance(value, list):
        return _as_rows(change(value)) if all(isinstance(row, (list, dict)) for row in value[:1]) else None
    lists = {name: part for name, part in value.items() if isinstance(part, list)}
    exact = all(str(name).lower() in SPLIT_OF for name in value)
    if lists and (exact or _are_parts_of_splits(value)):
        return _of_splits([(split_of(str(name)), _as_rows(change(part))) for name, part in lists.items()])
    if {"columns", "data"} <= lists.keys() and value.keys() <= {"columns", "index", "data"}:  # of pandas, "split"
        names, rows = map(str, value["columns"]), value["data"]
        if rows and all(isinstance(row, list) and len(row) == len(value["columns"]) for row in rows):
            return _as_rows(dict(zip(names, zip(*rows))))
    if len(lists) == len(value) > 1 and (rows := _as_rows(value)) is not None:
        return rows
    structured = [part for part in lists.values() if part and isinstance(part[0], (dict, list))]
    if len(structured) == 1:
        rows = change(structured[0])
        if isinstance(structured[0][0], dict) or not isinstance(rows, list):
            return _as_rows(rows)
    if len(value) == 1 and isinstance(only := next(iter(value.values())), dict):
        return _rows_of(only, change)
    parts = list(value.values())
    if len(parts) > 1 and all(isinstance(part, dict) and part.keys() == parts[0].keys() for part in parts):
        if len(parts) > len(parts[0]) and (are_numbers(value) or not all(str(key).isdecimal() for key in parts[0])):
            return parts  # of pandas, "index", or examples by their names
        return [{name: part[key] for name, part in value.items()} for key in parts[0]]  # of pandas, "columns"
    return None


def _as_rows(value: Any) -> Any:
    """Rows as they are; those of an object of columns, or None if these have unequal lengths."""
    if isinstance(value, list):
        return value
    if len({len(part) for part in value.values()}) > 1:
        return None
    return [dict(zip(value, row)) for row in zip(*value.values())]


def _are_parts_of_splits(value):
    """Whether all members of an object are lists of rows with the name of a split in theirs: "train", "oos_train"."""
    splits = {split_of(str(name)) for name in value}
    rows = [row for part in value.values() if isinstance(part, list) for row in part[:1]]
    return "train" in splits and None not in splits and rows and all(isinstance(row, (list, dict)) for row in rows)


def _of_splits(parts):
    """The rows of pairs of a split and its rows, with the split of each."""
    rows = []
    for split, part in parts:
        for row in part:
            joined = {**row, "split": split} if isinstance(row, dict) else row
            rows.append([*joined, split] if isinstance(row, list) else joined)
    if rows and all(isinstance(row, list) and len(row) == 3 for row in rows):
        return [{"text": text, "label": label, "split": split} for text, label, split in rows]
    return rows


def _flat(row, prefix="", depth=0):
    """The members of an object, with those of objects in it under dotted names."""
    result = {}
    for name, value in row.items():
        if isinstance(value, dict) and depth < MOST_NESTED:
            result |= _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            result[f"{prefix}{name}"] = value
    return result
