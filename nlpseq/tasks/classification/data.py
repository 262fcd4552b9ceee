"""Classification datasets from TFDS and from files."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data import sources
from nlpseq.data.files.archives import reads_archives
from nlpseq.data.notes import about_labels, few_examples, say_notes, several_labels, shared_examples, unseen_labels
from nlpseq.errors import InputError, refuses_unknown_arguments
from nlpseq.tasks.classification import own
from nlpseq.tasks.classification.schemas import CLASSIFICATION, ClassificationSchema


@dataclass(frozen=True)
class Examples:
    """The examples of a split, in memory.

    Attributes:
        texts: UTF-8 bytes, object array `(n,)`.
        labels: int32 `(n,)`; of texts with several labels, 0 or 1 for each class, `(n, classes)`.
        unseen: names of the labels that training never shows, numbered from the number of classes.
    """

    texts: np.ndarray
    labels: np.ndarray
    unseen: tuple[str, ...] = ()

    def __len__(self):
        return len(self.texts)

    def select(self, indices) -> "Examples":
        """The examples at indices, a slice or a mask."""
        return Examples(self.texts[indices], self.labels[indices], self.unseen)

    def by_length(self) -> "Examples":
        """The examples in the order of their length, in which similar ones share a batch."""
        return self.select(np.argsort([len(text) for text in self.texts], kind="stable"))

    def with_known_labels(self, classes: int) -> "Examples":
        """The examples whose label is one of `classes`, the number of labels that training shows.

        Examples with several labels are all kept, with those labels of theirs.
        """
        if self.labels.ndim == 2:
            return Examples(self.texts, self.labels[:, :classes])
        return self.select(self.labels < classes) if self.unseen else self

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of every example, and its label; of several labels each."""
        if self.labels.ndim == 1:
            return np.arange(len(self)), self.labels
        examples, labels = np.nonzero(self.labels)
        return examples, labels

    def dataset(self) -> tf.data.Dataset:
        """A `tf.data.Dataset` of `(text, label)`: scalar string and int32."""
        texts = tf.constant(self.texts.tolist(), tf.string, shape=(len(self),))
        return tf.data.Dataset.from_tensor_slices((texts, self.labels.astype(np.int32)))


@dataclass(frozen=True, repr=False)
class LabelledTexts(sources.SplitDataset):
    """A classification dataset.

    Attributes:
        name: as given to `load_labelled_texts`.
        labels: class names, by number.
        train, validation, test: `Examples`.
        generated: whether the texts are generated.
        notes: sentences about problems in the data.
    """

    name: str
    labels: tuple
    train: Examples
    validation: Examples
    test: Examples
    generated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def multi_label(self) -> bool:
        """Whether texts have several labels, or none."""
        return self.train.labels.ndim == 2


