"""Datasets for tagging: from the name of a dataset to its sentences, tags and splits."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
import tensorflow as tf

from nlpseq import tag_schemes
from nlpseq.data import files, sources
from nlpseq.errors import InputError, suggest
from nlpseq.tasks.tagging import columns
from nlpseq.tasks.tagging.schemas import TAGGING, TaggingSchema


@dataclass(frozen=True)
class Sentences:
    """The sentences of a split, in memory: a list of lists of tokens, and one of tag numbers."""

    tokens: list
    tags: list

    def __len__(self):
        return len(self.tokens)

    def select(self, chosen):
        """Those at indices, a slice or a mask."""
        indices = np.atleast_1d(np.arange(len(self))[chosen]).tolist()
        return Sentences([self.tokens[i] for i in indices], [self.tags[i] for i in indices])

    def classes(self):
        """The number of the sentence of every token, and its tag."""
        owners = np.repeat(np.arange(len(self)), [len(tags) for tags in self.tags])
        return owners, np.fromiter(chain.from_iterable(self.tags), np.int32, len(owners))

    def ragged(self):
        """Tokens (UTF-8) and tags (int32) as two `tf.RaggedTensor`s `(sentences, None)`."""
        owners, tags = self.classes()
        tokens = [token.encode("utf-8", "replace") for token in chain.from_iterable(self.tokens)]
        flat = tf.constant(tokens, tf.string, shape=(len(tokens),))
        return tuple(
            tf.RaggedTensor.from_value_rowids(values, owners, nrows=len(self), validate=False)
            for values in (flat, tags)
        )


@dataclass(frozen=True)
class TaggedSentences(sources.SplitDataset):
    """A dataset of tagged sentences.

    Attributes:
        name: as `load_tagged_sentences` was given it.
        labels: the names of the tags, by number: all that training shows.
        train, validation, test: `Sentences`.
        generated: whether the sentences are generated.
        scheme: "bio" or "bioes" where the tags mark spans, else None.
    """

    name: str
    labels: tuple
    train: Sentences
    validation: Sentences
    test: Sentences
    generated: bool = False
    scheme: str | None = None


@dataclass(frozen=True)
class RawSentences:
    """The sentences of a split with their tags as text, and where each token stands.

    Attributes:
        tokens, tags: lists of lists of strings, none empty.
        place: from the number of a sentence and of a token in it to words for an error.
    """

    tokens: list
    tags: list
    place: Callable


def load_tagged_sentences(dataset, data_dir=None, seed=0, encoding="utf-8", **overrides):
    """Loads a dataset of tagged sentences.

    Where the tags mark spans, those of iob1 are converted to bio, and letters of
    BILOU to bioes; a tag that goes on in no span begins one, as the script of
    CoNLL-2000 reads it.

    Args:
        dataset: name of a TFDS dataset ("universal_dependencies/en_ewt"), or the path
            of a file of columns or in CoNLL-U, or of a folder of such files with train,
            dev and test in their names; see `nlpseq.tasks.tagging.columns`.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of sentences held out where a split is missing.
        encoding: of files.
        **overrides: attributes of `TaggingSchema` that replace those of the known
            dataset: tokens, tags, train, validation, test. Tokens and tags are names of
            features; for files the number of a column from 1, or its name in CoNLL-U.
            Default of files: column 1 and the last; in CoNLL-U form and upos.

    Returns:
        `TaggedSentences`.

    Raises:
        InputError: the dataset, a split, a feature, a column or a file is not there or
            not usable; there is but one tag; a tag does not fit the scheme of the
            others, or is unknown in training.
    """
    overrides = {key: value for key, value in overrides.items() if value is not None}
    if files.is_path(dataset, columns.SUFFIXES):
        sources.refuse_tfds_options(dataset, data_dir, overrides)
        raw, names, generated = _from_files(dataset, encoding, **overrides), [], False
    elif encoding != "utf-8":
        raise InputError(f"--encoding is for files, and {dataset!r} is a TFDS dataset: leave it out.")
    else:
        raw, names, generated = _from_tfds(dataset, data_dir, overrides)
    scheme, raw = _in_scheme(raw)
    labels = _labels(dataset, raw["train"], names)
    splits = {split: _numbered(sentences, labels) for split, sentences in raw.items()}
    sources.fill_splits(splits, seed)
    return TaggedSentences(dataset, labels, generated=generated, scheme=scheme, **splits)


def _from_files(dataset, encoding, tokens=None, tags=None):
    return {
        split: RawSentences(*columns.read_sentences(path, tokens, tags, encoding))
        for split, path in columns.column_files(dataset).items()
    }


def _from_tfds(dataset, data_dir, overrides):
    builder = sources.prepared_builder(dataset, data_dir, TAGGING)
    schema = sources.known_schema(builder, TAGGING) or TaggingSchema()
    schema = replace(schema, **overrides)
    names = (schema.tokens, schema.tags, *(schema.left_out or ())[:1])
    _check_features(dataset, builder, names)
    found = sources.read_splits(dataset, builder, schema, overrides, lambda row: tuple(row[name] for name in names))
    values = sources.value_names(builder.info.features[schema.tags])
    raw = {split: _raw(dataset, split, schema, values, *parts) for split, parts in found.items()}
    return raw, values or [], schema.generated


def _check_features(dataset, builder, names):
    sources.check_features(dataset, builder, names, "--tokens and --tags")
    features = builder.info.features
    for name in names:
        if len(features[name].shape or ()) != 1 or features[name].np_dtype in (np.float32, np.float64):
            raise InputError(f"feature {name!r} of dataset {dataset!r} is no sequence of tokens or tags: give another.")
    if features[names[0]].np_dtype not in (object, np.object_):
        raise InputError(f"feature {names[0]!r} of dataset {dataset!r} is not text: give another.")


def _raw(dataset, split, schema, names, tokens, tags, left_out=None):
    """A split that TFDS read, from ragged tensors to lists."""
    place = f"the {split} split of {dataset!r}"
    ends, values = tokens.row_splits.numpy(), tags.values.numpy()
    if not np.array_equal(ends, tags.row_splits):
        raise InputError(f"{place} has a sentence with more tokens than tags, or fewer: repair it.")
    if names and values.min(initial=0) < 0:
        raise InputError(f"{place} has tokens without a tag: give a split that is tagged.")
    words = np.array([sources.as_text(token) for token in tokens.values.numpy()], object)
    tags = [names[tag] for tag in values] if names else [sources.as_text(tag) for tag in values]
    tags = np.array(tags, object)
    if left_out is not None:
        kept = left_out.values.numpy() != schema.left_out[1].encode()
        ends = np.concatenate([[0], np.cumsum(kept)])[ends]
        words, tags = words[kept], tags[kept]
    bounds = [(start, end) for start, end in zip(ends, ends[1:]) if end > start]
    parts = ([flat[start:end].tolist() for start, end in bounds] for flat in (words, tags))
    return RawSentences(*parts, lambda sentence, token: place)


def _in_scheme(raw):
    """The scheme of the tags of training, and all splits with tags that obey it."""
    counts = Counter(map(tag_schemes.without_bilou, chain.from_iterable(raw["train"].tags)))
    scheme = tag_schemes.scheme_of_most(counts)
    if scheme is None:
        return None, raw
    raw = {split: _with_tags(part, _without_bilou) for split, part in raw.items()}
    for part in raw.values():
        _check_scheme(part, scheme)
    repair = partial(tag_schemes.repair, scheme=scheme)
    return scheme, {split: _with_tags(part, repair) for split, part in raw.items()}


def _without_bilou(tags):
    return [tag_schemes.without_bilou(tag) for tag in tags]


def _with_tags(sentences, change):
    return replace(sentences, tags=[change(tags) for tags in sentences.tags])


def _check_scheme(sentences, scheme):
    for tag, place in _first_places(sentences).items():
        try:
            tag_schemes.check_tags([tag], scheme)
        except InputError as error:
            raise InputError(f"{sentences.place(*place)}: {error}") from None


def _first_places(sentences):
    """A dictionary from tag to the numbers of the first sentence and token that have it."""
    found = {}
    for number, tags in enumerate(sentences.tags):
        for tag in set(tags) - found.keys():
            found[tag] = (number, tags.index(tag))
    return found


def _labels(dataset, train, names):
    """The tags of training: those among `names` in that order, then the others sorted."""
    seen = set(chain.from_iterable(train.tags))
    if len(seen) < 2:
        raise InputError(
            f"the training split of {dataset!r} has one tag only ({min(seen, default='none')!r}): "
            "expected at least two."
        )
    return (*(name for name in names if name in seen), *sorted(seen - set(names)))


def _numbered(sentences, labels):
    numbers = {label: number for number, label in enumerate(labels)}
    for tag, place in _first_places(sentences).items():
        if tag not in numbers:
            raise InputError(
                f"{sentences.place(*place)}: tag {tag!r} is not in the training split: {suggest(tag, labels)}"
            )
    return Sentences(sentences.tokens, [[numbers[tag] for tag in tags] for tags in sentences.tags])
