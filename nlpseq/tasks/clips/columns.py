"""Clips in tables: what the columns are, and the sequences of tables whose rows are frames."""

import functools
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nlpseq.data.files import table as tables
from nlpseq.data.files.columns import Role, find_columns
from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError, first_of, plural
from nlpseq.tasks.clips.cells import numbers_of
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions
from nlpseq.tasks.clips.roles import Columns, find_roles, has_numbered, is_channel
from nlpseq.tasks.clips.sequences import labels_of, sequences_of, telling, times_of
from nlpseq.tasks.clips.unnamed import columns_by_cells, recurring_runs
from nlpseq.tasks.clips.wide_rows import of_cells, of_rows

MOST_WRONG = 0.01  # of the lines of a text that may have another number of values


def clips_of(
    table: Table, options: ReadingOptions, channels: Sequence[str] | None = None, width: int | None = None
) -> Part:
    """The clips in a table.

    Rows are frames if there is a column of sequences, of time, or of those who made them, or if empty lines separate
    the sequences; else each row is a sequence.

    Args:
        table: The table.
        options: Columns that the user named.
        channels: Names of the channels of the training data. Default None, all columns that hold numbers.
        width: Number of values in a row if rows are sequences, and 0 if they are frames, as of `Part`. Default None,
            which is found out.

    Raises:
        InputError: a column is missing, or a value is not a number.
    """
    table, columns = find_roles(table, options, None if width else channels)
    if not width and columns == Columns() and (by_cells := columns_by_cells(table)) is not None:
        columns, table = by_cells, table.with_note(_about(table, by_cells))
    if not len(table) or not table.names or _is_header(table):
        raise InputError(f"{table.place} holds no frames: expected rows of numbers below the header.")
    part = _part_of(table, columns, options, channels, width)
    return replace(part, notes=[table.note, *part.notes]) if table.note else part


def _about(table, columns):
    owners = f", {' and '.join(columns.owners)} who made a sequence" * bool(columns.owners)
    return f"{table.place}: each row is a frame; column {columns.label} is the label, {columns.time} the time{owners}"


def _part_of(table, columns, options, channels, width) -> Part:
    cells = [name for name in table.names if isinstance(table.values(name)[0], (list, tuple))]
    if cells:
        return of_cells(table, columns.label, cells)
    notes = []
    if not options.sequence and columns.sequence:
        names = telling(table, columns.sequence) or columns.sequence[: width == 0]
        numbering = [name for name in columns.sequence if name not in names]
        notes = [f"the column {name!r} numbers rows, and is not read" for name in numbering]
        table, columns = functools.reduce(Table.without, numbering, table), replace(columns, sequence=names)
    if width == 0 or (width is None and _are_frames(table, columns, options)):
        part = _of_frames(table, columns, options, channels)
        if width is None and not (columns.sequence or columns.time or columns.owners or table.breaks):
            notes.append(f"{table.place}: each row is a frame; if each is a sequence, set `channels` to 1")
    else:
        part = of_rows(table, columns, options, width)
    return replace(part, notes=[*notes, *part.notes])


def _are_frames(table, columns, options):
    """Whether each row of a table is a frame: something tells sequences, or labels recur under a header of channels."""
    if columns.sequence or columns.time or table.breaks:
        return True
    if has_numbered(table):
        return False
    if columns.owners:
        return True
    by_label = columns.label and table.header and not str(options.channels or "").isdigit()
    return bool(by_label) and recurring_runs(table.values(columns.label)) is not None


def _is_header(table):
    """Whether the only row is one of names."""
    return len(table) == 1 and not table.header and all(len(as_numbers(table.values(n))[1]) for n in table.names)


def _of_frames(table, columns, options, required) -> Part:
    """A clip for each sequence, in the order in which they begin."""
    times, unsorted = times_of(table, columns.time, is_chosen=bool(options.time))
    sequences, separated = sequences_of(table, columns, times)
    labels, partly = labels_of(table, columns.label, sequences)
    names, values, notes = _channels(table, columns, options, required)
    owners = {name: table.values(name) for name in columns.sequence and (*columns.sequence, *columns.owners)}
    clips = []
    for rows, label in zip(sequences, labels):
        name = _name(table, owners, rows[0]) if len(sequences) > 1 else table.place
        clips.append(Clip(values[rows], label, name))
    return Part(clips, names, [*notes, *unsorted, *separated, *partly])


def _name(table, owners, row):
    """What the sequence of a row is called: the values of the columns that tell it from others, or its line."""
    if not owners:
        return table.where(row)
    return f"{table.place}, " + ", ".join(f"{name} {values[row]}" for name, values in owners.items())


def _channels(table, columns, options, required) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Names and values `(rows, channels)` of the channels."""
    chosen = required or (options.channels.split(",") if options.channels and not options.channels.isdigit() else None)
    notes, read = [], {}
    if chosen and (table.header or not required):
        role = Role("channels", ())
        for name in chosen:
            column = find_columns(table, [role], {"channels": name})[1]["channels"]
            read[name] = numbers_of(table, column)
    else:
        for name in table.names:
            if name in columns.all or not is_channel(table, name):
                continue
            values = numbers_of(table, name, strict=False)
            if values is None or np.isnan(values).all():
                notes.append(f"the column {name!r} holds no numbers and is not read")
            else:
                read[name] = values
    if not read:
        raise InputError(f"{table.place} has no columns of numbers beside sequence, time and label", "give `channels`")
    return tuple(read), np.stack(list(read.values()), axis=1).astype(np.float32), notes


def _is_number(value):
    try:
        float(value)
    except (ValueError, TypeError):
        return False
    return True


def rows_of_text(text: str, place: str) -> Table | None:
    """The table of a text whose lines are numbers between blanks, commas or semicolons; None if it is none.

    Between commas or semicolons a cell may be a text. Few lines of another width are left out.
    """
    rows, lines, breaks = [], [], set()
    for number, line in enumerate(text.splitlines(), start=1):
        values = re.split(r"\s*[,;\t]\s*|\s+", line.strip().rstrip(",;"))
        if values == [""]:
            breaks.add(len(rows))
            continue
        rows.append(values)
        lines.append(number)
    if not rows or len(rows[0]) < 2 or not _holds_numbers(rows[-1], text):
        return None
    wrong = [row for row, values in enumerate(rows) if len(values) != len(rows[0])]
    breaks -= {0, len(rows)}
    if len(wrong) > MOST_WRONG * len(rows) or (wrong and breaks):
        raise InputError(
            f"{place}, line {lines[wrong[0]]}: expected {plural(len(rows[0]), 'value')} as in the first line, got "
            f"{len(rows[wrong[0]])} (the longest has {max(map(len, rows))}): complete the rows."
        )
    note = f"{place}: left out, as they have not {len(rows[0])} values: lines {first_of([lines[row] for row in wrong])}"
    whole = [(values, line) for values, line in zip(rows, lines) if len(values) == len(rows[0])]
    header = False if all(map(_is_number, rows[0][:-1])) else None
    rows, lines = map(list, zip(*whole))
    return tables.rows_table(place, rows, lines, header=header, breaks=breaks, note=note if wrong else "")


def _holds_numbers(cells, text):
    """Whether the cells of a line, but for the last, are numbers; one may be a text between commas."""
    others = sum(not _is_number(cell) for cell in cells[:-1])
    return others == 0 or (others == 1 and len(cells) > 3 and " " not in text.strip().splitlines()[-1].strip())
