"""TFDS builders, splits and held-out data, for all kinds of dataset."""

import contextlib
import io
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from nlpseq import corpora  # registers the embedded corpora
from nlpseq.data import files
from nlpseq.data.files import objects
from nlpseq.data.files.archives import archive_of
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError, shorten, suggest
from nlpseq.paths import as_path

CORPORA = tuple(getattr(corpora, name).name for name in corpora.__all__)
SPLITS = ("train", "validation", "test")
LEAST_RELAXED = 20  # of so many examples a part is held out even if it takes a class out of training
Part = TypeVar("Part")


class SplitDataset:
    """Base of datasets with attributes `name`, `train`, `validation`, `test`, `generated` and `notes`.

    `notes` are sentences about problems in the data that do not stop its use. `examples_are` is what generated
    examples are called.
    """

    examples_are: ClassVar[str] = "sentences"
    name: str
    generated: bool
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """The name, of a path that of the file or folder, with a note if the data are generated."""
        name = as_path(self.name).resolve().name if files.is_path(self.name) else self.name
        return f"{name} (generated {self.examples_are})" if self.generated else name

    def __repr__(self) -> str:
        """The class, the name and the sizes, as a dataset may hold millions of examples."""
        sizes = ", ".join(f"{split}={size:,}" for split, size in self.sizes.items())
        return f"<{type(self).__name__} {self.name!r}: {sizes}>"

    @property
    def sizes(self) -> dict[str, int]:
        """The number of examples by split."""
        return {split: len(getattr(self, split)) for split in SPLITS}


def is_name(dataset: Any) -> bool:
    """Whether `dataset` is the name of a TFDS dataset, and not a path or an object with examples."""
    return isinstance(dataset, str) and not files.is_path(dataset)


def name_of(dataset: Any) -> str:
    """What a dataset is called in messages: its name or path, or the class of an object."""
    return archive_of(dataset) if isinstance(dataset, (str, os.PathLike)) else type(dataset).__name__


def refuse_file_options(dataset: str, **options: Any) -> None:
    """Raises an `InputError` for an option of files that is given with the name of a TFDS dataset."""
    for name, value in options.items():
        if value is not None:
            raise InputError(f"`{name}` is for files, and {dataset!r} is a TFDS dataset: leave it out.")


def own_splits(
    dataset: Any,
    data_dir: Any,
    splits: Mapping[str, Any],
    read: Callable[[Path], dict[str, Part]],
    of_table: Callable[[Table], Part],
    rank: int = 0,
    of_objects: Callable[[Any], dict[str, Part]] | None = None,
) -> dict[str, Part]:
    """The user's own data by split.

    Args:
        dataset: a path, or an object as of `objects.tables_of`.
        data_dir: must be None.
        splits: values of the arguments `train`, `validation` and `test`: the latter two may be paths or objects.
        read: from a path to its content by split.
        of_table: from the table of an object to such content.
        rank: as of `objects.tables_of`.
        of_objects: from an object to its content by split, for kinds whose objects are not tables.

    Raises:
        InputError: `data_dir`, or a split of TFDS, is given.
    """
    names = [split for split in SPLITS if isinstance(splits.get(split), str) and is_name(splits[split])]
    if data_dir or names or splits.get("train") is not None:
        raise InputError(
            f"{name_of(dataset)} is {'a path' if isinstance(dataset, (str, os.PathLike)) else 'no name'}: `data_dir` "
            "and splits are for TFDS datasets; name the files in a folder train, validation and test instead, or give "
            "paths as `validation` and `test`."
        )

    def parts(data):
        if isinstance(data, (str, os.PathLike)):
            return read(as_path(data))
        if of_objects is not None:
            return of_objects(data)
        return {split: of_table(table) for split, table in objects.tables_of(data, rank).items()}

    tables = parts(dataset)
    if "train" not in tables:
        raise InputError(f"{name_of(dataset)} has no training split: expected one named train.")
    other_splits = {split: splits[split] for split in ("validation", "test") if splits.get(split) is not None}
    return tables | {split: parts(data)["train"] for split, data in other_splits.items()}


