"""Classification datasets from TFDS and from files."""

from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from nlpseq.data import files, sources
from nlpseq.errors import InputError, suggest
from nlpseq.tasks.classification.schemas import CLASSIFICATION, ClassificationSchema


@dataclass(frozen=True)
class Examples:
    """The examples of a split, in memory.

    Attributes:
        texts: UTF-8 bytes, object array `(n,)`.
        labels: int32 `(n,)`.
    """

    texts: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.texts)

    def select(self, indices) -> "Examples":
        """The examples at indices, a slice or a mask."""
        return Examples(self.texts[indices], self.labels[indices])

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of every example, and its label."""
        return np.arange(len(self)), self.labels

    def dataset(self) -> tf.data.Dataset:
        """A `tf.data.Dataset` of `(text, label)`: scalar string and int32."""
        texts = tf.constant(self.texts.tolist(), tf.string, shape=(len(self),))
        return tf.data.Dataset.from_tensor_slices((texts, self.labels.astype(np.int32)))


@dataclass(frozen=True)
class LabelledTexts(sources.SplitDataset):
    """A classification dataset.

    Attributes:
        name: as given to `load_labelled_texts`.
        labels: class names, by number.
        train, validation, test: `Examples`.
        generated: whether the texts are generated.
    """

    name: str
    labels: tuple
    train: Examples
    validation: Examples
    test: Examples
    generated: bool = False


def load_labelled_texts(
    dataset: str,
    data_dir=None,
    seed: int = 0,
    *,
    text: str | tuple[str, ...] | None = None,
    label: str | None = None,
    train: str | None = None,
    validation: str | None = None,
    test: str | None = None,
) -> LabelledTexts:
    """Loads a classification dataset.

    Args:
        dataset: name of a TFDS dataset ("imdb_reviews", "glue/sst2"), or the path
            of a `.tsv`, `.csv` or `.jsonl` file, or of a folder of such files
            named train, validation and test.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of examples that are held out if a split is missing.
        text: feature or column with the text, or several, as a tuple or separated by
            commas, which are joined by a blank line. Default that of the dataset, or "text".
        label: feature or column with the label. Default that of the dataset, or "label".
        train, validation, test: TFDS splits, such as "train[:80%]". Default those of
            the dataset.

    Returns:
        `LabelledTexts`.

    Raises:
        InputError: the dataset, a split, a column or a file is missing or unusable;
            there is only one class; a label does not occur in the training split.

    Example:

    >>> data = load_labelled_texts("reviews.tsv")  # doctest: +SKIP
    >>> data.labels, data.sizes  # doctest: +SKIP
    (('negative', 'positive'), {'train': 800, 'validation': 100, 'test': 100})
    """
    if isinstance(text, str):
        text = tuple(text.split(",")) if text else None
    given = {"text": text, "label": label, "train": train, "validation": validation, "test": test}
    overrides = {name: value for name, value in given.items() if value}
    if files.is_path(dataset, files.ROW_SUFFIXES):
        sources.refuse_tfds_options(dataset, data_dir, overrides)
        labels, splits = _from_files(dataset, ClassificationSchema(**overrides))
        generated = False
    else:
        labels, splits, generated = _from_tfds(dataset, data_dir, overrides)
    sources.fill_splits(splits, seed)
    _check(dataset, labels, splits)
    return LabelledTexts(dataset, tuple(labels), generated=generated, **splits)


def _from_files(dataset, schema):
    columns = (*schema.text, schema.label)
    rows = {split: files.read_rows(path, columns) for split, path in files.row_files(dataset).items()}
    labels = sorted({row[-1] for row in rows["train"]})
    for split, split_rows in rows.items():
        for row in split_rows:
            if row[-1] not in labels:
                raise InputError(
                    f"the {split} split has label {row[-1]!r}, which does not occur in the training "
                    f"split: {suggest(row[-1], labels)}"
                )
    ids = {label: index for index, label in enumerate(labels)}
    splits = {}
    for split, split_rows in rows.items():
        texts = ["\n\n".join(row[:-1]).encode("utf-8", "replace") for row in split_rows]
        splits[split] = Examples(np.array(texts, object), np.array([ids[row[-1]] for row in split_rows], np.int32))
    return labels, splits


def _from_tfds(dataset, data_dir, overrides):
    builder = sources.prepared_builder(dataset, data_dir, CLASSIFICATION)
    schema = _schema(builder)
    if overrides.get("label", schema.label) != schema.label:
        schema = replace(schema, names=None)
    schema = replace(schema, **overrides)
    _check_features(dataset, builder, schema)
    raw = sources.read_splits(dataset, builder, schema, overrides, lambda row: _text_and_label(row, schema))
    raw = {split: _usable(*(part.numpy() for part in pair), schema) for split, pair in raw.items()}
    labels = _label_names(builder, schema, raw["train"][1])
    splits = {split: _numbered(*pair, builder, schema, labels) for split, pair in raw.items()}
    return labels, splits, schema.generated


def _schema(builder):
    schema = sources.known_schema(builder, CLASSIFICATION)
    keys = builder.info.supervised_keys
    if schema is None and keys and all(isinstance(key, str) for key in keys):
        return ClassificationSchema(text=(keys[0],), label=keys[1])
    return schema or ClassificationSchema()


def _check_features(dataset, builder, schema):
    features = builder.info.features
    labels = (schema.label,) if isinstance(schema.label, str) else schema.label
    sources.check_features(dataset, builder, (*schema.text, *labels), "`text` and `label`")
    for name in schema.text:
        if features[name].np_dtype not in (object, np.object_):
            raise InputError(f"feature {name!r} of dataset {dataset!r} is not text: choose another.")
    for name in labels:
        if features[name].shape != () or features[name].np_dtype in (np.float32, np.float64):
            raise InputError(
                f"feature {name!r} of dataset {dataset!r} is not a label: choose a class, text or integer."
            )


def _text_and_label(row, schema):
    texts = [row[name] for name in schema.text]
    text = texts[0] if len(texts) == 1 else tf.strings.join(texts, "\n\n")
    if isinstance(schema.label, str):
        return text, row[schema.label]
    return text, tf.stack([tf.cast(row[name], tf.int32) for name in schema.label])


def _usable(texts, labels, schema):
    """The examples with exactly one label, of those that the schema names."""
    if labels.ndim == 2:
        single = labels.sum(axis=1) == 1
        return texts[single], labels[single].argmax(axis=1)
    if schema.names:
        known = np.isin(labels, list(schema.names))
        return texts[known], labels[known]
    return texts, labels


def _label_names(builder, schema, train_labels):
    if not isinstance(schema.label, str):
        return list(schema.label)
    if schema.names:
        return list(schema.names.values())
    names = sources.value_names(builder.info.features[schema.label])
    return names or [sources.as_text(label) for label in sorted(set(train_labels.tolist()))]


def _numbered(texts, labels, builder, schema, names):
    """Examples with class numbers as labels; -1 for a label that does not occur in training."""
    numbered = not isinstance(schema.label, str) or sources.value_names(builder.info.features[schema.label])
    if not numbered:
        values = schema.names or names
        ids = {sources.as_text(value): index for index, value in enumerate(values)}
        labels = [ids.get(sources.as_text(label), -1) for label in labels.tolist()]
    return Examples(texts, np.array(labels, np.int32))


def _check(dataset, labels, splits):
    """Raises an `InputError` unless training has two labels or more, and the other splits no others."""
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
                f"the {split} split of {dataset!r} has label {name}, which does not occur in "
                "the training split: give splits with the same labels."
            )
