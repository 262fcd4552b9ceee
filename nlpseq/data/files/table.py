"""A table of named columns, and how the columns that a kind of task needs are found in it."""

import ast
import functools
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nlpseq.data.files.paths import SPLIT_OF
from nlpseq.errors import InputError, first_of, plural, shorten, suggest

SPLIT_COLUMNS = ("split", "set", "subset", "fold", "partition")
TEXT_NAMES = (
    "text", "texts", "review", "review text", "reviewtext", "review body", "sentence", "utterance",
    "question", "query", "tweet", "comment", "comment text", "message", "sms", "content", "body", "document",
    "phrase", "post", "article", "headline", "title", "description", "abstract", "summary", "input", "sample",
    "news", "utt", "statement", "claim", "passage", "v2",
)  # fmt: skip
PAIRS = (  # two texts of a row
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"), ("question", "sentence"),
    ("question", "passage"), ("text1", "text2"), ("text a", "text b"),
)  # fmt: skip
HEADINGS = (("title", "description"), ("headline", "short description"), ("title", "abstract"))  # of news, without more
NUMERAL = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?", re.IGNORECASE)
WORD = re.compile(r"[^\W\d]\w*")
LEAST_TEXTS = 20  # rows below a header of unknown words
MANY = 20  # a value of so many has one of its own, where a header that is repeated within a file has none
MOST_HEADER_WORDS = 4  # words of a column name


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


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no bool; NumPy numbers count."""
    try:
        return not isinstance(value, (str, bytes, bool)) and float(value) - float(value) == 0
    except (TypeError, ValueError, OverflowError):
        return False


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


def are_numbers(names: Sequence) -> bool:
    """Whether columns were given no names: pandas calls them 0, 1, ..., and Polars column_0, column_1, ..."""
    return bool(names) and all(str(name) in (str(index), f"column_{index}") for index, name in enumerate(names))


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


def is_missing(value: Any) -> bool:
    """Whether a value is None, blank, or one of the missing values of NumPy and pandas."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, (str, bytes, int, bool, list, tuple, dict)):
        return False
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(isinstance(value, float) and value != value)


