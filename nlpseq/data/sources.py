"""From the name of a dataset to its texts, labels and splits."""

import contextlib
import io
import re
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from nlpseq.data import corpora, files  # noqa: F401  (registers the embedded corpora)
from nlpseq.data.schemas import CLASSIFICATION, ClassificationSchema
from nlpseq.errors import InputError, shortened, suggest

CORPORA = tuple(getattr(corpora, name).name for name in corpora.__all__)
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """Texts (bytes) and integer labels of a split, in memory."""

    texts: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.texts)

    def select(self, chosen):
        """Those at an index, slice or mask."""
        return Examples(self.texts[chosen], self.labels[chosen])

    def dataset(self):
        """A `tf.data.Dataset` of `(text, label)`: scalar string and int32."""
        texts = tf.constant(self.texts.tolist(), tf.string, shape=(len(self),))
        return tf.data.Dataset.from_tensor_slices((texts, self.labels.astype(np.int32)))


@dataclass(frozen=True)
class LabelledTexts:
    """A classification dataset: its name, class names, splits, and whether it was generated."""

    name: str
    labels: tuple
    train: Examples
    validation: Examples
    test: Examples
    generated: bool = False

    @property
    def title(self):
        """The name, and whether the texts are generated: every score is shown under it."""
        return f"{self.name} (generated sentences)" if self.generated else self.name

    @property
    def sizes(self):
        """The number of examples of each split."""
        return {split: len(getattr(self, split)) for split in SPLITS}


def load_labelled_texts(dataset, data_dir=None, seed=0, **overrides):
    """Loads a classification dataset.

    Args:
        dataset: name of a TFDS dataset ("imdb_reviews", "glue/sst2"), or the path
            of a `.tsv`, `.csv` or `.jsonl` file, or of a folder of such files
            named train, validation and test.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of examples held out where a split is missing.
        **overrides: attributes of `ClassificationSchema` that replace those of
            the known dataset: text, label, train, validation, test.

    Returns:
        `LabelledTexts`.

    Raises:
        InputError: the dataset, a split, a column or a file is not there or not
            usable; there is but one class; a label is unknown in training.
    """
    overrides = {key: value for key, value in overrides.items() if value}
    if isinstance(overrides.get("text"), str):
        overrides["text"] = tuple(overrides["text"].split(","))
    if files.is_file_dataset(dataset):
        if data_dir or set(overrides) & set(SPLITS):
            raise InputError(
                f"{dataset} is a path: splits and --data-dir are for TFDS datasets; name the files "
                "of a folder train, validation and test instead."
            )
        labels, splits = _from_files(dataset, ClassificationSchema(**overrides))
        generated = False
    else:
        labels, splits, generated = _from_tfds(dataset, data_dir, overrides)
    for split in ("test", "validation"):
        if split not in splits:
            splits["train"], splits[split] = _hold_out(splits["train"], seed)
    _check(dataset, labels, splits)
    return LabelledTexts(dataset, tuple(labels), generated=generated, **splits)


def _from_files(dataset, schema):
    columns = (*schema.text, schema.label)
    rows = {
        split: files.read_rows(path, columns) for split, path in files.split_files(dataset).items()
    }
    labels = sorted({row[-1] for row in rows["train"]})
    for split, found in rows.items():
        for row in found:
            if row[-1] not in labels:
                raise InputError(
                    f"the {split} split has label {row[-1]!r}, which the training split never "
                    f"shows: {suggest(row[-1], labels)}"
                )
    ids = {label: index for index, label in enumerate(labels)}
    splits = {}
    for split, found in rows.items():
        texts = ["\n\n".join(row[:-1]).encode("utf-8", "replace") for row in found]
        splits[split] = Examples(
            np.array(texts, object), np.array([ids[row[-1]] for row in found], np.int32)
        )
    return labels, splits


