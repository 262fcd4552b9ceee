"""Corpora of tagged sentences that do not fit in memory."""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from nlpseq import tag_schemes, writing
from nlpseq.data import stream
from nlpseq.data.files.values import is_missing
from nlpseq.data.prepared import Layout, integers
from nlpseq.errors import InputError
from nlpseq.tag_schemes import Notation
from nlpseq.tasks import prepared, preparing
from nlpseq.tasks.profile import Profile
from nlpseq.tasks.tagging import columns, own
from nlpseq.tasks.tagging.data import Sentences, TaggedSentences
from nlpseq.tasks.tagging.reading import TagReading, shortened
from nlpseq.text import TokenPreprocessor

TABLES = ("jsonl", "parquet", "tfrecord")  # formats with a sentence in each row
LINES = 20_000  # that are read together
HEAD = 1_000  # lines that decide how a file is read
TOKENS = "tokens.json"  # the file of the tokens of training


@dataclass(frozen=True)
class PreparedSentences(prepared.Prepared, TaggedSentences):
    """A prepared corpus of tagged sentences."""

    def training_tokens(self) -> Iterable[Sequence[str]]:
        return [json.loads((Path(self.name) / TOKENS).read_text("utf-8"))]


class Corpus(preparing.Corpus):
    """Sentences of tokens with a tag each: files of columns, or two columns of tables."""

    kind = "tagging"
    rows_are = "sentences"

    def format_of(self, path):
        form = stream.format_of(path)
        return "columns" if form in (None, "text", "tsv") else form if form in TABLES else None

    def read(self, shard):
        if shard.kind != "columns":
            yield from map(self._of_row, preparing.table_rows(shard))
            return
        with preparing.opened(shard) as file:
            head = [line for line, _ in zip(_texts(stream.lines_between(file)), range(HEAD))]
        form, *_ = columns.form_of(Path(shard.path), head, self.plan.tokens, self.plan.tags)
        if form is None:
            return
        with preparing.opened(shard) as file:
            for lines in _together(stream.blocks(file, shard.start, shard.end)):
                yield from (_of_lines(form, rows) for rows in columns.grouped(form.rows(lines)))

    def _of_row(self, values):
        """Tokens and tags of a row of a table, or None."""
        cells = [
            preparing.cell(values, role, column)
            for role, column in ((own.TOKENS, self.plan.tokens), (own.TAGS, self.plan.tags))
        ]
        if any(map(is_missing, cells)):
            return None
        try:
            tokens, tags = own.sentence_of(*cells, "")
        except InputError:
            return None
        return [tokens, tags] if tokens else None

    def counter(self):
        def count(rows, tally):
            tally.counts["tokens"].add(token.encode("utf-8", "replace") for tokens, _ in rows for token in tokens)
            contexts = (zip([None, *tags], tags, [*tags[1:], None]) for _, tags in rows)
            tally.counts["tags"].add(itertools.chain.from_iterable(contexts))

        return count

    def learn(self, tally):
        plan, tokens, contexts = self.plan, tally.counts["tokens"].words, tally.counts["tags"]
        counts = Counter()
        for (_, tag, _), count in contexts.words.items():
            counts[tag] += count
        reading = TagReading.of(counts)
        labels = _labels(plan.input, reading, counts, contexts)
        options = plan.vocabulary_size, plan.min_count, plan.max_tokens, plan.max_characters
        preprocessor = TokenPreprocessor.of_counts(tokens, *options)
        writing.write_text(self.folder / TOKENS, json.dumps([token.decode() for token in sorted(tokens)]))
        most = max(len(preprocessor.vocabulary), len(preprocessor.characters))
        layout = Layout(integers(most), integers(len(labels)), 1 + plan.max_characters, several=True)
        return {
            "labels": labels,
            "reading": asdict(reading),
            "preprocessor": prepared.serialized(preprocessor),
            "profile": [tally.rows, tally.occurrences("tokens"), len(tokens), len(labels)],
            **prepared.layout(layout, tally.occurrences("tokens")),
        }

    def encoder(self, description):
        preprocessor, reading = prepared.restored(description), _reading(description)
        tokens = tf.RaggedTensorSpec([None, None], tf.string, ragged_rank=1)
        encode = tf.function(lambda tokens: preprocessor(tokens), [tokens], autograph=False)
        labels = description["labels"]
        numbers = {name: number for number, name in enumerate(labels)}

        def encoded(rows):
            tags = [[numbers[tag] for tag in reading(tags)] for _, tags in rows]
            tags = [shortened(row, labels, reading.scheme, preprocessor.max_tokens) for row in tags]
            tokens, tags = Sentences([tokens for tokens, _ in rows], tags).ragged()
            return encode(tokens), preprocessor.truncate(tags)

        return encoded


def _texts(lines):
    """Lines as text, as in-memory files have them."""
    for line in lines:
        yield line.decode("utf-8", "replace").strip("\ufeff\r\n")


def _together(blocks):
    """The lines of several blocks, about `LINES`."""
    lines: list[str] = []
    for block in blocks:
        lines += _texts(block)
        if len(lines) >= LINES:
            yield lines
            lines = []
    if lines:
        yield lines


def _of_lines(form, rows):
    """Tokens and tags of the rows of a sentence; None if one of them has no token or no tag."""
    try:
        for _, fields in rows:
            form.check("", fields)
    except InputError:
        return None
    return [[fields[form.token] for _, fields in rows], [fields[form.tag] for _, fields in rows]]


def _labels(place, reading, counts, contexts):
    """The tags of training, sorted. Of a scheme, what a tag is read as depends on those beside it."""
    if contexts.error:
        raise InputError(f"{place} has more different tags than can be counted: expected far fewer.")
    if reading.scheme is None:
        labels = sorted({reading.standard(tag) for tag in counts})
    else:
        try:
            tag_schemes.check_tags(map(reading.standard, counts), reading.scheme)
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
        beside = ([tag or "O" for tag in context] for context in contexts.words)
        labels = sorted({reading(context)[1] for context in beside})
    if len(labels) < 2:
        raise InputError(f"{place} has one tag only ({labels[0]!r}): expected at least two.")
    return labels


def _reading(description):
    reading = description["reading"]
    return TagReading(reading["notation"] and Notation(**reading["notation"]), reading["scheme"], reading["note"])


def load_prepared_sentences(folder: str | Path) -> PreparedSentences:
    """A corpus that `nlpseq prepare tagging` prepared.

    Raises:
        InputError: The folder holds none, or it is damaged.
    """
    return prepared.load(folder, "tagging", _described)


def _described(folder, description):
    labels, reading = tuple(description["labels"]), _reading(description)
    validation, test = (_sentences(rows, labels, reading) for rows in prepared.held_out(folder))
    train: Any = prepared.examples(folder, description)
    details = {"preprocessor": prepared.restored(description), "profile": Profile(*description["profile"])}
    notes = (reading.note,) if reading.note else ()
    return PreparedSentences(
        str(folder), labels, train, validation, test, scheme=reading.scheme, notes=notes, **details
    )


def _sentences(rows, labels, reading):
    """Held-out rows in memory; tags that training lacks are unseen."""
    numbers = {label: number for number, label in enumerate(labels)}
    numbered = [[numbers.setdefault(tag, len(numbers)) for tag in reading(tags)] for _, tags in rows]
    return Sentences([tokens for tokens, _ in rows], numbered, tuple(numbers)[len(labels) :])