def prepared_builder(dataset: str, data_dir, datasets: Iterable[str]) -> tfds.core.DatasetBuilder:
    """The TFDS builder of a dataset, which is downloaded or generated if it is not prepared.

    Args:
        dataset: its name, with the configuration if any.
        data_dir: folder of prepared datasets, or None for that of TFDS.
        datasets: names to suggest in addition to those of TFDS.

    Raises:
        InputError: the name or the folder does not exist, or the dataset cannot be prepared.
    """
    if len(dataset.split()) > 1:
        raise InputError(
            f"{shorten(dataset)!r} is neither a path nor the name of a dataset: give texts themselves as a list."
        )
    tfds.disable_progress_bar()
    if data_dir is not None and not os.path.isdir(as_path(data_dir)) and dataset not in CORPORA:
        raise InputError(f"the data folder {data_dir} does not exist: give one that TFDS prepared.")
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        names = sorted({*tfds.list_builders(), *datasets})
        raise InputError(f"unknown dataset {shorten(dataset)!r}: {suggest(dataset, names)}") from None
    except Exception as error:  # TFDS raises errors of many classes for invalid names and versions
        raise InputError(f"cannot open dataset {shorten(dataset)!r}: {summary_of(error)}.") from None
    if not builder.is_prepared():
        _prepare(dataset, builder)
    return builder


def _prepare(dataset, builder):
    """Generates an embedded corpus, or lets TFDS download another dataset."""
    downloaded = type(builder).__module__.startswith("tensorflow_datasets.")
    remedy = "connect to the network, or set `data_dir` to the folder that contains it"
    if downloaded and not _online():
        raise InputError(
            f"dataset {dataset!r} is not in {builder.data_dir} and there is no network to download it: {remedy}."
        )
    try:
        with contextlib.redirect_stdout(sys.stdout if downloaded else io.StringIO()):
            builder.download_and_prepare()
    except OSError as error:
        raise InputError(
            f"dataset {dataset!r} could not be written to {builder.data_dir} or downloaded "
            f"({summary_of(error)}): {remedy}, or to a writable folder."
        ) from None
    except Exception as error:  # builders raise errors of any class
        raise InputError(
            f"dataset {dataset!r} could not be prepared in {builder.data_dir} "
            f"({type(error).__name__}: {summary_of(error)}): {remedy}."
        ) from None


def _online():
    """Whether host names resolve; TFDS itself would retry for minutes."""
    try:
        return bool(socket.getaddrinfo("www.tensorflow.org", 443))
    except OSError:
        return False


def known_schema(builder: tfds.core.DatasetBuilder, table: Mapping[str, Any]):
    """The schema of a builder: the entry of its configuration, else of its name, else None."""
    config = builder.builder_config.name if builder.builder_config else ""
    return table.get(f"{builder.name}/{config}", table.get(builder.name))


def check_features(dataset: str, builder: tfds.core.DatasetBuilder, names: Iterable[str], arguments: str) -> None:
    """Raises an `InputError` for a feature that the dataset lacks, or if its rows are sequences of features.

    Args:
        arguments: those that name features, in backticks, for the message.
    """
    if not isinstance(builder.info.features, tfds.features.FeaturesDict):
        raise InputError(
            f"dataset {dataset!r} has a sequence of features in each row: give another, whose rows have features."
        )
    features = list(builder.info.features.keys())
    for name in names:
        if name not in features:
            raise InputError(
                f"dataset {dataset!r} has no feature {name!r}; name its features with {arguments}: "
                f"{suggest(name, features)}"
            )