def text_of(value: Any, where: str, expected: str = "a text") -> str:
    """The text of a value: a string, UTF-8 bytes, a number or a bool.

    Raises:
        InputError: it is another object.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, float)) or is_number(value):
        return str(value)
    raise InputError(f"{where}: expected {expected}, got {shorten(repr(value), 40)}.")


def list_in(text: str) -> list | None:
    """The list that a text such as "['a', 'b']" stands for, else None.

    pandas writes lists so into a .csv file, and NumPy arrays as "['a' 'b']"; JSON has double quotes.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        value = ast.literal_eval(re.sub(r"""(['"])\s+(['"])""", r"\1, \2", text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list) else None


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


def normal(name: Any) -> str:
    """A column name as `Role.usual` has it: "Review_Text " is "review text"."""
    return re.sub(r"[\s_\-]+", " ", str(name)).strip().casefold()


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


def _is_given(role, arguments):
    return arguments.get(role.argument) not in (None, "")


def text_columns(names: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of the two texts of a row, such as a premise and a hypothesis, by their usual names, or None."""
    known = {normal(name): name for name in names}
    single = set(TEXT_NAMES[: TEXT_NAMES.index("headline")]) & set(known)
    pairs = PAIRS if single else PAIRS + HEADINGS
    return next((tuple(known[name] for name in pair) for pair in pairs if set(pair) <= set(known)), None)


def joined_text(values: Sequence[Any], names: Sequence[str], where: str) -> str:
    """The texts of several columns of a row with an empty line between them; empty ones are left out.

    Raises:
        InputError: a value is not a text.
    """
    texts = [text_of(value, f"{where}, column {name!r}") for value, name in zip(values, names) if not is_missing(value)]
    return "\n\n".join(texts)


def text_column(table: Table) -> tuple[int]:
    """The first column most of whose cells have blanks; else the one with the most characters."""
    columns = [list(map(str, table.column(index))) for index in range(len(table.names))]
    several = [
        index for index, cells in enumerate(columns) if 2 * sum(" " in cell.strip() for cell in cells) > len(cells)
    ]
    return (several[0] if several else max(range(len(columns)), key=lambda index: sum(map(len, columns[index]))),)


def with_names(table: Table, roles: Sequence[Role], arguments: Mapping[str, Any]) -> Table:
    """The table with its header; whether the first row is one is decided by names, else by the content."""

    def is_header(cells):
        chosen = [arguments[role.argument] for role in roles if _is_given(role, arguments)]
        usual = any(normal(cell) in role.usual for role in roles for cell in cells)
        return usual or any(_number(value) is None for value in chosen)  # a number is the place of a column

    return with_header_by(table, is_header)


def with_header_by(table: Table, is_header: Callable[[list[str]], bool]) -> Table:
    """The table with its header.

    Args:
        table: whose first row is a header if `is_header` says so of its cells that are no values of their columns, or
            if they are unlike the others.
    """
    if table.header is not None or not len(table):
        return table
    columns = [[str(value).strip() for value in table.column(index)] for index in range(len(table.names))]
    cells = [column[0] for column in columns]
    if is_header([column[0] for column in columns if not _recurs(column)]) or _looks_like_header(table, cells):
        return _without_repeated_header(table.with_header(), columns)
    if _are_words_above_texts(table, cells):
        return table.with_header().with_note(
            f"{table.place}: the first row is read as a header: {shorten(', '.join(cells))}"
        )
    return replace(table, header=False)


def _without_repeated_header(table, columns):
    """The table without rows that repeat its header, as in joined files, with a note."""
    repeated = [row for row, cells in enumerate(zip(*columns)) if row and cells == tuple(c[0] for c in columns)]
    if len(columns) < 2 or not repeated:
        return table
    repeated = [row - 1 for row in repeated]  # the header is no row of the table
    note = f"{table.place}: the header is repeated, which is left out: {table.places(repeated)}"
    left = set(repeated)
    return table.select([row for row in range(len(table)) if row not in left]).with_note(note)


def _recurs(column):
    """Whether the first cell of a column is one of its values: it is the second too, or one of many."""
    return column[0] in column[1:2] or column.count(column[0]) > max(2, len(column) // MANY)


def _looks_like_header(table, cells):
    """Whether the first cell of a column is unlike the others: not a number, or not one of few values.

    Questions of a survey are longer than a name; they count if they are longer than the few values below too.
    """
    if len(table) < 3 or not all(cells):
        return False
    short = all(len(cell.split()) <= MOST_HEADER_WORDS for cell in cells)
    for index, cell in enumerate(cells):
        rest = [str(value).strip() for value in table.column(index)[1:]]
        if all(map(is_numeral, rest)) and not is_numeral(cell):
            return True
        values = set(rest)
        few = len(values) <= max(2, len(rest) // 4) and len(values) < len(rest)
        if few and cell not in values and (short or len(cell.split()) > 1 + max(len(v.split()) for v in values)):
            return True
    return False


def _are_words_above_texts(table, cells):
    """Whether several first cells are words, and no other row has words only: "x,y" above pairs of sentences."""
    if len(cells) < 2 or len(table) <= LEAST_TEXTS or not all(map(WORD.fullmatch, cells)):
        return False
    rows = zip(*(table.column(index)[1:] for index in range(len(cells))))
    return not any(all(WORD.fullmatch(str(value).strip()) for value in row) for row in rows)


def is_numeral(text: str) -> bool:
    """Whether a text is a number such as "-3", "1.5" or "2,5"."""
    return NUMERAL.fullmatch(text) is not None


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


def rows_table(place: str, rows: Sequence[Sequence], lines: Sequence[int], **attributes: Any) -> Table:
    """A `Table` of rows of equal length, without known names."""
    width = len(rows[0]) if rows else 0
    names = [str(number) for number in range(1, width + 1)]
    return Table(place, names, lambda index: [row[index] for row in rows], lines, **attributes)


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
