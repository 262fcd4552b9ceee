"""Whether the first row of a table holds the names of its columns."""

import re
from collections.abc import Callable
from dataclasses import replace

from nlpseq.data.files.table import Table
from nlpseq.data.files.values import is_numeral
from nlpseq.errors import shorten

WORD = re.compile(r"[^\W\d]\w*")
LEAST_TEXTS = 20  # rows below a header of unknown words
MANY = 20  # a value of so many has one of its own, where a header that is repeated within a file has none
MOST_HEADER_WORDS = 4  # words of a column name


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
    if len(table) < 3 or not any(cells):
        return False
    short = all(len(cell.split()) <= MOST_HEADER_WORDS for cell in cells)
    if not all(cells):
        return short and all(cell or _counts(table.column(index)[1:]) for index, cell in enumerate(cells))
    for index, cell in enumerate(cells):
        rest = [str(value).strip() for value in table.column(index)[1:]]
        if all(map(is_numeral, rest)) and not is_numeral(cell):
            return True
        values = set(rest)
        few = len(values) <= max(2, len(rest) // 4) and len(values) < len(rest)
        if few and cell not in values and (short or len(cell.split()) > 1 + max(len(v.split()) for v in values)):
            return True
    return False


def _counts(column):
    """Whether the cells count the rows, as the index that pandas writes without a name."""
    return all(str(value).strip() == str(row) for row, value in enumerate(column))


def _are_words_above_texts(table, cells):
    """Whether several first cells are words, and no other row has words only: "x,y" above pairs of sentences."""
    if len(cells) < 2 or len(table) <= LEAST_TEXTS or not all(map(WORD.fullmatch, cells)):
        return False
    rows = zip(*(table.column(index)[1:] for index in range(len(cells))))
    return not any(all(WORD.fullmatch(str(value).strip()) for value in row) for row in rows)
