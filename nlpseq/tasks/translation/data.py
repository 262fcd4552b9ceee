"""Datasets of parallel texts, for translation, from TFDS and from files."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data import sources
from nlpseq.data.files.archives import reads_archives
from nlpseq.data.notes import few_examples, say_notes, shared_examples
from nlpseq.errors import InputError, refuses_unknown_arguments
from nlpseq.paths import as_path
from nlpseq.tasks.translation import own
from nlpseq.tasks.translation.own import ARGUMENTS
from nlpseq.tasks.translation.schemas import TRANSLATION, TranslationSchema
from nlpseq.tasks.translation.sides import language_files


@dataclass(frozen=True)
class Pairs:
    """The sentences of a split and their translations, in memory.

    Attributes:
        sources, targets: UTF-8 bytes, object arrays `(n,)`.
    """

    sources: np.ndarray
    targets: np.ndarray

    def __len__(self):
        return len(self.sources)

    def select(self, indices) -> "Pairs":
        """The pairs at indices, a slice or a mask."""
        return Pairs(self.sources[indices], self.targets[indices])

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of every pair, and 0, the class of all pairs."""
        return np.arange(len(self)), np.zeros(len(self), np.int32)

    def dataset(self) -> tf.data.Dataset:
        """A `tf.data.Dataset` of `(source, target)`: scalar strings."""
        sides = (self.sources, self.targets)
        strings = tuple(tf.constant(side.tolist(), tf.string, shape=(len(self),)) for side in sides)
        return tf.data.Dataset.from_tensor_slices(strings)


@dataclass(frozen=True, repr=False)
class ParallelTexts(sources.SplitDataset):
    """A dataset of sentences and their translations.

    Attributes:
        name: as given to `load_parallel_texts`.
        source, target: names of the two languages or features.
        train, validation, test: `Pairs`.
        generated: whether the sentences are generated.
        notes: sentences about problems in the data.
    """

    name: str
    source: str
    target: str
    train: Pairs
    validation: Pairs
    test: Pairs
    generated: bool = False
    notes: tuple[str, ...] = ()


@refuses_unknown_arguments
@reads_archives
def load_parallel_texts(
    dataset: Any,
    data_dir=None,
    seed: int = 0,
    *,
    source: str | None = None,
    target: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> ParallelTexts:
    """Loads a dataset of sentences and their translations.

    Pairs with an empty side are left out.

    Args:
        dataset: name of a TFDS dataset ("ted_hrlr_translate/pt_to_en", "scan/simple"); the path of a file
            or folder, see `nlpseq/data/README.md`; or an object: a list of pairs, a tuple of sources and
            targets, a frame, a `tf.data.Dataset`, or a dict of these by split.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of pairs that are held out if a split is missing.
        source, target: languages, features or columns. Default those of the dataset; of files of two languages
            the order in their names (train.en-de.en), else that of letters; of columns their order.
        delimiter: of the columns of files, a character or "tab". Default the one that fits.
        encoding: of files. Default UTF-8, or that of a byte-order mark.
        train: TFDS split, such as "train[:80%]". Default that of the dataset.
        validation, test: TFDS splits; for the user's own data paths or objects.

    Returns:
        `ParallelTexts`.

    Raises:
        InputError: the dataset, a split, a language, a feature, a column or a file is
            missing or unusable; source and target are the same or of unequal length.
    """
    if source is not None and source == target:
        raise InputError(f"{ARGUMENTS} are both {source!r}: give two different languages.")
    splits = {"train": train, "validation": validation, "test": test}
    if sources.is_name(dataset) and not language_files(Path(dataset)):
        sources.refuse_file_options(dataset, delimiter=delimiter, encoding=encoding)
        overrides = {"source": source, "target": target, **splits}
        overrides = {name: value for name, value in overrides.items() if value is not None}
        languages, examples, generated = _from_tfds(dataset, data_dir, overrides)
        notes = []
    else:
        read = lambda path: own.read(path, source, target, delimiter, encoding)  # noqa: E731
        of_table = lambda table: own.pairs_of_table(table, source, target)  # noqa: E731
        dataset = as_path(dataset) if isinstance(dataset, (str, os.PathLike)) else dataset
        raw = sources.own_splits(dataset, data_dir, splits, read, of_table)
        languages, generated = raw["train"].languages, False
        notes = [note for part in raw.values() for note in part.notes]
        examples = {split: _encoded(part) for split, part in raw.items()}
    notes += sources.fill_splits(examples, seed)
    first, second = languages
    data = ParallelTexts(sources.name_of(dataset), first, second, generated=generated, notes=(), **examples)
    notes += few_examples(data.sizes, "pairs")
    if not generated:
        notes += shared_examples({split: zip(part.sources, part.targets) for split, part in examples.items()}, "pairs")
    return replace(data, notes=say_notes(notes))


def _encoded(raw):
    return Pairs(
        *(np.array([text.encode("utf-8", "replace") for text in side], object) for side in (raw.sources, raw.targets))
    )


def _from_tfds(dataset, data_dir, overrides) -> tuple[tuple[str, ...], dict[str, Pairs], bool]:
    builder = sources.prepared_builder(dataset, data_dir, TRANSLATION)
    schema = sources.known_schema(builder, TRANSLATION) or TranslationSchema()
    schema = replace(schema, **overrides)
    languages = _features(dataset, builder, schema)
    columns = sources.read_splits(
        dataset, builder, schema, overrides, lambda row: tuple(row[name] for name in languages)
    )
    splits = {
        split: _whole_pairs(f"the {split} split of {dataset!r}", *(part.numpy() for part in parts))
        for split, parts in columns.items()
    }
    return languages, splits, schema.generated


def _features(dataset, builder, schema):
    """The names of the features of source and target."""
    features = builder.info.features
    chosen = [name for name in (schema.source, schema.target) if name]
    keys = builder.info.supervised_keys
    default = keys if keys and not chosen and all(isinstance(key, str) for key in keys) else chosen
    sources.check_features(dataset, builder, default, ARGUMENTS)
    texts = [name for name in features if sources.is_text(features[name])]
    for name in default:
        if name not in texts:
            raise InputError(f"feature {name!r} of dataset {dataset!r} is not text: choose another.")
    if len(default) == 2:
        return tuple(default)
    return own.direction(f"dataset {dataset!r}", texts, schema.source, schema.target)


def _whole_pairs(place, source, target):
    """The pairs with text on both sides."""
    whole = np.array([bool(a.strip() and b.strip()) for a, b in zip(source, target)], bool)
    if not whole.any():
        raise InputError(f"{place} has no pair with text on both sides: choose another.")
    return Pairs(source, target).select(whole)
