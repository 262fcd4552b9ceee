"""A table of named columns, its splits, and several tables as one."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nlpseq.data.files.paths import SPLIT_OF
from nlpseq.data.files.values import is_number
from nlpseq.errors import InputError, first_of, plural, shorten

SPLIT_COLUMNS = ("split", "set", "subset", "fold", "partition")


@dataclass(frozen=True)
class Table:
    """Rows of named columns, with their place in a file.

    Attributes:
        place: path of the file, or a description of the object.
        names: of the columns; "1", "2", ... if there is no header.
        column: from the index of a column to its values, a list.
        lines: number of each row from 1, in a file that of its first line.
        unit: what the numbers count, "line" in files of lines.
        header: whether the first row holds the names; None if that is to be found out.
        breaks: indices of the rows that follow an empty line.
        classes: names of integer values by column name, for data that know them.
        note: a problem that stops nothing, such as how the columns were found if they were guessed.
        repeated: names that the file gives several columns.
        comma: whether numbers are written with a decimal comma, as in files whose delimiter is a semicolon.
    """

    place: str
    names: Sequence[str]
    column: Callable[[int], list]
    lines: Sequence[int]
    unit: str = "line"
    header: bool | None = True
    breaks: Collection[int] = ()
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    note: str = ""
    repeated: Collection[str] = ()
    comma: bool = False

    def __len__(self):
        return len(self.lines)

    @functools.cached_property
    def _indices(self):
        """The index of each name; with thousands of columns a search for each would take long."""
        return {name: index for index, name in enumerate(self.names)}

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.place}, {self.unit} {self.lines[row]}"

    def places(self, rows: Sequence[int]) -> str:
        """The numbers of rows, for messages: "lines 3, 7"."""
        return f"{self.unit}{'s' * (len(rows) > 1)} {first_of([self.lines[row] for row in rows])}"

    def values(self, name: str) -> list:
        """The values of a column; integers for which the data have class names become these names."""
        values = self.column(self._indices[name])
        names = self.classes.get(name)
        return values if names is None else [_class_name(value, names) for value in values]

    def with_header(self) -> "Table":
        """The table whose names are the values of its first row."""
        cells = [self.column(index)[0] for index in range(len(self.names))]
        texts = ["" if cell is None else str(cell).strip() for cell in cells]
        names, repeated = unique(texts), repeated_in(texts)
        breaks = {row - 1 for row in self.breaks}
        column = self.column
        table = replace(self, names=names, column=lambda index: column(index)[1:], lines=self.lines[1:], breaks=breaks)
        table = replace(table, header=not are_numbers(texts))
        return table.with_repeated(repeated)

    def with_repeated(self, names: Collection[str]) -> "Table":
        """The table with a note on names that the file gives several columns."""
        if not names:
            return self
        return self.with_note(
            f"{self.place} has several columns of one name: {shorten(', '.join(map(repr, names)))}", names
        )

    def with_note(self, note: str, repeated: Collection[str] = ()) -> "Table":
        """The table with one note more."""
        return replace(self, note="; ".join(filter(None, (self.note, note))), repeated=repeated or self.repeated)

    def without(self, name: str) -> "Table":
        """The table without one of its columns."""
        left = [index for index, other in enumerate(self.names) if other != name]
        column = self.column
        return replace(self, names=[self.names[index] for index in left], column=lambda index: column(left[index]))

    def select(self, rows: Sequence[int]) -> "Table":
        """The table of some of the rows."""
        column = self.column
        return replace(
            self,
            column=lambda index: [column(index)[row] for row in rows],
            lines=[self.lines[row] for row in rows],
            breaks=(),
        )


def _class_name(value, names):
    if isinstance(value, (list, tuple)) or getattr(value, "shape", ()):
        return [_class_name(item, names) for item in value]
    return names[int(value)] if is_number(value) and 0 <= int(value) < len(names) else None


def normal(name: Any) -> str:
    """A column name as `Role.usual` has it: "Review_Text " is "review text"."""
    return re.sub(r"[\s_\-]+", " ", str(name)).strip().casefold()


def unique(names) -> list[str]:
    """Names of columns, with a number behind those that occur again."""
    counts, result = Counter(), []
    for name in names:
        counts[name] += 1
        result.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return result


def repeated_in(names: Sequence[str]) -> list[str]:
    """The names that occur several times."""
    return [name for name, count in Counter(names).items() if name and count > 1]


def are_numbers(names: Collection) -> bool:
    """Whether columns were given no names: pandas calls them 0, 1, ..., and Polars column_0, column_1, ...

    The index that pandas writes before them has an empty name.
    """
    names = list(names)[1:] if len(names) > 1 and str(next(iter(names))) == "" else names
    return bool(names) and all(str(name) in (str(index), f"column_{index}") for index, name in enumerate(names))


def rows_table(place: str, rows: Sequence[Sequence], lines: Sequence[int], **attributes: Any) -> Table:
    """A `Table` of rows of equal length, without known names."""
    width = len(rows[0]) if rows else 0
    names = [str(number) for number in range(1, width + 1)]
    columns: dict[int, list] = {}  # each is gathered once: a table of series is looked through many times

    def column(index):
        if index not in columns:
            columns[index] = [row[index] for row in rows]
        return columns[index].copy()

    return Table(place, names, column, lines, **attributes)


def by_split(table: Table) -> dict[str, Table]:
    """A table as "train", or as several splits if a column holds the names of splits.

    The column is named as in `SPLIT_COLUMNS`, and "train" is one of its values; rows with others than the names of
    splits are left out.
    """
    original = table
    if table.header is None and len(table):
        table = table.with_header()
    for name in table.names if table.header is not False else ():
        if normal(name) not in SPLIT_COLUMNS:
            continue
        splits = [SPLIT_OF.get(str(value).strip().lower(), "") for value in table.values(name)]
        if "train" in splits:
            rows: dict[str, list[int]] = {}
            for row, split in enumerate(splits):
                rows.setdefault(split, []).append(row)
            table = table.without(name)
            others = rows.pop("", [])
            parts = {split: table.select(chosen) for split, chosen in rows.items()}
            if others:
                parts["train"] = parts["train"].with_note(left_out(table, others, "the name of a split"))
            return parts
    return {"train": original}


def joined(tables: Sequence[Table]) -> Table:
    """The rows of several tables with the same columns, one after another.

    Raises:
        InputError: the columns differ.
    """
    first, *others = tables
    if not others:
        return first
    if first.header is None and all(_first_row(table) == _first_row(first) for table in others):
        others = [table.with_header() for table in others]
    for table in others:
        same = len(table.names) == len(first.names) if first.header is None else set(table.names) == set(first.names)
        if not same:
            raise InputError(f"{first.place} and {table.place} have different columns: give them the same.")
    by_name = first.header and all(table.header for table in others)

    def column(index):
        name = first.names[index]
        return [value for table in tables_ for value in table.column(table.names.index(name) if by_name else index)]

    tables_ = [first, *others]
    lines = range(1, sum(map(len, tables_)) + 1)
    return replace(
        first, place=f"{first.place} and {len(others)} more", column=column, lines=lines, unit="row", breaks=()
    )


def _first_row(table):
    return [table.column(index)[0] for index in range(len(table.names)) if len(table)]


def left_out(table: Table, rows: Sequence[int], content: str) -> str:
    """A note on rows that lack something: "a.csv: 2 rows without a label are left out: lines 3, 7"."""
    rows_are = plural(len(rows), f"row without {content} is", f"rows without {content} are")
    return f"{table.place}: {rows_are} left out: {table.places(rows)}"
