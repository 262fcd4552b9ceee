"""Datasets of series for forecasting, from TFDS, files and objects."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlpseq.data import sources
from nlpseq.data.files.archives import reads_archives
from nlpseq.data.files.objects import training_and_others
from nlpseq.data.files.table import Table
from nlpseq.data.notes import say_notes
from nlpseq.data.series import Columns, Frequency, SeriesTable
from nlpseq.data.series.reading import split_tables, table_of
from nlpseq.errors import InputError, plural, refuses_unknown_arguments
from nlpseq.tasks.forecasting.continuations import with_continuations
from nlpseq.tasks.forecasting.futures import described_frequency
from nlpseq.tasks.forecasting.known import known_covariates, notes_on_ends
from nlpseq.tasks.forecasting.schemas import SERIES, SeriesSchema
from nlpseq.tasks.forecasting.splits import FEW_STEPS, SplitSeries, split_series
from nlpseq.tasks.forecasting.windows import length_of


@dataclass(frozen=True, repr=False)
class ForecastingSeries:
    """Series as they were read, before they are split.

    Attributes:
        name: As given to `load_series`.
        table: `SeriesTable`; of a dataset with a test part its series go on to their end.
        ahead: Steps of the test part of each series by item; empty if there is none.
        known: Names of the covariates that are known over the horizon.
        generated: Whether the series are generated.
        notes: Sentences about problems in the data.
    """

    name: str
    table: SeriesTable
    ahead: dict[str, int]
    known: tuple[str, ...]
    generated: bool = False
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<ForecastingSeries {self.name!r}: {plural(len(self.table), 'series', 'series')}>"

    @property
    def frequency(self) -> Frequency:
        """The step of the series."""
        return self.table.frequency or Frequency()

    def past(self) -> tuple[str, ...]:
        """Names of the covariates that are known up to the present only."""
        return tuple(name for name in self.table.covariates if name not in self.known)

    def histories(self) -> list[np.ndarray]:
        """The values of each series without its test part."""
        return [one.columns["value"][: length_of(one) - self.ahead.get(one.item, 0)] for one in self.table.series]

    def split(self, horizon: int, windows: int = 1, season: int = 1, context: int = 96) -> SplitSeries:
        """The steps of each series: training, then windows of validation, then `windows` of test, a horizon each.

        Raises:
            InputError: no series is long enough.
        """
        return split_series(self, horizon, windows, season, context)


@refuses_unknown_arguments
@reads_archives
def load_series(
    dataset: Any,
    data_dir: Any = None,
    *,
    time: Any = None,
    item: Any = None,
    value: Any = None,
    covariates: Any = None,
    known: Any = None,
    frequency: str | None = None,
    time_zone: str | None = None,
    duplicates: str = "error",
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> ForecastingSeries:
    """Loads series to forecast.

    Args:
        dataset: Name of a TFDS dataset; the path of a file, of a folder with train and test files, of which the latter
            continues the former, or of a folder of files with the same columns, one for each series or for parts of
            the same; or an object, as of `nlpseq.data.read_series`.
        data_dir: Folder of prepared TFDS datasets. Default that of TFDS.
        time, item, value: Columns or features, as of `nlpseq.data.series.Columns`.
        covariates: Columns that are read beside the values; "none" for none. Default all.
        known: Those of them that are known over the horizon too; "none" for none. Default those that go on behind the
            last value, and those with usual names, such as holiday or promotion.
        frequency, time_zone, duplicates, delimiter, encoding: As of `nlpseq.data.read_series`.
        train: TFDS split. Default that of the dataset.
        validation: Must be None: validation windows are the last steps before the test.
        test: Path or object with the continuation of each series. Default the last steps of the series. If it lacks
            the column of the values, its rows tell the covariates of the future, and the last steps are tested.

    Returns:
        `ForecastingSeries`.

    Raises:
        InputError: the data cannot be read.

    Example:

    >>> data = load_series({"y": [float(number % 4) for number in range(60)]})
    >>> len(data.table), data.frequency.name
    (1, '')
    """
    if validation is not None:
        raise InputError("`validation` is not for series: the last steps before the test are validated.")
    arguments = {"time": time, "item": item, "value": value, "covariates": covariates, "known": known}
    options = {"frequency": frequency, "time_zone": time_zone, "duplicates": duplicates}
    if sources.is_name(dataset):
        sources.refuse_file_options(dataset, delimiter=delimiter, encoding=encoding)
        table, schema = _tfds_table(dataset, data_dir, train)
        arguments = {name: arguments[name] or getattr(schema, name) for name in arguments}
        options["frequency"] = options["frequency"] or schema.frequency
        tables, generated = {"train": table}, schema.generated
    else:
        tables, generated = _own_tables(dataset, data_dir, train, test, delimiter, encoding), False
    arguments["covariates"] = () if arguments["covariates"] == "none" else arguments["covariates"]
    options["frequency"] = options["frequency"] or described_frequency(dataset)
    columns = Columns(**{name: arguments[name] for name in ("time", "item", "value", "covariates")})
    table, ahead, notes = with_continuations(tables, columns, options)
    names = known_covariates(table, arguments["known"])
    notes = [*notes, *notes_on_ends(table)]
    for one in table.series:
        if length_of(one) <= FEW_STEPS:
            notes.append(f"{one.title} has {plural(length_of(one), 'value')}: too few to learn from")
            break
    return ForecastingSeries(sources.name_of(dataset), table, ahead, names, generated, say_notes(notes))


def _own_tables(dataset, data_dir, train, test, delimiter, encoding) -> dict[str, Any]:
    """Tables by split of the files or objects of a user."""
    if isinstance(dataset, (str, os.PathLike)):
        splits = {"train": train, "validation": None, "test": test}
        read = lambda path: split_tables(path, delimiter, encoding)  # noqa: E731
        return sources.own_splits(dataset, data_dir, splits, read, lambda table: table)
    parts = training_and_others(dataset) | ({} if test is None else {"test": test})
    return {split: table_of(part, delimiter, encoding) for split, part in parts.items()}


def _tfds_table(dataset, data_dir, train) -> tuple[Table, SeriesSchema]:
    """The rows of a TFDS dataset as a table, and its schema."""
    builder = sources.prepared_builder(dataset, data_dir, SERIES)
    schema = sources.known_schema(builder, SERIES) or SeriesSchema()
    split = train or schema.train
    if split.split("[")[0] not in builder.info.splits:
        raise InputError(f"dataset {dataset!r} has no split {split!r}: it has {', '.join(builder.info.splits)}.")
    rows = [_plain(row) for row in builder.as_dataset(split=split).as_numpy_iterator()]
    if not rows:
        raise InputError(f"split {split!r} of dataset {dataset!r} is empty: choose another.")
    names = [name for name, cell in rows[0].items() if not isinstance(cell, dict)]
    columns = [[row[name] for row in rows] for name in names]
    return Table(dataset, names, lambda index: columns[index], range(1, len(rows) + 1), "row"), schema


def _plain(row):
    """A row of a TFDS dataset as strings, numbers and lists."""
    plain = {}
    for name, cell in row.items():
        plain[name] = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else np.asarray(cell).tolist()
    return plain
