"""Files with the same columns, such as one for each series or for each year, as one table."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nlpseq.data.files import paths
from nlpseq.data.files.table import Table, joined, normal
from nlpseq.data.series.roles import TIME, usual_column
from nlpseq.data.series.times import looks_like_times
from nlpseq.errors import plural


def of_files(folder: Path, files: Sequence[Path], tables: Sequence[Table]) -> Table | None:
    """The rows of all tables, with their header; None if there is one, or they have no names of columns or others.

    Where times recur from file to file, or there are none, each file is an item of its own and has its name. Where they
    do not, the files are parts of the same series.
    """
    names = {frozenset(map(normal, table.names)) for table in tables}
    if len(tables) < 2 or len(names) > 1 or not all(table.header for table in tables):
        return None
    whole, are = joined(tables), f"{folder}: {plural(len(files), 'file')} with the same columns are"
    if not _times_recur(tables):
        return whole.with_note(f"{are} read as parts of one")
    cells = [paths.stem_of(file) for file, table in zip(files, tables) for _ in range(len(table))]

    def column(index):
        return whole.column(index - 1) if index else cells

    item = "file" if "item" in next(iter(names)) else "item"
    note = f"{are} read as one series each, named after the file"
    return replace(whole, names=[item, *whole.names], column=column).with_note(note)


def _times_recur(tables):
    """Whether tables share times, or have none."""
    column = usual_column(tables[0], TIME)
    column = column or next((name for name in tables[0].names if looks_like_times(tables[0].values(name))), None)
    if column is None:
        return True
    times = [set(table.values(column)) for table in tables]
    return len(set().union(*times)) < sum(map(len, times))
