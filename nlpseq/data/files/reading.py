"""Which reader a file needs: by its suffix, else by its first characters."""

from pathlib import Path

from nlpseq.data.files.contents import lines_of, read_text
from nlpseq.data.files.delimited import read_delimited
from nlpseq.data.files.json_rows import read_json
from nlpseq.data.files.paths import TABLES, suffix_of
from nlpseq.data.files.sheets import read_parquet, read_xlsx
from nlpseq.data.files.table import Table

SHEETS = {".xlsx": read_xlsx, ".parquet": read_parquet}


def read_table(path: Path, delimiter: str | None = None, encoding: str | None = None) -> Table | str:
    """The table in a file, or its text if it holds none.

    By suffix a file is a spreadsheet, JSON or delimited. Without a known suffix it is JSON if it begins with an
    object or an array of objects, and delimited if `delimiter` is given or every line has a tab.

    Raises:
        InputError: the file cannot be read, is not in its format, or is empty although its suffix is that of a table.
    """
    suffix = suffix_of(path)
    return SHEETS[suffix](path) if suffix in SHEETS else table_in(read_text(path, encoding), path, delimiter)


def table_in(text: str, path: Path, delimiter: str | None = None) -> Table | str:
    """The table in the text of a file, or the text itself, as `read_table`."""
    suffix = suffix_of(path)
    if suffix not in TABLES:
        if is_json(text):
            return read_json(text, str(path))
        lines = [line for line in lines_of(text) if line.strip()]
        if not lines or not (delimiter or all("\t" in line for line in lines)):
            return text
        return read_delimited(text, str(path), ".tsv", delimiter)
    if "json" in suffix:
        return read_json(text, str(path))
    return read_delimited(text, str(path), suffix, delimiter)


def is_json(text: str) -> bool:
    """Whether a text begins with a JSON object, or an array of objects."""
    start = text.lstrip()[:200]
    return start.startswith('{"') or (start.startswith("[") and start[1:].lstrip().startswith('{"'))


def is_table(path: Path) -> bool:
    """Whether the suffix of a file is that of a table."""
    return suffix_of(path) in TABLES
