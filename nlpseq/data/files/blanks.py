"""Texts whose columns stand between blanks, as programs write tables of numbers."""

import re
from itertools import islice

from nlpseq.data.files.contents import lines_of
from nlpseq.data.files.delimited import DELIMITERS, read_delimited
from nlpseq.data.files.table import Table, rows_table
from nlpseq.data.files.values import is_numeral

COMMENTS = ("#", "%")
SAMPLE = 200  # lines that must have no other delimiter
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?")


def read_columns(text: str, place: str, delimiter: str | None = None) -> Table:
    """The table in a text without the suffix of a table: columns between blanks, or between a delimiter.

    Raises:
        InputError: as of `read_delimited`.
    """
    table = None if delimiter else read_blanks(text, place)
    return read_delimited(text, place, ".txt", delimiter) if table is None else table


def read_blanks(text: str, place: str) -> Table | None:
    """The table of a text whose rows end in a number and have as many fields between blanks; None of another text.

    A date and a time of day are one field. Of comments the last is the header if it has as many words. The fields of
    a single line are rows of one column.

    >>> table = read_blanks("# when y\\n2024-01-01 00:00  1.5\\n2024-01-01 01:00 -2\\n", "a.txt")
    >>> list(table.names), table.column(0), table.header
    (['1', '2'], ['when', '2024-01-01 00:00', '2024-01-01 01:00'], None)
    """
    rows, lines, comment = [], [], []
    for number, line in enumerate(lines_of(text), start=1):
        if number <= SAMPLE and any(mark in line for mark in DELIMITERS):
            return None
        fields = line.split()
        if fields and line.lstrip().startswith(COMMENTS):
            comment = line.lstrip("".join((*COMMENTS, " "))).split() if not rows else comment
        elif fields:
            rows.append(fields)
            lines.append(number)
    if len(rows) == 1 and len(rows[0]) > 2 and all(map(is_numeral, rows[0])):
        return rows_table(place, [[cell] for cell in rows[0]], range(1, len(rows[0]) + 1), unit="value", header=False)
    if all(_is_dated(row) for row in islice(rows, 1, None)):
        rows = [[f"{row[0]} {row[1]}", *row[2:]] if _is_dated(row) else row for row in rows]
    if len(rows) < 2 or len(rows[-1]) < 2 or any(len(row) != len(rows[-1]) for row in rows):
        return None
    if not all(is_numeral(row[-1]) or row[-1].lower() == "nan" for row in islice(rows, 1, None)):
        return None
    if len(comment) == len(rows[0]) and not any(map(is_numeral, comment)):
        rows, lines = [comment, *rows], [max(1, lines[0] - 1), *lines]
    return rows_table(place, rows, lines, header=None)


def _is_dated(row):
    """Whether a row begins with a date and a time of day."""
    return len(row) > 2 and DATE.fullmatch(row[0]) is not None and CLOCK.fullmatch(row[1]) is not None
