"""Datasets of tagged sentences from TFDS and from files."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq import tag_schemes
from nlpseq.data import sources
from nlpseq.data.files.archives import reads_archives
from nlpseq.data.notes import few_examples, say_notes, shared_examples, spellings, unseen_labels
from nlpseq.errors import InputError, refuses_unknown_arguments
from nlpseq.tasks.tagging import own
from nlpseq.tasks.tagging.marks import without_marks
from nlpseq.tasks.tagging.own import RawSentences
from nlpseq.tasks.tagging.reading import TagReading
from nlpseq.tasks.tagging.schemas import TAGGING, TaggingSchema

LONG_SENTENCE = 100  # tokens


@dataclass(frozen=True)
class Sentences:
    """The sentences of a split, in memory.

    Attributes:
        tokens: list of lists of str.
        tags: list of lists of tag numbers.
        unseen: names of the tags that training never shows, numbered from the number of tags.
    """

    tokens: list[list[str]]
    tags: list[list[int]]
    unseen: tuple[str, ...] = ()

    def __len__(self):
        return len(self.tokens)

    def select(self, indices) -> "Sentences":
        """The sentences at indices, a slice or a mask."""
        indices = np.atleast_1d(np.arange(len(self))[indices]).tolist()
        return Sentences([self.tokens[i] for i in indices], [self.tags[i] for i in indices], self.unseen)

    def with_known_labels(self, classes: int) -> "Sentences":
        """The sentences whose tags are all of `classes`, the number of tags that training shows."""
        return self.select([max(tags) < classes for tags in self.tags]) if self.unseen else self

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


@dataclass(frozen=True, repr=False)
class TaggedSentences(sources.SplitDataset):
    """A dataset of tagged sentences.

    Attributes:
        name: as given to `load_tagged_sentences`.
        labels: names of the tags by number, all that occur in training.
        train, validation, test: `Sentences`.
        generated: whether the sentences are generated.
        scheme: "bio" or "bioes" if the tags mark spans, else None.
        notes: sentences about problems in the data.
    """

    name: str
    labels: tuple
    train: Sentences
    validation: Sentences
    test: Sentences
    generated: bool = False
    scheme: str | None = None
    notes: tuple[str, ...] = ()

    def training_tokens(self) -> Iterable[Sequence[str]]:
        """Lists of the tokens of training."""
        return self.train.tokens


@refuses_unknown_arguments
@reads_archives
def load_tagged_sentences(
    dataset: Any,
    data_dir=None,
    seed: int = 0,
    encoding: str | None = None,
    *,
    tokens: str | int | None = None,
    tags: str | int | None = None,
    delimiter: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> TaggedSentences:
    """Loads a dataset of tagged sentences.

    If the tags of training mark spans, iob1 is converted to bio, BILOU and BMES to bioes, and tags such as B_X, X-B and
    b-X to B-X; a tag that continues no span starts one, as in the evaluation script of CoNLL-2000.

    Args:
        dataset: name of a TFDS dataset ("universal_dependencies/en_ewt"); the path of a file or folder, see
            `nlpseq/data/README.md`; or an object: a list of sentences of `(token, tag)`, a list of
            `(tokens, tags)`, a tuple of both, a frame, a `tf.data.Dataset`, or a dict of these by split.
        data_dir: folder of prepared TFDS datasets. Default that of TFDS.
        seed: of the choice of sentences that are held out if a split is missing.
        encoding: of files. Default UTF-8, or that of a byte-order mark.
        tokens, tags: features of a TFDS dataset; columns by name, or by number from 1. Default those of the
            dataset, or usual names; in files of columns column 1 and the last one; in CoNLL-U "form" and "upos".
        delimiter: of the columns of files, a character, "tab" or "space". Default the one that fits.
        train: TFDS split, such as "train[:80%]". Default that of the dataset.
        validation, test: TFDS splits; for the user's own data paths or objects.

    Returns:
        `TaggedSentences`. Tags that training never shows are numbered after the others, in `Sentences.unseen`.

    Raises:
        InputError: the dataset, a split, a feature, a column or a file is missing or
            unusable; there is only one tag; a tag of training does not fit the scheme of the others.
    """
    splits = {"train": train, "validation": validation, "test": test}
    if sources.is_name(dataset):
        sources.refuse_file_options(dataset, encoding=encoding, delimiter=delimiter)
        overrides = {"tokens": tokens, "tags": tags, **splits}
        overrides = {name: value for name, value in overrides.items() if value is not None}
        raw, names, generated = _from_tfds(dataset, data_dir, overrides)
    else:
        read = lambda path: own.read(path, tokens, tags, delimiter, encoding)  # noqa: E731
        of_table = lambda table: own.sentences_of_table(table, tokens, tags)  # noqa: E731
        splits = {split: own.as_columns(part) for split, part in splits.items()}
        raw = sources.own_splits(own.as_columns(dataset), data_dir, splits, read, of_table, rank=1)
        names, generated = [], False
    name = sources.name_of(dataset)
    raw, left_out = without_marks(raw)
    notes = [note for part in raw.values() for note in part.notes] + left_out
    scheme, raw, scheme_notes = _in_scheme(raw)
    labels = _labels(name, raw["train"], names)
    examples = {split: _numbered(sentences, labels) for split, sentences in raw.items()}
    notes += scheme_notes + [
        note for split, part in raw.items() for note in _unseen_notes(split, part, examples[split])
    ]
    size = len(examples["train"].tokens[0]) if len(examples["train"]) == 1 else 0
    if size > LONG_SENTENCE and len(examples) < len(sources.SPLITS):
        raise InputError(f"{name} holds one sentence of {size:,} tokens: put an empty line after each sentence.")
    notes += sources.fill_splits(examples, seed)
    data = TaggedSentences(name, labels, generated=generated, scheme=scheme, notes=(), **examples)
    notes += spellings(labels, "tags") + few_examples(data.sizes, "sentences")
    if not generated:
        contents = {split: map(tuple, part.tokens) for split, part in examples.items()}
        notes += shared_examples(contents, "sentences")
    return replace(data, notes=say_notes(notes))


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
        is_token = left_out.values.numpy() != schema.left_out[1].encode()
        ends = np.concatenate([[0], np.cumsum(is_token)])[ends]
        words, tags = words[is_token], tags[is_token]
    bounds = [(start, end) for start, end in pairwise(ends) if end > start]
    parts = ([flat[start:end].tolist() for start, end in bounds] for flat in (words, tags))
    return RawSentences(*parts, lambda sentence, token: place)


def _in_scheme(raw):
    """The scheme of the tags of training or None, all splits with tags that are legal in it, and notes.

    Training decides: tags of other splits that do not fit are left as they are.
    """
    reading = TagReading.of(Counter(chain.from_iterable(raw["train"].tags)))
    if reading.scheme is not None:
        _check_scheme(raw["train"], reading)
    raw = {split: replace(part, tags=[*map(reading, part.tags)]) for split, part in raw.items()}
    return reading.scheme, raw, [note for note in (reading.note, *_doubts(raw["train"], reading)) if note]


def _doubts(train, reading):
    """Notes on training sentences that are perhaps read from the wrong rows or columns."""
    if max(map(len, train.tokens), default=0) == 1:
        yield (
            "every sentence of training is one token: put empty lines between sentences, or a column of their numbers, "
            "if they are longer"
        )
    if reading.scheme is None and tag_schemes.guess_scheme(set(chain.from_iterable(train.tokens))) is not None:
        yield "the tokens look like tags: choose the columns of both with `tokens` and `tags`"


def _check_scheme(sentences, reading):
    for tag, place in _first_places(sentences).items():
        try:
            tag_schemes.check_tags([reading.standard(tag)], reading.scheme)
        except InputError as error:
            raise InputError(f"{sentences.place(*place)}: {error}") from None


def _first_places(sentences):
    """A dictionary from tag to the indices `(sentence, token)` of its first occurrence."""
    places = {}
    for index, tags in enumerate(sentences.tags):
        for token, tag in enumerate(tags):
            if tag not in places:
                places[tag] = (index, token)
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
    tags = [[numbers.setdefault(tag, len(numbers)) for tag in tags] for tags in sentences.tags]
    return Sentences(sentences.tokens, tags, tuple(numbers)[len(labels) :])


def _unseen_notes(split, raw, sentences):
    """A note on the tags of a split that training never shows, with the place of the first."""
    if not sentences.unseen:
        return []
    unseen = set(sentences.unseen)
    counts = Counter(tag for tag in chain.from_iterable(raw.tags) if tag in unseen)
    first = min(place for tag, place in _first_places(raw).items() if tag in unseen)
    return unseen_labels(split, counts, "tags", raw.place(*first))
