"""Datasets of tagged sentences from TFDS and from files."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise

import numpy as np
import tensorflow as tf

from nlpseq import tag_schemes
from nlpseq.data import files, sources
from nlpseq.errors import InputError, suggest
from nlpseq.tasks.tagging import columns
from nlpseq.tasks.tagging.schemas import TAGGING, TaggingSchema


@dataclass(frozen=True)
class Sentences:
    """The sentences of a split, in memory.

    Attributes:
        tokens: list of lists of str.
        tags: list of lists of tag numbers.
    """

    tokens: list[list[str]]
    tags: list[list[int]]

    def __len__(self):
        return len(self.tokens)

    def select(self, indices) -> "Sentences":
        """The sentences at indices, a slice or a mask."""
        indices = np.atleast_1d(np.arange(len(self))[indices]).tolist()
        return Sentences([self.tokens[i] for i in indices], [self.tags[i] for i in indices])

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """For every token, the index of its sentence and its tag."""
        owners = np.repeat(np.arange(len(self)), [len(tags) for tags in self.tags])
        return owners, np.fromiter(chain.from_iterable(self.tags), np.int32, len(owners))

    def ragged(self) -> tuple[tf.RaggedTensor, ...]:
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
        name: as given to `load_tagged_sentences`.
        labels: names of the tags by number, all that occur in training.
        train, validation, test: `Sentences`.
        generated: whether the sentences are generated.
        scheme: "bio" or "bioes" if the tags mark spans, else None.
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
    """The sentences of a split with tags as text, and the position of every token in its file.

    Attributes:
        tokens, tags: lists of lists of str, none of them empty.
        place: `place(sentence, token)` is the position of a token, for errors.
    """

    tokens: list[list[str]]
    tags: list[list[str]]
    place: Callable[[int, int], str]


def load_tagged_sentences(
    dataset: str,
    data_dir=None,
    seed: int = 0,
    encoding: str = "utf-8",
    *,
    tokens: str | int | None = None,
    tags: str | int | None = None,
    train: str | None = None,
    validation: str | None = None,
    test: str | None = None,
) -> TaggedSentences:
    """Loads a dataset of tagged sentences.

    If the tags mark spans, iob1 is converted to bio and BILOU to bioes; a tag that
    continues no span starts one, as in the evaluation script of CoNLL-2000.

    Args:
        dataset: name of a TFDS dataset ("universal_dependencies/en_ewt"), or the path
            of a file of columns or in CoNLL-U, or of a folder of such files with train,
            dev and test in their names; see `nlpseq.tasks.tagging.columns`.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of sentences that are held out if a split is missing.
        encoding: of files.
        tokens, tags: features of a TFDS dataset; columns of a file by number from 1, or
            by name in CoNLL-U. Default those of the dataset; column 1 and the last one;
            in CoNLL-U "form" and "upos".
        train, validation, test: TFDS splits, such as "train[:80%]". Default those of
            the dataset.

    Returns:
        `TaggedSentences`.

    Raises:
        InputError: the dataset, a split, a feature, a column or a file is missing or
            unusable; there is only one tag; a tag does not fit the scheme of the others,
            or does not occur in the training split.
    """
    given = {"tokens": tokens, "tags": tags, "train": train, "validation": validation, "test": test}
    overrides = {name: value for name, value in given.items() if value is not None}
    if files.is_path(dataset, columns.SUFFIXES):
        sources.refuse_tfds_options(dataset, data_dir, overrides)
        raw, names, generated = _from_files(dataset, encoding, tokens, tags), [], False
    elif encoding != "utf-8":
        raise InputError(f"`encoding` is for files, and {dataset!r} is a TFDS dataset: leave it out.")
    else:
        raw, names, generated = _from_tfds(dataset, data_dir, overrides)
    scheme, raw = _in_scheme(raw)
    labels = _labels(dataset, raw["train"], names)
    splits = {split: _numbered(sentences, labels) for split, sentences in raw.items()}
    sources.fill_splits(splits, seed)
    return TaggedSentences(dataset, labels, generated=generated, scheme=scheme, **splits)


def _from_files(dataset, encoding, tokens, tags):
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
    columns_by_split = sources.read_splits(
        dataset, builder, schema, overrides, lambda row: tuple(row[name] for name in names)
    )
    values = sources.value_names(builder.info.features[schema.tags])
    raw = {split: _raw(dataset, split, schema, values, *parts) for split, parts in columns_by_split.items()}
    return raw, values or [], schema.generated


def _check_features(dataset, builder, names):
    sources.check_features(dataset, builder, names, "`tokens` and `tags`")
    features = builder.info.features
    for name in names:
        if len(features[name].shape or ()) != 1 or features[name].np_dtype in (np.float32, np.float64):
            raise InputError(
                f"feature {name!r} of dataset {dataset!r} is not a sequence of tokens or tags: choose another."
            )
    if features[names[0]].np_dtype not in (object, np.object_):
        raise InputError(f"feature {names[0]!r} of dataset {dataset!r} is not text: choose another.")


def _raw(dataset, split, schema, names, tokens, tags, left_out=None):
    """`RawSentences` of the ragged tensors of a TFDS split."""
    place = f"the {split} split of {dataset!r}"
    ends, values = tokens.row_splits.numpy(), tags.values.numpy()
    if not np.array_equal(ends, tags.row_splits):
        raise InputError(f"{place} has a sentence with different numbers of tokens and tags: correct it.")
    if names and values.min(initial=0) < 0:
        raise InputError(f"{place} has tokens without tags: choose a split with tags.")
    words = np.array([sources.as_text(token) for token in tokens.values.numpy()], object)
    tags = [names[tag] for tag in values] if names else [sources.as_text(tag) for tag in values]
    tags = np.array(tags, object)
    if left_out is not None:
        kept = left_out.values.numpy() != schema.left_out[1].encode()
        ends = np.concatenate([[0], np.cumsum(kept)])[ends]
        words, tags = words[kept], tags[kept]
    bounds = [(start, end) for start, end in pairwise(ends) if end > start]
    parts = ([flat[start:end].tolist() for start, end in bounds] for flat in (words, tags))
    return RawSentences(*parts, lambda sentence, token: place)


def _in_scheme(raw):
    """The scheme of the tags of training or None, and all splits with tags that are legal in it."""
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
    """A dictionary from tag to the indices `(sentence, token)` of its first occurrence."""
    places = {}
    for index, tags in enumerate(sentences.tags):
        for tag in set(tags) - places.keys():
            places[tag] = (index, tags.index(tag))
    return places


def _labels(dataset, train, names):
    """The tags of training: first those in `names`, in that order, then the others, sorted."""
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