def _from_tfds(dataset, data_dir, overrides):
    builder = _prepared_builder(dataset, data_dir)
    schema = _schema(builder)
    if overrides.get("label", schema.label) != schema.label:
        schema = replace(schema, names=None)
    schema = replace(schema, **overrides)
    _check_features(dataset, builder, schema)
    names = {split: getattr(schema, split) for split in SPLITS}
    if "test" not in overrides and schema.test not in builder.info.splits:
        names["test"] = None
    raw = {
        split: _read_split(dataset, builder, name, schema) for split, name in names.items() if name
    }
    labels = _label_names(builder, schema, raw["train"][1])
    splits = {split: _numbered(*pair, builder, schema, labels) for split, pair in raw.items()}
    return labels, splits, schema.generated


def _prepared_builder(dataset, data_dir):
    """The TFDS builder of a dataset that is on disk, if need be by way of the network."""
    tfds.disable_progress_bar()
    if data_dir is not None and not Path(data_dir).expanduser().is_dir() and dataset not in CORPORA:
        raise InputError(f"the data folder {data_dir} does not exist: give one that TFDS prepared.")
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        names = sorted({*tfds.list_builders(), *CLASSIFICATION})
        raise InputError(
            f"unknown dataset {shortened(dataset)!r}: {suggest(dataset, names)}"
        ) from None
    except Exception as error:  # TFDS throws all kinds for odd names and versions
        raise InputError(
            f"cannot open dataset {shortened(dataset)!r}: {_first_line(error)}"
        ) from None
    if not builder.is_prepared():
        _prepare(dataset, builder)
    return builder


def _prepare(dataset, builder):
    """Generates an embedded corpus, or has TFDS download another dataset."""
    shipped = type(builder).__module__.startswith("tensorflow_datasets.")
    remedy = "connect to the network, or name with --data-dir the folder that holds it"
    if shipped and not _online():
        raise InputError(
            f"dataset {dataset!r} is not in {builder.data_dir} and there is no network to "
            f"download it: {remedy}."
        )
    try:
        with contextlib.redirect_stdout(sys.stdout if shipped else io.StringIO()):
            builder.download_and_prepare()
    except OSError as error:
        raise InputError(
            f"dataset {dataset!r} could not be written to {builder.data_dir} or downloaded "
            f"({_first_line(error)}): {remedy}, or one that can be written."
        ) from None
    except Exception as error:  # whatever else a builder throws, TFDS's own errors included
        raise InputError(
            f"dataset {dataset!r} could not be prepared in {builder.data_dir} "
            f"({type(error).__name__}: {_first_line(error)}): {remedy}."
        ) from None


def _online():
    """Whether names of hosts can be looked up, so that TFDS need not find out in minutes."""
    try:
        return bool(socket.getaddrinfo("www.tensorflow.org", 443))
    except OSError:
        return False


def _schema(builder):
    config = builder.builder_config.name if builder.builder_config else ""
    for name in (f"{builder.name}/{config}", builder.name):
        if name in CLASSIFICATION:
            return CLASSIFICATION[name]
    keys = builder.info.supervised_keys
    if keys and all(isinstance(key, str) for key in keys):
        return ClassificationSchema(text=(keys[0],), label=keys[1])
    return ClassificationSchema()


def _check_features(dataset, builder, schema):
    features = builder.info.features
    labels = (schema.label,) if isinstance(schema.label, str) else schema.label
    for name in (*schema.text, *labels):
        if name not in features:
            raise InputError(
                f"dataset {dataset!r} has no feature {name!r}; name its features with --text and "
                f"--label: {suggest(name, list(features))}"
            )
    for name in schema.text:
        if features[name].np_dtype not in (object, np.object_):
            raise InputError(f"feature {name!r} of dataset {dataset!r} is not text: give another.")
    for name in labels:
        if features[name].shape != () or features[name].np_dtype in (np.float32, np.float64):
            raise InputError(
                f"feature {name!r} of dataset {dataset!r} is no label: give a class, text or integer."
            )


