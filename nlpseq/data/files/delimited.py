"""Files of delimited values: .csv, .tsv and the like, by RFC 4180 with any delimiter.

`csv.Sniffer` of the standard library is not used: it takes letters for delimiters. Nor is `csv.reader`: fields of more
than 131,072 characters need `csv.field_size_limit`, which is one for the whole process.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from nlpseq.data.files.numbers import is_gap
from nlpseq.data.files.table import Table, rows_table
from nlpseq.data.files.values import is_numeral
from nlpseq.errors import InputError, first_of, plural

DELIMITERS = (",", "\t", ";", "|")
NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "blank": " "}
USUAL = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
FIRST_LINE = re.compile(r'"?sep=([^\r\n])"?(?=[\r\n])', re.IGNORECASE)  # of Excel
MOST_ABOVE = 10  # rows above a table
SAMPLE = 200  # records that decide on the delimiter, and on what commas in numbers are
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")  # a number with commas between groups
RULE = re.compile(r"[|+: ]*-{3}[-|+: ]*")  # the line below the header of a table as of Markdown
YEAR = re.compile(r"^\s*(19|20)\d\d\s*$")  # which may be the name of a column
END = re.compile(r"\s|[^\w.+-];$")  # of a text before a semicolon, not of a number or a name


class UnclosedQuoteError(InputError):
    """A quoted field does not end."""


def read_delimited(text: str, place: str, suffix: str = ".csv", delimiter: str | None = None) -> Table:
    """The table in a text.

    Args:
        text: of the file.
        place: of the table, its path.
        suffix: of the file, which tells the usual delimiter.
        delimiter: one character, or a name such as "tab". Default that of a first line "sep=;" of Excel, or the one
            with which most rows have as many columns as the first.

    Raises:
        InputError: the file is empty, a row has more or fewer columns than the first, or a quoted
            field does not end.
    """
    directive = FIRST_LINE.match(text)
    text = text[directive.end() :] if directive else text  # from the end of that line, so that lines keep their numbers
    delimiter = delimiter or (directive[1] if directive else None)
    chosen = delimiter_of(text, suffix) if not delimiter else checked_delimiter(delimiter)
    rows, lines, breaks = [], [], set()
    for line, fields in _records(text, chosen, place):
        if any(map(str.strip, fields)):
            rows.append(fields)
            lines.append(line)
        elif rows:
            breaks.add(len(rows))
    if not rows:
        raise InputError(f"{place} is empty: expected a header and rows of values.")
    rows, lines, breaks, notes = _table_in(place, _cleaned(rows, chosen), lines, breaks)
    filled = max(map(_width, rows))
    rows[0] = rows[0][: max(filled, 1)]
    _even(place, rows, lines, chosen)
    grouped = any(GROUPED.fullmatch(field.strip()) for row in rows[:SAMPLE] for field in row)
    table = rows_table(place, rows, lines, header=None, breaks=breaks, comma=chosen == ";" and not grouped)
    return table.with_note("; ".join(notes)) if notes else table


def _records(text, delimiter, place) -> list[tuple[int, list[str]]]:
    """As `split_records`, or as `_unquoted` where quotes are characters like others."""
    if _escapes(text, delimiter):
        text = re.sub(r'(?<!\\)\\"', '""', text)
    if delimiter == "\t":  # most files of tab-separated values have no quoting, and quotes in their texts
        records = list(_unquoted(text, delimiter))
        if not _is_quoted(records):
            return records
    return list(split_records(text, delimiter, place))


def _table_in(place, rows, lines, breaks):
    """Rows, lines and breaks of the table among all rows, with notes on what is not as usual."""
    notes = []
    first, last = _inner(rows, breaks)
    if not first and _lacks_first_name(rows) and 1 not in breaks:
        rows[0].insert(0, "")
        first, last = _inner(rows, breaks)
        notes.append(f"{place}: the rows have a field more than the header: the first holds their names, as of R")
    if left_out := [*lines[:first], *lines[last:]]:
        are = f"line{'s' * (len(left_out) > 1)} {first_of(left_out)}"
        notes.append(f"{place}: left out, above or below the table: {are}")
    rows, lines, breaks = rows[first:last], lines[first:last], {row - first for row in breaks if first < row < last}
    if len(rows) > 2 and RULE.fullmatch("|".join(rows[1])):  # of a table as of Markdown, whose cells stand in blanks
        rows, lines = [[field.strip() for field in row] for row in (rows[0], *rows[2:])], [lines[0], *lines[2:]]
        breaks = {row - 1 for row in breaks if row > 2}
    return rows, lines, breaks, notes


def _cleaned(rows, delimiter):
    """The rows without a semicolon at the end of each line, which ends no text, such as a line of a program."""
    if delimiter == ";" or len(rows) < 2 or any(not row[-1].endswith(";") or END.search(row[-1]) for row in rows):
        return rows
    return [[*row[:-1], row[-1].rstrip(";")] for row in rows]


def _escapes(text, delimiter):
    """Whether quotes within quoted fields follow a backslash, as Spark and MySQL write them, where RFC 4180 has two."""
    mark = re.escape(delimiter)
    inside = re.compile(rf'(?:^|{mark})"[^"\r\n]*\\"(?!"|{mark}|[\r\n]|\Z)', re.MULTILINE)
    return delimiter != "\t" and '\\"' in text and inside.search(text) is not None


def checked_delimiter(delimiter: str) -> str:
    """The delimiter itself, or the one of that name; an `InputError` for more than one character."""
    delimiter = NAMED.get(delimiter.lower(), delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InputError(f'`delimiter` must be one character, such as ";" or "tab", got {delimiter!r}.')
    return delimiter


def delimiter_of(text: str, suffix: str = ".csv") -> str:
    """The delimiter with which most of the first records have as many columns as the very first, two or more."""
    usual = USUAL.get(suffix, ",")
    shares = {mark: _share(text, mark) for mark in (usual, *(mark for mark in DELIMITERS if mark != usual))}
    best = max(shares, key=lambda mark: shares[mark])  # the first of equals
    return best if shares[best] else usual


def _share(text, mark):
    """The share of records as wide as the first one; 0 if that has one column."""
    try:
        widths = [len(fields) for _, fields in islice(split_records(text, mark, ""), SAMPLE) if any(fields)]
    except UnclosedQuoteError:
        widths = [len(fields) for _, fields in islice(_unquoted(text, mark), SAMPLE) if any(fields)]
    return sum(width == widths[0] for width in widths) / len(widths) if widths and widths[0] > 1 else 0.0


def split_records(text: str, delimiter: str, place: str) -> Iterator[tuple[int, list[str]]]:
    """The line and the fields of each record; a field in quotes may hold delimiters, line ends and doubled quotes."""
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    position, line, size = 0, 1, len(text)
    fields, first = [], 1
    while position < size or fields:
        value = ""
        if text.startswith('"', position):
            end = _closing(text, position)
            if end < 0:
                raise UnclosedQuoteError(
                    f"{place}, line {line}: a quote opens the field and none closes it: close it, or double the quotes "
                    "within quoted text."
                )
            value = text[position + 1 : end].replace('""', '"')
            line += value.count("\n")
            position = end + 1
        match = plain.match(text, position)
        value += match.group()
        fields.append(value)
        position = match.end()
        if text.startswith(delimiter, position):
            position += 1
            if position < size:
                continue
            fields.append("")
        position += 2 if text.startswith("\r\n", position) else 1
        yield first, fields
        line += 1
        fields, first = [], line


def _closing(text, start):
    """The position of the quote that closes the one at `start`; -1 if there is none."""
    end = text.find('"', start + 1)
    while end >= 0 and text.startswith('"', end + 1):
        end = text.find('"', end + 2)
    return end


def _unquoted(text, delimiter):
    """As `split_records`, for files in which quotes are characters like others."""
    for number, line in enumerate(re.split("\r\n|\n|\r", text), start=1):
        yield number, line.split(delimiter)


def _is_quoted(records):
    """Whether fields of a tab-separated file are quoted: there are whole ones in quotes with doubled quotes inside, or
    parts of ones that contain a tab or a line end."""
    quoted = [field for _, fields in records for field in fields if field.startswith('"')]
    whole = [field for field in quoted if len(field) > 1 and field.endswith('"')]
    inner = [field[1:-1] for field in whole]
    if len(whole) == len(quoted):
        doubled = [text for text in inner if '"' in text]
        return bool(doubled) and all('"' not in text.replace('""', "") for text in doubled)
    widths = Counter(len(fields) for _, fields in records if any(fields))
    return len(widths) > 1 and widths.most_common(1)[0][0] == len(records[0][1])


def _even(place, rows, lines, delimiter):
    """Makes all rows as wide as the first, without empty fields at the end; raises an `InputError` if one is not."""
    width = len(rows[0])
    for fields, line in zip(rows, lines):
        while len(fields) > width and not fields[-1].strip():
            fields.pop()
        if len(fields) != width:
            remedy = "quote texts that contain the delimiter" if len(fields) > width else "complete the row"
            raise InputError(
                f"{place}, line {line}: expected {plural(width, 'column')}, got {len(fields)}, with `delimiter` "
                f"{delimiter!r}: {remedy}, or choose another delimiter."
            )


def _lacks_first_name(rows):
    """Whether all rows have one field more than the first, as R writes tables: their names stand before it.

    Names of rows differ, and are single words or numbers, or stand before numbers; those of columns are no numbers.
    """
    width = len(rows[0])
    if width < 2 or len(rows) < 2 or not all(_width(row) == len(row) == width + 1 for row in rows[1:]):
        return False
    names = not any(name.startswith(" ") or is_numeral(name) for name in rows[0])
    different = len({row[0].strip() for row in rows[1:]}) == len(rows) - 1
    texts = any(" " in row[0].strip() and not _is_number(row[1]) for row in rows[1:])
    return names and different and not texts


def _inner(rows, breaks):
    """The rows of a table, without those above and below it: titles, dates, sources.

    Rows of another width count as such if there are few above, of one field each, with an empty line behind them, or
    with a header behind them, or if they stand below an empty line, and the rows between have one width.
    """
    widths = [_width(row) for row in rows]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    first = next((number for number, row in enumerate(rows) if len(row) == width and not _is_title(row)), 0)
    if first and len(rows[first - 1]) == width and not _are_names(rows[first]):
        first = 0  # what stands above rows is a header, no title
    shorter = max(widths[:first], default=0) <= 1 and (first < 2 or len(rows[first - 1]) < width)
    separate = first in breaks or shorter or _is_above_numbers(rows, first)
    last = max((row for row in breaks if row > first), default=len(rows))
    last = last if all(size < min(width, 2 + width // 2) for size in widths[last:]) else len(rows)
    even = all(len(row) == width for row in rows[first:last]) and max(widths[:first], default=0) < widths[first]
    return (first, last) if even and separate and first <= MOST_ABOVE and last - first > first else (0, len(rows))


def _is_title(row):
    """Whether a row of three or more fields has a text in the first alone, no date, as spreadsheets write a title."""
    return len(row) > 2 and _width(row) == 1 and not row[0].strip()[0].isdigit()


def _are_names(row):
    """Whether a row may be a header: it has no numbers but years."""
    return all(YEAR.search(field) or not _is_number(field) for field in row)


def _is_above_numbers(rows, first):
    """Whether a row has a different text in each field, and one of them stands above numbers alone."""
    names, below = [field.strip() for field in rows[first]], rows[first + 1 : first + 1 + SAMPLE]
    if len(below) < 2 or not all(names) or len(set(names)) < len(names) or any(map(is_numeral, names)):
        return False
    columns = zip(*(row for row in below if len(row) == len(names)))
    cells = [[field for field in column if not is_gap(field)] for column in columns]
    return any(column and all(map(_is_number, column)) for column in cells)


def _is_number(field):
    return is_numeral(field.strip())


def _width(row):
    """The number of fields of a row without empty ones at its end."""
    return max((number for number, field in enumerate(row, 1) if field.strip()), default=0)
