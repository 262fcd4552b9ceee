"""Datasets of parallel texts, for translation, from TFDS and from files."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from nlpseq.data import files, sources
from nlpseq.errors import InputError, shorten
from nlpseq.tasks.translation.schemas import TRANSLATION, TranslationSchema

SUFFIXES = (".tsv", ".txt")
ARGUMENTS = "`source` and `target`"
HEADER = ("source", "target")


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


@dataclass(frozen=True)
class ParallelTexts(sources.SplitDataset):
    """A dataset of sentences and their translations.

    Attributes:
        name: as given to `load_parallel_texts`.
        source, target: names of the two languages or features.
        train, validation, test: `Pairs`.
        generated: whether the sentences are generated.
    """

    name: str
    source: str
    target: str
    train: Pairs
    validation: Pairs
    test: Pairs
    generated: bool = False


def load_parallel_texts(
    dataset: str,
    data_dir=None,
    seed: int = 0,
    *,
    source: str | None = None,
    target: str | None = None,
    train: str | None = None,
    validation: str | None = None,
    test: str | None = None,
) -> ParallelTexts:
    """Loads a dataset of sentences and their translations.

    A folder contains one file per language and split, with one sentence per line, named
    as for `tfds.TranslateFolder`: en.train.txt, de.train.txt, en.val.txt, ...; or else
    files train.tsv, validation.tsv and test.tsv. The first line of a `.tsv` file is a
    header if it has a column that `source` or `target` names, or, if neither is given,
    columns "source" and "target"; otherwise the file has two columns, source and target.
    Pairs with two empty sides are dropped, and in TFDS datasets those with one.

    Args:
        dataset: name of a TFDS dataset ("ted_hrlr_translate/pt_to_en", "scan/simple"),
            or the path of such a folder or `.tsv` file.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of pairs that are held out if a split is missing.
        source, target: languages, features or columns. Default those of the dataset; of
            a folder with two languages the alphabetical order, of a header with two
            columns their order.
        train, validation, test: TFDS splits, such as "train[:80%]". Default those of
            the dataset.

    Returns:
        `ParallelTexts`.

    Raises:
        InputError: the dataset, a split, a language, a feature, a column or a file is
            missing or unusable; source and target are the same or of unequal length; one
            side of a pair is empty.
    """
    given = {"source": source, "target": target, "train": train, "validation": validation, "test": test}
    overrides = {name: value for name, value in given.items() if value is not None}
    if source is not None and source == target:
        raise InputError(f"{ARGUMENTS} are both {source!r}: give two different languages.")
    if files.is_path(dataset, SUFFIXES):
        sources.refuse_tfds_options(dataset, data_dir, overrides)
        languages, splits = _from_files(dataset, source, target)
        generated = False
    else:
        languages, splits, generated = _from_tfds(dataset, data_dir, overrides)
    sources.fill_splits(splits, seed)
    first, second = languages
    return ParallelTexts(dataset, first, second, generated=generated, **splits)


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
    given = [name for name in (schema.source, schema.target) if name]
    keys = builder.info.supervised_keys
    default = keys if keys and not given and all(isinstance(key, str) for key in keys) else given
    sources.check_features(dataset, builder, default, ARGUMENTS)
    texts = [name for name in features if sources.is_text(features[name])]
    for name in default:
        if name not in texts:
            raise InputError(f"feature {name!r} of dataset {dataset!r} is not text: choose another.")
    if len(default) == 2:
        return tuple(default)
    return _direction(f"dataset {dataset!r}", texts, schema.source, schema.target)


def _whole_pairs(place, source, target):
    """The pairs with text on both sides."""
    whole = np.array([bool(a.strip() and b.strip()) for a, b in zip(source, target)], bool)
    if not whole.any():
        raise InputError(f"{place} has no pair with text on both sides: choose another.")
    return Pairs(source, target).select(whole)


def _direction(place, languages, source, target):
    """Source and target; of two languages, one that is not given is the first or the other one."""
    for name in (source, target):
        if name is not None and name not in languages:
            raise InputError(f"{place} has no {shorten(name)!r}: choose from {_listed(languages)} with {ARGUMENTS}.")
    if len(languages) < 2:
        raise InputError(f"{place} has {_listed(languages) or 'no text'} only: expected two languages.")
    if len(languages) > 2 and not (source and target):
        raise InputError(f"{place} has {_listed(languages)}: name two of them with {ARGUMENTS}.")
    source = source or next(name for name in languages if name != target)
    return source, target or next(name for name in languages if name != source)


def _listed(languages):
    return shorten(", ".join(languages))


def _from_files(dataset, source, target) -> tuple[tuple[str, ...], dict[str, Pairs]]:
    folder = Path(dataset).expanduser()
    languages = _folder_languages(folder)
    if languages:
        languages = _direction(f"folder {folder}", languages, source, target)
        return languages, _from_folder(folder, languages)
    splits = {split: _read_table(path, source, target) for split, path in _table_files(dataset).items()}
    return splits["train"][0], {split: pairs for split, (_, pairs) in splits.items()}


def _folder_languages(folder):
    """The languages of the files of a folder that are named as in `tfds.TranslateFolder`."""
    if not os.path.isdir(folder):
        return []
    return sorted({language for language, _ in map(_language_and_split, folder.iterdir()) if language})


def _language_and_split(file):
    """The language and split of a file named <language>.<split>.txt, else "" twice."""
    parts = file.name.split(".")
    known = {name for names in files.SPLIT_NAMES.values() for name in names}
    if len(parts) != 3 or parts[1].lower() not in known or parts[2].lower() != "txt" or not parts[0]:
        return "", ""
    return parts[0], parts[1].lower()


def _from_folder(folder, languages):
    sides = [_files_of(folder, language) for language in languages]
    for own, other, language in zip(sides, reversed(sides), reversed(languages)):
        for split in own:
            if split not in other:
                raise InputError(
                    f"folder {folder} has {own[split].name} without its translation in {language!r}: "
                    f"expected {own[split].name.replace(own[split].name.split('.')[0], language, 1)}."
                )
    return {split: _read_sides(languages, [side[split] for side in sides]) for split in sides[0]}


def _files_of(folder, language):
    def words(file):
        """The split in the name of a file of the language."""
        language_of_file, split = _language_and_split(file)
        return (split,) if language_of_file == language else ()

    return files.split_files(folder, words, f"{language}.train.txt")


def _read_sides(languages, paths):
    sides = [files.read_lines(path) for path in paths]
    first, second = (f"{path} has {len(side)} lines" for path, side in zip(paths, sides))
    if len(sides[0]) != len(sides[1]):
        raise InputError(f"{first} and {second}: expected equally many, line by line translations of each other.")
    return _pairs(languages, paths, enumerate(zip(*sides), start=1))


def _table_files(dataset):
    expected = "train.tsv, or en.train.txt and de.train.txt, for example"
    paths = files.split_files(
        dataset, lambda file: (file.stem.lower(),) if file.suffix.lower() == ".tsv" else (), expected
    )
    for path in paths.values():
        if path.suffix.lower() != ".tsv" and os.path.exists(path):
            raise InputError(f"{path} is neither a folder nor a file whose name ends in .tsv.")
    return paths


def _read_table(path, source, target):
    """The languages and pairs of a `.tsv` file."""
    rows = [(number, line.split("\t")) for number, line in enumerate(files.read_lines(path), start=1)]
    header = rows[0][1] if rows else []
    names = {source, target} - {None}
    if names & set(header) or (not names and set(HEADER) <= set(header)):
        languages = _direction(f"the header of {path}", header, *((source, target) if names else HEADER))
        width, indices, rows = len(header), [header.index(name) for name in languages], rows[1:]
    else:
        languages, width, indices = (source or HEADER[0], target or HEADER[1]), 2, (0, 1)
    rows = [(number, fields) for number, fields in rows if any(map(str.strip, fields))]
    for number, fields in rows:
        if len(fields) != width:
            raise InputError(f"{path}, line {number}: expected {width} tab-separated columns, got {len(fields)}.")
    numbered = ((number, [fields[index] for index in indices]) for number, fields in rows)
    return languages, _pairs(languages, (path, path), numbered)


def _pairs(languages, paths, numbered):
    """`Pairs` of numbered lines, without those that are blank on both sides."""
    pairs = [(number, *sides) for number, sides in numbered if any(map(str.strip, sides))]
    for number, *sides in pairs:
        for path, language, text in zip(paths, languages, sides):
            if not text.strip():
                raise InputError(
                    f"{path}, line {number}: the {language} side is empty and the other is not: give the "
                    "translation, or remove the pair."
                )
    if not pairs:
        raise InputError(f"{paths[0]} holds no sentences: expected at least one pair.")
    _, *sides = zip(*pairs)
    return Pairs(*(np.array([text.encode("utf-8", "replace") for text in side], object) for side in sides))