def read_splits(
    dataset: str, builder: tfds.core.DatasetBuilder, schema, overrides: Mapping, select: Callable[[dict], tuple]
) -> dict[str, tuple]:
    """Reads the splits that a schema names.

    A validation or test split that the dataset lacks is skipped if it is a default of
    the schema.

    Args:
        overrides: attributes of the schema that the user has set.
        select: from a row, a dictionary, to a tuple of tensors.

    Returns:
        A dictionary from split to a tuple of tensors or ragged tensors with all rows.

    Raises:
        InputError: a split does not exist, is empty or cannot be read.
    """
    names = {split: getattr(schema, split) for split in SPLITS}
    for split in ("validation", "test"):
        if split not in overrides and names[split] not in builder.info.splits:
            names[split] = None
    return {split: _read_split(dataset, builder, name, select) for split, name in names.items() if name}


def _read_split(dataset, builder, split, select):
    splits = list(builder.info.splits)
    base = re.match(r"\w+", split)
    if base is None or base.group() not in splits:
        raise InputError(f"dataset {dataset!r} has no split {split!r}: {suggest(split, splits)}")
    try:
        rows = builder.as_dataset(split=split).map(select)
        batches = list(rows.ragged_batch(1024))
    except (ValueError, tf.errors.OpError) as error:
        raise InputError(f"cannot read split {split!r} of {dataset!r}: {summary_of(error)}.") from None
    if not batches:
        raise InputError(f"split {split!r} of dataset {dataset!r} is empty: choose another.")
    return tuple(tf.concat(parts, axis=0) for parts in zip(*batches))


def is_text(feature: tfds.features.FeatureConnector) -> bool:
    """Whether a feature is a string."""
    return feature.shape == () and feature.np_dtype in (object, np.object_)


def value_names(feature: tfds.features.FeatureConnector) -> list[str] | None:
    """The class names of a `ClassLabel` feature or of a sequence of them, else None."""
    feature = getattr(feature, "feature", feature)
    return list(feature.names) if isinstance(feature, tfds.features.ClassLabel) else None


def as_text(value) -> str:
    """A value of a dataset as a string."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def fill_splits(splits: dict, seed: int) -> list[str]:
    """Adds missing test and validation splits, held out from the training split, in place.

    Returns:
        A sentence about what was held out, or none.
    """
    missing = [split for split in ("validation", "test") if split not in splits]
    for split in reversed(missing):
        splits["train"], splits[split] = split_off_tenth(splits["train"], seed)
    sizes = " and ".join(f"{len(splits[split]):,} as {split}" for split in missing)
    return [f"held out at random from the training split: {sizes}"] if missing else []


def split_off_tenth(examples, seed: int) -> tuple:
    """Splits examples at random into nine tenths and one tenth.

    The nine tenths contain at least one example of every class if enough of them occur twice.

    Args:
        examples: has `len`, `select(indices)` and `classes()`: two arrays of one size with
            indices of examples and classes that occur in them.
        seed: of the random permutation.

    Returns:
        The nine tenths, and the tenth, in their original order.

    Raises:
        InputError: there are too few examples.
    """
    order = np.random.default_rng(seed).permutation(len(examples))
    ranks = np.argsort(order)
    owners, classes = examples.classes()
    by_rank = np.argsort(ranks[owners], kind="stable")
    _, first = np.unique(classes[by_rank], return_index=True)
    fixed = np.unique(ranks[owners[by_rank[first]]])
    order = np.concatenate([np.delete(order, fixed), order[fixed]])
    held = max(1, len(examples) // 10)
    if held > len(order) - len(fixed) and len(examples) < LEAST_RELAXED:
        raise InputError("the training split is too small to hold out a part: give more examples.")
    return examples.select(np.sort(order[held:])), examples.select(np.sort(order[:held]))


def summary_of(error: Exception) -> str:
    """The first 200 characters of the first line of an error, without its full stop; else the name of its class."""
    text = str(error).strip()
    return shorten(text.splitlines()[0].rstrip("."), 200) if text else type(error).__name__
