"""Spreadsheets (.xlsx) and Parquet files, read by packages that are imported when one is met."""

import importlib
import io
from pathlib import Path
from typing import Any

from nlpseq.data.files.contents import read_bytes
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.table import Table, repeated_in, rows_table, unique
from nlpseq.errors import InputError


def read_xlsx(path: Path) -> Table:
    """The first sheet of an Excel file.

    Raises:
        InputError: openpyxl is not installed, or the file is not one of Excel or empty.
    """
    openpyxl = _package("openpyxl", "excel", path)
    content = read_bytes(path)
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        cells = [(line, list(row)) for line, row in enumerate(sheet.iter_rows(values_only=True), start=1)]
    except Exception as error:  # a damaged file raises errors of many classes
        raise InputError(
            f"cannot read {path}: not an Excel file ({type(error).__name__}): export it as .csv."
        ) from None
    filled = [(line, row) for line, row in cells if any(value is not None for value in row)]
    if not filled:
        raise InputError(f"{path} is empty: expected a header and rows of values.")
    width = max(index + 1 for _, row in filled for index, value in enumerate(row) if value is not None)
    rows = [[*row, *[None] * width][:width] for _, row in filled]
    return rows_table(str(path), rows, [line for line, _ in filled], header=None)


def read_parquet(path: Path) -> Table:
    """A Parquet file.

    Raises:
        InputError: pyarrow is not installed, or the file is not Parquet.
    """
    parquet = _package("pyarrow.parquet", "parquet", path)
    content = read_bytes(path)
    try:
        read = parquet.ParquetFile(io.BytesIO(content)).read()  # unlike read_table with columns of one name
        columns = dict(zip(unique(read.column_names), (column.to_pylist() for column in read.columns)))
    except Exception as error:  # pyarrow raises errors of many classes
        raise InputError(f"cannot read {path}: not a Parquet file ({type(error).__name__}): write it again.") from None
    return columns_table(str(path), columns).with_repeated(repeated_in(read.column_names))


def _package(name: str, extra: str, path: Path) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"to read {path} the package {name.split('.')[0]} is required: run pip install 'nlpseq[{extra}]', or "
            "save the file as .csv."
        ) from None