def _read_split(dataset, builder, split, schema):
    """The texts and raw labels of a split; rows without exactly one label are left out."""
    known = list(builder.info.splits)
    base = re.match(r"\w+", split)
    if base is None or base.group() not in known:
        raise InputError(f"dataset {dataset!r} has no split {split!r}: {suggest(split, known)}")
    try:
        data = builder.as_dataset(split=split).map(lambda row: _text_and_label(row, schema))
        texts, labels = [], []
        for text, label in data.batch(1024).as_numpy_iterator():
            texts.append(text)
            labels.append(label)
    except (ValueError, tf.errors.OpError) as error:
        raise InputError(
            f"cannot read split {split!r} of {dataset!r}: {_first_line(error)}"
        ) from None
    if not texts:
        raise InputError(f"split {split!r} of dataset {dataset!r} is empty: give another.")
    return _usable(np.concatenate(texts), np.concatenate(labels), schema)


def _usable(texts, labels, schema):
    """The examples with exactly one label that the schema knows."""
    if labels.ndim == 2:
        single = labels.sum(axis=1) == 1
        return texts[single], labels[single].argmax(axis=1)
    if schema.names:
        known = np.isin(labels, list(schema.names))
        return texts[known], labels[known]
    return texts, labels


def _text_and_label(row, schema):
    texts = [row[name] for name in schema.text]
    text = texts[0] if len(texts) == 1 else tf.strings.join(texts, "\n\n")
    if isinstance(schema.label, str):
        return text, row[schema.label]
    return text, tf.stack([tf.cast(row[name], tf.int32) for name in schema.label])


def _label_names(builder, schema, train_labels):
    if not isinstance(schema.label, str):
        return list(schema.label)
    if schema.names:
        return list(schema.names.values())
    feature = builder.info.features[schema.label]
    if isinstance(feature, tfds.features.ClassLabel):
        return list(feature.names)
    return [_as_text(label) for label in sorted(set(train_labels.tolist()))]


def _numbered(texts, labels, builder, schema, names):
    """Examples whose labels are numbers of classes; -1 for one that training never shows."""
    numbered = not isinstance(schema.label, str) or isinstance(
        builder.info.features[schema.label], tfds.features.ClassLabel
    )
    if not numbered:
        values = schema.names or names
        ids = {_as_text(value): index for index, value in enumerate(values)}
        labels = [ids.get(_as_text(label), -1) for label in labels.tolist()]
    return Examples(texts, np.array(labels, np.int32))


def _as_text(label):
    return label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)


def _check(dataset, labels, splits):
    """Every split has known labels only, and training at least two of them."""
    seen = set(splits["train"].labels.tolist())
    if len(seen - {-1}) < 2:
        raise InputError(
            f"the training split of {dataset!r} has one class only "
            f"({labels[max(seen)] if seen else 'none'!r}): expected at least two."
        )
    for split, examples in splits.items():
        for label in set(examples.labels.tolist()) - (seen - {-1}):
            name = repr(labels[label]) if 0 <= label < len(labels) else "(no label)"
            raise InputError(
                f"the {split} split of {dataset!r} has label {name}, which the training split "
                "never shows: give splits with the same labels."
            )


def _hold_out(examples, seed):
    """All but a tenth of the examples, and that tenth, chosen by the seed.

    The first example of each class in the drawn order stays in training.
    """
    order = np.random.default_rng(seed).permutation(len(examples))
    _, first = np.unique(examples.labels[order], return_index=True)
    order = np.concatenate([np.delete(order, first), order[first]])
    held = max(1, len(examples) // 10)
    if held > len(order) - len(first):
        raise InputError("the training split is too small to hold a part out: give more examples.")
    return examples.select(np.sort(order[held:])), examples.select(np.sort(order[:held]))


def _first_line(error):
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
