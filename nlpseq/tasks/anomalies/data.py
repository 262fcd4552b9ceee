"""Recordings from TFDS, from files, and from folders as of NAB, by split."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data import sources
from nlpseq.data.files import paths
from nlpseq.data.files.archives import reads_archives, unpacked
from nlpseq.data.files.arrays import SUFFIXES, load_arrays
from nlpseq.data.files.objects import training_and_others
from nlpseq.data.files.reading import read_table
from nlpseq.data.notes import say_notes
from nlpseq.data.series.reading import split_tables
from nlpseq.errors import InputError, in_range, plural, refuses_unknown_arguments, some_of
from nlpseq.paths import as_path
from nlpseq.tasks.anomalies.continuing import continued
from nlpseq.tasks.anomalies.folders import checked, read_folder
from nlpseq.tasks.anomalies.nab import probation
from nlpseq.tasks.anomalies.names import named_in
from nlpseq.tasks.anomalies.recordings import Recording, Recordings, windows_of
from nlpseq.tasks.anomalies.settings import AnomalyData
from nlpseq.tasks.anomalies.tables import is_nab, read_nab, read_recordings

VALIDATION_SHARE = 0.2  # of what is learnt from, its end
LEAST = 2  # steps of a series from which something can be learnt
SHORT = 100  # steps of a series from which little can be learnt


@dataclass(frozen=True, repr=False)
class AnomalySeries(sources.SplitDataset):
    """A dataset of recordings.

    Attributes:
        name: As given to `load_anomalies`.
        channels: Names of the channels.
        train, validation, test: `Recordings`.
        generated: Whether the numbers are generated.
        nab: Whether the dataset is the Numenta Anomaly Benchmark, or a folder as of it.
        notes: Sentences about problems in the data.
    """

    name: str
    channels: tuple[str, ...]
    train: Recordings
    validation: Recordings
    test: Recordings
    generated: bool = False
    nab: bool = False
    notes: tuple[str, ...] = ()

    @property
    def title(self):
        return super().title.replace("sentences", "series")


@refuses_unknown_arguments
@reads_archives
def load_anomalies(
    dataset: Any,
    data_dir=None,
    *,
    time: str | int | None = None,
    values: Any = None,
    label: str | int | None = None,
    training_share: float | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> AnomalySeries:
    """Loads recordings.

    A folder as of NAB has `data/` and `labels/combined_windows.json`: detectors may learn from the probationary period
    at the start of each file, and are evaluated on the rest. Of other data without a test split the first
    `training_share` of each series is learnt from, and the rest is tested, with the statistics that the detector has
    gathered by then. Without a validation split the last fifth of what is learnt from is validated.

    Args:
        dataset: Name of a TFDS dataset with features `values` and `labels`; the path of a table, of a folder of tables
            (named train, validation and test, or all alike), or of a folder as of NAB; or an object, as of
            `nlpseq.data.series.read_series`.
        data_dir: Folder of prepared TFDS datasets.
        time, values, label: Columns of tables, as of `nlpseq.tasks.anomalies.tables.read_recordings`.
        training_share: Between 0 and 1. Default that of `nlpseq.tasks.anomalies.settings`.
        delimiter, encoding: Of files.
        train, validation, test: Splits of TFDS; validation and test may be paths.

    Raises:
        InputError: The dataset cannot be read; the message names file and line.

    Example:

    >>> data = load_anomalies({"value": [float(i % 7) for i in range(400)], "label": [0] * 399 + [1]})
    note: the first 50% of each series is learnt from, and the rest is tested
    >>> len(data.train), data.channels, data.test.items[0].start
    (1, ('value',), 200)
    """
    share = in_range("training_share", training_share or AnomalyData().training_share, 0.01, 0.99)
    if sources.is_name(dataset):
        file_options = {"time": time, "values": values, "label": label, "delimiter": delimiter, "encoding": encoding}
        sources.refuse_file_options(dataset, **file_options)
        return _from_tfds(dataset, data_dir, {"train": train, "validation": validation, "test": test})
    _refuse_splits(dataset, data_dir, train, validation, test)
    read = lambda data, channels: read_recordings(data, time, values, label, delimiter, encoding, channels)  # noqa: E731
    if isinstance(dataset, (str, os.PathLike)):
        path = as_path(dataset)
        with unpacked(path, (".npz",) if _has_splits(path) else ()) as path:
            path = paths.inner(path)
            if os.path.isdir(path) and is_nab(path):
                return _of_nab(path)
            splits, channels, notes = _own_files(path, read, delimiter, encoding)
    else:
        splits, channels, notes = _read_parts(training_and_others(dataset), read, dataset)
    for split, data in (("validation", validation), ("test", test)):
        if data is not None:
            splits[split], _, file_notes = checked(read(as_path(data), channels), channels, data)
            notes += file_notes
    if "test" in splits:
        splits["test"], test_notes = continued(splits["train"], splits["test"])
        notes += test_notes
    splits = _with_missing(splits, share, notes)
    notes += _odd(splits, channels)
    train_items, validation_items, test_items = (Recordings(splits[split]) for split in sources.SPLITS)
    name, notes = sources.name_of(dataset), say_notes(notes)
    return AnomalySeries(name, channels, train_items, validation_items, test_items, notes=notes)


def _refuse_splits(dataset, data_dir, train, validation, test):
    names = [split for split in (validation, test) if isinstance(split, str) and sources.is_name(split)]
    if data_dir or names or train is not None:
        raise InputError(
            f"{sources.name_of(dataset)} is no name of a TFDS dataset: `data_dir` and splits are for those; name the "
            "files in a folder train, validation and test instead, or give paths as `validation` and `test`."
        )


def _has_splits(path):
    """Whether a path is a file of NumPy with arrays for training and others, read as a folder of them."""
    return paths.suffix_of(path) == ".npz" and any(paths.split_of(name) == "train" for name in load_arrays(path))


def _own_files(path, read, delimiter, encoding):
    """The recordings of a file or folder by split, the channels, and notes."""
    if os.path.isdir(path):
        return read_folder(path, read, lambda file: read_table(file, delimiter, encoding))
    parts = {"train": path} if _is_whole(path) else split_tables(path, delimiter, encoding)
    return _read_parts(parts, read, path)


def _read_parts(parts, read, place):
    """The recordings of files, tables or objects by split, the channels, and notes."""
    by_split, channels, notes = {}, (), []
    for split in (split for split in sources.SPLITS if split in parts):
        by_split[split], channels, file_notes = checked(read(parts[split], channels), channels, place)
        notes += file_notes
    return by_split, channels, notes


def _is_whole(path):
    """Whether a file has no column of splits, as arrays and files whose names tell them."""
    return paths.suffix_of(path) in SUFFIXES or named_in(path.name) is not None


def _with_missing(splits, share, notes):
    """All three splits: what is missing is split off in time."""
    train = splits["train"]
    if "test" not in splits:
        cuts = [_cut(one, share) for one in train]
        splits["test"] = [one.until(len(one), cut) for one, cut in zip(train, cuts)]
        train = [one.until(cut) for one, cut in zip(train, cuts)]
        all_windows = all(named_in(one.name) is not None for one in train)
        part = "steps of each series that its name tells are" if all_windows else f"{share:.0%} of each series is"
        notes.append(f"the first {part} learnt from, and the rest is tested")
    if "validation" not in splits:
        cuts = [max(1, int((1 - VALIDATION_SHARE) * len(one))) for one in train]
        splits["validation"] = [one.until(len(one), cut) for one, cut in zip(train, cuts)]
        train = [one.until(cut) for one, cut in zip(train, cuts)]
    splits["train"] = train
    return splits


def _cut(one, share):
    """The steps of a series that are learnt from: as many as its name tells, else a share."""
    window = named_in(one.name)
    return max(1, int(share * len(one)) if window is None else min(window.train, len(one) - 1))


def _odd(splits, channels):
    """Notes on problems in the data."""
    notes = []
    lengths = [len(one) for one in splits["train"]]
    _check_learnable(splits["train"])
    if max(lengths) < SHORT:
        most = plural(max(lengths), "step")
        notes.append(f"the series to learn from have {most} at most: scores on so few mean little")
    train = Recordings(splits["train"])
    marked = int(sum(one.labels.sum() for one in train))
    if marked:
        subject = plural(marked, "step to learn from is", "steps to learn from are")
        notes.append(f"{subject} labelled as of an anomaly, and not learnt")
    infinite = sum(int(np.isinf(one.values).sum()) for items in splits.values() for one in items)
    if infinite:
        notes.append(f"{plural(infinite, 'infinite value counts', 'infinite values count')} as missing")
    constant = sum(
        bool(np.nanmax(one.values) == np.nanmin(one.values)) for one in train if np.isfinite(one.values).any()
    )
    if constant:
        subject = some_of(constant, len(train), "series", "to learn from is constant", "to learn from are constant")
        notes.append(f"{subject}: every change is new")
    empty = [name for name, column in zip(channels, zip(*(np.isfinite(one.values).any(axis=0) for one in train)))
             if not any(column)]  # fmt: skip
    if empty:
        notes.append(f"{', '.join(empty[:5])}: no value in the steps to learn from; such channels count as missing")
    if not Recordings(splits["test"]).labelled:
        notes.append("nothing that is tested is labelled as an anomaly: alarms are counted, and cannot be scored")
        if all(one.windows is None for items in splits.values() for one in items):
            notes += _possible_labels(splits, channels)
    return notes


def _possible_labels(splits, channels):
    """A note on the only channel that holds 0 and 1 alone, of which 1 is rarer, as labels do."""
    values = np.concatenate([one.values for items in splits.values() for one in items])
    names = [name for name, column in zip(channels, values.T) if set(column.tolist()) == {0, 1} and column.mean() < 0.5]
    if len(names) != 1 or len(channels) < 2:
        return []
    return [f"{names[0]!r} holds 0 and 1 alone: name it with `label` if it marks anomalies"]


def _check_learnable(items):
    """Refuses series from which nothing can be learnt."""
    if not any((np.isfinite(one.values).any(axis=1) & ~one.labels).sum() >= LEAST for one in items):
        marked = any(one.labels.any() for one in items)
        raise InputError(
            f"no series to learn from has {LEAST} steps with values"
            + (" that are not labelled as anomalies" if marked else "")
            + ": give longer ones, or raise `training_share`."
        )


def _of_nab(path: Path) -> AnomalySeries:
    recordings = read_nab(path)
    test = [one.until(len(one), probation(len(one))) for one in recordings]
    beginnings = [one.until(probation(len(one))) for one in recordings]
    cuts = [int((1 - VALIDATION_SHARE) * len(one)) for one in beginnings]
    train = Recordings([one.until(cut) for one, cut in zip(beginnings, cuts)])
    validation = Recordings([one.until(len(one), cut) for one, cut in zip(beginnings, cuts)])
    return AnomalySeries(sources.name_of(path), ("value",), train, validation, Recordings(test), nab=True)


def _from_tfds(dataset, data_dir, names_by_split) -> AnomalySeries:
    builder = sources.prepared_builder(dataset, data_dir, ())
    sources.check_features(dataset, builder, ("values", "labels"), "`values` and `label`")
    names = {split: names_by_split[split] or split for split in sources.SPLITS}
    splits = {}
    for split, name in names.items():
        if name.partition("[")[0] not in builder.info.splits:
            raise InputError(f"dataset {dataset!r} has no split {name!r}: expected train, validation and test.")
        rows = builder.as_dataset(split=name).as_numpy_iterator()
        splits[split] = Recordings([_of_row(row, f"{split} {number}") for number, row in enumerate(rows)])
    metadata = builder.info.metadata or {}
    channels = tuple(metadata.get("channels") or map(str, range(splits["train"].items[0].values.shape[1])))
    train, validation, test = (splits[split] for split in sources.SPLITS)
    generated = dataset.partition(":")[0] in sources.CORPORA
    return AnomalySeries(dataset, channels, train, validation, test, generated=generated)


def _of_row(row, name):
    values = np.asarray(row["values"], float)
    return Recording(name, values.reshape(len(values), -1), windows_of(row["labels"]))