@refuses_unknown_arguments
@reads_archives
def load_labelled_texts(
    dataset: Any,
    data_dir=None,
    seed: int = 0,
    *,
    text: str | int | tuple[str, ...] | None = None,
    label: str | int | tuple[str, ...] | None = None,
    label_separator: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> LabelledTexts:
    """Loads a classification dataset.

    Args:
        dataset: name of a TFDS dataset ("imdb_reviews", "glue/sst2"); the path of a file or folder, see
            `nlpseq/data/README.md`; or an object: a frame, a list of `(text, label)`, a tuple of texts and
            labels, a `tf.data.Dataset`, or a dict of these by split.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of examples that are held out if a split is missing.
        text: feature or column with the text, by name or by number from 1; or several, as a tuple or
            separated by commas, which are joined by a blank line. Default that of the dataset, or a usual name.
        label: feature or column with the label, or several columns of 0 and 1, as a tuple or separated by commas,
            whose names are the labels. Default that of the dataset, or a usual name.
        label_separator: what separates several labels in a cell, such as "|", or "none" if each cell is one
            label. Default the one of `|`, `;` and `,` whose parts recur in other cells, if there is one.
        delimiter: of the columns of files, a character or "tab". Default the one that fits.
        encoding: of files. Default UTF-8, or that of a byte-order mark.
        train: TFDS split, such as "train[:80%]". Default that of the dataset.
        validation, test: TFDS splits; for the user's own data paths or objects.

    Returns:
        `LabelledTexts`. Labels that training never shows are numbered after the others, in `Examples.unseen`.

    Raises:
        InputError: the dataset, a split, a column or a file is missing or unusable;
            there is only one class.

    Example:

    >>> data = load_labelled_texts([("good", "positive"), ("bad", "negative")] * 200)
    held out at random ...
    >>> data.labels, data.sizes
    (('negative', 'positive'), {'train': 324, 'validation': 36, 'test': 40})
    """
    splits = {"train": train, "validation": validation, "test": test}
    if sources.is_name(dataset):
        overrides = {"text": own.names_of(text), "label": label, **splits}
        overrides = {name: value for name, value in overrides.items() if value}
        options = {"label_separator": label_separator, "delimiter": delimiter, "encoding": encoding}
        sources.refuse_file_options(dataset, **options)
        labels, examples, generated = _from_tfds(dataset, data_dir, overrides)
        notes = []
    else:
        tables = sources.own_splits(
            dataset, data_dir, splits, lambda path: own.read(path, delimiter, encoding), lambda table: table
        )
        labels, examples, notes = _from_tables(tables, text, label, label_separator)
        generated = False
    name = sources.name_of(dataset)
    _check(name, labels, examples["train"])
    notes += _unseen_notes(labels, examples)
    notes += sources.fill_splits(examples, seed)
    data = LabelledTexts(name, tuple(labels), generated=generated, notes=(), **examples)
    notes += few_examples(data.sizes, "texts")
    notes += [] if generated else shared_examples({split: part.texts for split, part in examples.items()}, "texts")
    return replace(data, notes=say_notes(notes))


def _from_tables(tables, text, label, label_separator):
    """Labels, `Examples` by split, and notes, of the tables of the user's own data."""
    rows, notes = own.labelled_rows(tables, text, label, label_separator)
    labels = own.sorted_labels(rows["train"])
    multi_label = any(len(row.labels) != 1 for part in rows.values() for row in part)
    splits = {split: _of_rows(part, labels, multi_label) for split, part in rows.items()}
    counts = Counter(name for row in rows["train"] for name in row.labels)
    if multi_label:
        notes.append(several_labels([len(row.labels) for row in rows["train"]]))
    return labels, splits, notes + about_labels(counts, len(rows["train"]))


def _of_rows(rows, labels, multi_label):
    numbers = {name: number for number, name in enumerate(labels)}
    for row in rows:
        for name in row.labels:
            numbers.setdefault(name, len(numbers))
    texts = np.array([row.text.encode("utf-8", "replace") for row in rows], object)
    unseen = tuple(numbers)[len(labels) :]
    if not multi_label:
        return Examples(texts, np.array([numbers[row.labels[0]] for row in rows], np.int32), unseen)
    several = np.zeros((len(rows), len(numbers)), np.int32)
    for index, row in enumerate(rows):
        several[index, [numbers[name] for name in row.labels]] = 1
    return Examples(texts, several, unseen)


def _unseen_notes(labels, splits):
    """Notes on labels of validation and test that no text of training has, classes of TFDS datasets included."""
    notes, shown = [], set(splits["train"].classes()[1].tolist())
    for split, examples in splits.items():
        names = (*labels, *examples.unseen)
        counts = Counter(names[number] for number in examples.classes()[1].tolist() if number not in shown)
        notes += unseen_labels(split, counts)
    return notes


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
    for split, examples in splits.items():
        if not len(examples):
            raise InputError(f"the {split} split of {dataset!r} has no labels: choose another with `{split}`.")
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
        has_label = np.isin(labels, list(schema.names))
        return texts[has_label], labels[has_label]
    return texts, labels


def _label_names(builder, schema, train_labels):
    if not isinstance(schema.label, str):
        return list(schema.label)
    if schema.names:
        return list(schema.names.values())
    names = sources.value_names(builder.info.features[schema.label])
    return names or [sources.as_text(label) for label in sorted(set(train_labels.tolist()))]


def _numbered(texts, labels, builder, schema, names):
    """Examples with class numbers as labels, without those that have none, which are -1 in a `ClassLabel` feature."""
    if not isinstance(schema.label, str) or sources.value_names(builder.info.features[schema.label]):
        labelled = np.asarray(labels) >= 0
        return Examples(texts[labelled], np.asarray(labels, np.int32)[labelled])
    ids = {sources.as_text(value): index for index, value in enumerate(schema.names or names)}
    numbers = [ids.setdefault(sources.as_text(label), len(ids)) for label in labels.tolist()]
    return Examples(texts, np.array(numbers, np.int32), tuple(ids)[len(names) :])


def _check(dataset, labels, train):
    """Raises an `InputError` unless training has two labels or more; of those that texts may also lack, one."""
    seen = set(train.classes()[1].tolist())
    if len(seen) < 2 - (train.labels.ndim == 2):
        raise InputError(
            f"the training split of {dataset!r} has one class only "
            f"({labels[max(seen)] if seen else 'none'!r}): expected at least two."
        )
