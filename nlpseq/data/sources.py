"""What every kind of dataset needs: a TFDS builder or a path, its splits, and a part held out."""

import contextlib
import io
import re
import socket
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from nlpseq import corpora  # registers the embedded corpora
from nlpseq.errors import InputError, shorten, suggest

CORPORA = tuple(getattr(corpora, name).name for name in corpora.__all__)
SPLITS = ("train", "validation", "test")


class SplitDataset:
    """A base of datasets with a `name`, splits `train`, `validation`, `test`, and `generated`."""

    @property
    def title(self):
        """The name, and whether the texts are generated: every score is shown under it."""
        return f"{self.name} (generated sentences)" if self.generated else self.name

    @property
    def sizes(self):
        """The number of examples of each split."""
        return {split: len(getattr(self, split)) for split in SPLITS}


def refuse_tfds_options(dataset, data_dir, overrides):
    """Raises an `InputError` where options of TFDS datasets stand beside a path."""
    if data_dir or set(overrides) & set(SPLITS):
        raise InputError(
            f"{dataset} is a path: splits and --data-dir are for TFDS datasets; name the files "
            "of a folder train, validation and test instead."
        )


def prepared_builder(dataset, data_dir, known):
    """The TFDS builder of a dataset that is on disk, if need be by way of the network.

    Args:
        dataset: its name, with the configuration if any.
        data_dir: folder of prepared datasets, or None for that of TFDS.
        known: names to suggest beside those of TFDS.
    """
    tfds.disable_progress_bar()
    if data_dir is not None and not Path(data_dir).expanduser().is_dir() and dataset not in CORPORA:
        raise InputError(f"the data folder {data_dir} does not exist: give one that TFDS prepared.")
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        names = sorted({*tfds.list_builders(), *known})
        raise InputError(f"unknown dataset {shorten(dataset)!r}: {suggest(dataset, names)}") from None
    except Exception as error:  # TFDS throws all kinds for odd names and versions
        raise InputError(f"cannot open dataset {shorten(dataset)!r}: {summary_of(error)}") from None
    if not builder.is_prepared():
        _prepare(dataset, builder)
    return builder


def _prepare(dataset, builder):
    """Generates an embedded corpus, or has TFDS download another dataset."""
    shipped = type(builder).__module__.startswith("tensorflow_datasets.")
    remedy = "connect to the network, or name with --data-dir the folder that holds it"
    if shipped and not _online():
        raise InputError(
            f"dataset {dataset!r} is not in {builder.data_dir} and there is no network to download it: {remedy}."
        )
    try:
        with contextlib.redirect_stdout(sys.stdout if shipped else io.StringIO()):
            builder.download_and_prepare()
    except OSError as error:
        raise InputError(
            f"dataset {dataset!r} could not be written to {builder.data_dir} or downloaded "
            f"({summary_of(error)}): {remedy}, or one that can be written."
        ) from None
    except Exception as error:  # whatever else a builder throws, TFDS's own errors included
        raise InputError(
            f"dataset {dataset!r} could not be prepared in {builder.data_dir} "
            f"({type(error).__name__}: {summary_of(error)}): {remedy}."
        ) from None


def _online():
    """Whether names of hosts can be looked up, so that TFDS need not find out in minutes."""
    try:
        return bool(socket.getaddrinfo("www.tensorflow.org", 443))
    except OSError:
        return False


def known_schema(builder, table):
    """The entry of a schema table for a builder: of its configuration, else of its name, or None."""
    config = builder.builder_config.name if builder.builder_config else ""
    return table.get(f"{builder.name}/{config}", table.get(builder.name))


def check_features(dataset, builder, names, flags):
    """Raises an `InputError` for a feature that is not there; `flags` name the right ones."""
    features = list(builder.info.features)
    for name in names:
        if name not in features:
            raise InputError(
                f"dataset {dataset!r} has no feature {name!r}; name its features with {flags}: "
                f"{suggest(name, features)}"
            )


def read_splits(dataset, builder, schema, overrides, select):
    """The splits that a schema names, read.

    A validation or test split that the schema, not the user, names and that
    the dataset lacks is left out.

    Args:
        overrides: what the user gave in place of attributes of the schema.
        select: from a row, a dictionary, to a tuple of tensors.

    Returns:
        A dictionary from split to tuple of tensors, ragged ones among them,
        with all rows of the split.
    """
    names = {split: getattr(schema, split) for split in SPLITS}
    for split in ("validation", "test"):
        if split not in overrides and names[split] not in builder.info.splits:
            names[split] = None
    return {split: _read_split(dataset, builder, name, select) for split, name in names.items() if name}


def _read_split(dataset, builder, split, select):
    known = list(builder.info.splits)
    base = re.match(r"\w+", split)
    if base is None or base.group() not in known:
        raise InputError(f"dataset {dataset!r} has no split {split!r}: {suggest(split, known)}")
    try:
        rows = builder.as_dataset(split=split).map(select)
        batches = list(rows.ragged_batch(1024))
    except (ValueError, tf.errors.OpError) as error:
        raise InputError(f"cannot read split {split!r} of {dataset!r}: {summary_of(error)}") from None
    if not batches:
        raise InputError(f"split {split!r} of dataset {dataset!r} is empty: give another.")
    return tuple(tf.concat(parts, axis=0) for parts in zip(*batches))


def is_text(feature):
    """Whether a feature is a string."""
    return feature.shape == () and feature.np_dtype in (object, np.object_)


def value_names(feature):
    """The names of the values of a `ClassLabel` feature or sequence of such, else None."""
    feature = getattr(feature, "feature", feature)
    return list(feature.names) if isinstance(feature, tfds.features.ClassLabel) else None


def as_text(value):
    """A value of a dataset as a string."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def fill_splits(splits, seed):
    """Splits with a test and a validation split, if need be held out from training, in place."""
    for split in ("test", "validation"):
        if split not in splits:
            splits["train"], splits[split] = split_off_tenth(splits["train"], seed)
    return splits


def split_off_tenth(examples, seed):
    """All but a tenth of the examples, and that tenth, chosen by the seed.

    The first example of each class in the drawn order stays in training.

    Args:
        examples: with `len`, `select(indices)`, and `classes()`: two arrays of
            one size, of numbers of examples and of a class that each one shows.
    """
    order = np.random.default_rng(seed).permutation(len(examples))
    places = np.argsort(order)
    owners, classes = examples.classes()
    drawn = np.argsort(places[owners], kind="stable")
    _, first = np.unique(classes[drawn], return_index=True)
    kept = np.unique(places[owners[drawn[first]]])
    order = np.concatenate([np.delete(order, kept), order[kept]])
    held = max(1, len(examples) // 10)
    if held > len(order) - len(kept):
        raise InputError("the training split is too small to hold a part out: give more examples.")
    return examples.select(np.sort(order[held:])), examples.select(np.sort(order[:held]))


def summary_of(error):
    """The first line of the text of an error, or its kind."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
