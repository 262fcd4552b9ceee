"""Running texts that do not fit in memory: files of text, which are one text in the order of their names."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq import writing
from nlpseq.data import stream
from nlpseq.data.prepared import integers
from nlpseq.data.prepared_text import PreparedText, TextWriter
from nlpseq.data.stream import COMPRESSED, Shard
from nlpseq.errors import InputError
from nlpseq.tasks import prepared, preparing
from nlpseq.tasks.language_modeling.data import Lines, RunningTexts
from nlpseq.tasks.preparing import TEST, TRAIN, VALIDATION
from nlpseq.tasks.profile import Profile
from nlpseq.tasks.text_task import as_texts
from nlpseq.text import END, LinePreprocessor
from nlpseq.text.subwords import SubwordTokenizer
from nlpseq.text.subwords.splitting import split

LINES = tf.TensorSpec([None], tf.string)
CHUNK = 2**20  # bytes that are read together


@dataclass(frozen=True)
class PreparedRunningText(prepared.Prepared, RunningTexts):
    """A prepared running text."""


class Corpus(preparing.Corpus):
    """Files of running text; the last share of the whole is held out. Blank lines at the end of a file are dropped."""

    kind = "language_model"
    rows_are = "lines"

    def format_of(self, path):
        form = stream.format_of(path)
        if form not in (None, "text"):
            raise InputError(f"{path} is not a file of text: expected running text, as in .txt or .txt.gz.")
        return "text"

    def begin(self, shards, run_shards):
        """Finds where each file begins in the whole text; of compressed files the bytes are counted first."""
        (self.folder / "sizes").mkdir(exist_ok=True)
        compressed = [shard for shard in shards if shard.path.lower().endswith(tuple(COMPRESSED))]
        run_shards(Measuring(self), compressed)
        sizes = dict(self.files())
        for shard in compressed:
            sizes[shard.path] = int(self.measured(shard).read_text("utf-8"))
        starts = dict(zip(sizes, itertools.accumulate(sizes.values(), initial=0)))
        self.starts = {shard.name: starts[shard.path] for shard in shards}
        self.total = sum(sizes.values())

    def measured(self, shard: Shard) -> Path:
        """The file of the number of bytes of a compressed file."""
        return self.folder / "sizes" / f"{shard.name}-{os.path.getsize(shard.path)}"

    def depends(self):
        """The beginnings of all files, which say what is held out."""
        return [self.starts, self.total]

    def splits(self, shard):
        """The lines of a shard, with the split of the place where each begins."""
        test, validation = (self.total * (1 - parts * self.plan.held_out) for parts in (1, 2))
        blank = []  # lines, which are dropped at the end of a file
        for position, line in _lines(shard):
            place = self.starts[shard.name] + position
            blank.append((TRAIN if place < validation else VALIDATION if place < test else TEST, line))
            if line:
                yield from blank
                blank = []
        if shard.end is not None:
            yield from blank

    def counter(self):
        options = self.plan.lowercase, self.plan.pretokenized
        words = tf.function(lambda lines: split(lines, *options).flat_values, [LINES], autograph=False)

        def count(rows, tally):
            tally.counts["words"].add(words(as_texts(rows)).numpy().tolist())

        return count

    def learn(self, tally):
        plan, words = self.plan, tally.counts["words"].words
        options = plan.vocabulary, plan.vocabulary_size, plan.lowercase, plan.pretokenized
        preprocessor = LinePreprocessor(SubwordTokenizer.of_counts(words, *options), plan.max_tokens)
        return {
            "preprocessor": prepared.serialized(preprocessor),
            "profile": [tally.rows, *preparing.tokens_between_blanks(words, plan.vocabulary == "character")],
            "dtype": integers(len(preprocessor)),
        }

    def encoder(self, description):
        preprocessor = prepared.restored(description)
        encode = tf.function(lambda lines: preprocessor.encode_lines(lines), [LINES], autograph=False)
        return lambda rows: (encode(as_texts(rows)),)

    def writer(self, shard, description):
        return TextWriter(self.folder / "train", shard.name, description["dtype"])

    def sizes(self, shards, sizes):
        return [[shard.name, *size] for shard, size in zip(shards, sizes) if size[0]]


class Measuring:
    """Counts the bytes of the text of a compressed file."""

    def __init__(self, corpus: Corpus):
        self.corpus = corpus

    def __call__(self, shard: Shard) -> None:
        path, size = self.corpus.measured(shard), 0
        if path.exists():
            return
        with preparing.opened(shard) as file:
            for chunk in preparing.readable(iter(lambda: file.read(CHUNK), b""), shard):
                size += len(chunk)
        writing.write_text(path, str(size))


def _lines(shard) -> Iterator[tuple[int, str]]:
    """The lines of a shard and the first byte of each; a lone carriage return ends a line."""
    with preparing.opened(shard) as file:
        for line in stream.lines_between(file, shard.start, shard.end):
            position = file.tell() - len(line)
            text = line.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
            for part in (text if position else text.removeprefix("\ufeff")).split("\r"):
                yield position, part


def load_prepared_text(folder: str | Path) -> PreparedRunningText:
    """A corpus that `nlpseq prepare language_model` prepared.

    Raises:
        InputError: The folder holds none, or it is damaged.
    """
    return prepared.load(folder, "language_model", _described)


def _described(folder, description):
    files = tuple((name, size, lines) for name, size, lines in description["sizes"])
    digest = prepared.digest(folder)
    train: Any = PreparedText(str(folder / "train"), files, description["dtype"], END, digest)
    validation, test = (Lines(np.array(as_texts(rows), object)) for rows in prepared.held_out(folder))
    details = {"preprocessor": prepared.restored(description), "profile": Profile(*description["profile"])}
    return PreparedRunningText(str(folder), train, validation, test, **details)
