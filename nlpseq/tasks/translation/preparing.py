"""Parallel texts that do not fit in memory."""

import functools
import itertools
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data import stream
from nlpseq.data.files.languages import is_language
from nlpseq.data.files.table import normal
from nlpseq.data.prepared import Layout, integers
from nlpseq.errors import InputError, plural
from nlpseq.tasks import prepared, preparing
from nlpseq.tasks.text_task import as_texts
from nlpseq.tasks.translation import defaults, own
from nlpseq.tasks.translation.data import Pairs, ParallelTexts
from nlpseq.tasks.translation.defaults import ADDED, PairProfile
from nlpseq.text import PairPreprocessor
from nlpseq.text.subwords.splitting import split

TEXTS = tf.TensorSpec([None], tf.string)
TOO_LONG = 0.001  # share of targets that may be longer than the profile says


@dataclass(frozen=True)
class PreparedPairs(prepared.Prepared, ParallelTexts):
    """A prepared corpus of parallel texts."""


class Corpus(preparing.Corpus):
    """Pairs of texts: two columns of tables, or lines of two files of text."""

    kind = "translation"
    rows_are = "pairs"

    def shards(self):
        if self.plan.target_input is None:
            return super().shards()
        partners = self.partners
        return stream.shards_of(self.plan.input, self.files(), "text", part=sys.maxsize) if partners else []

    @functools.cached_property
    def partners(self) -> dict[str, str]:
        """The file with the translations of each file, in the order of their names."""
        sides = [
            [path for path, _ in preparing.files(pattern)] for pattern in (self.plan.input, self.plan.target_input)
        ]
        if not sides[0] or len(sides[0]) != len(sides[1]):
            raise InputError(
                f"`input` matches {plural(len(sides[0]), 'file')} and `target_input` {len(sides[1])}: expected one or "
                "more, and equally many."
            )
        return dict(zip(*sides))

    def paths(self, shard):
        return [shard.path] if self.plan.target_input is None else [shard.path, self.partners[shard.path]]

    def read(self, shard):
        if self.plan.target_input is None:
            yield from (self._of_row(row, shard.path) for row in preparing.table_rows(shard))
            return
        partner = shard._replace(path=self.partners[shard.path])
        with preparing.opened(shard) as one, preparing.opened(partner) as other:
            for lines in itertools.zip_longest(*(stream.read_rows(file, "text") for file in (one, other))):
                if None in lines:
                    raise InputError(
                        f"{shard.path} and {partner.path} have different numbers of lines: expected equally many, line "
                        "by line translations of each other."
                    )
                yield _pair(*(line.values["text"] for line in lines))

    def _of_row(self, values, path):
        flat = dict(_flat(values))
        if not flat:
            return None
        columns = _columns(tuple(flat), path, self.plan.source, self.plan.target)
        return _pair(*(flat.get(name) for name in columns))

    def counter(self):
        options = self.plan.lowercase, self.plan.pretokenized
        words = tf.function(lambda texts: split(texts, *options).flat_values, [TEXTS], autograph=False)

        def count(rows, tally):
            for name, texts in zip(("sources", "targets"), zip(*rows)):
                tally.counts[name].add(words(as_texts(texts)).numpy().tolist())
            tally.counts["lengths"].add((len(source.split()), len(target.split())) for source, target in rows)

        return count

    def learn(self, tally):
        sides = [tally.counts[name].words for name in ("sources", "targets")]
        profile = _profile(tally.rows, *sides, tally.counts["lengths"].words)
        plan = self.plan.filled(defaults.choose(profile, self.plan))
        options = plan.vocabulary, plan.vocabulary_size, plan.joint, plan.lowercase, plan.max_tokens, plan.pretokenized
        preprocessor = PairPreprocessor.of_counts(*sides, *options)
        layout = Layout(integers(len(preprocessor.source)), integers(len(preprocessor.target)), several=True)
        return {
            "languages": [plan.source or "source", plan.target or "target"],
            "preprocessor": prepared.serialized(preprocessor),
            "profile": asdict(profile),
            **prepared.layout(layout, tally.occurrences("sources")),
        }

    def encoder(self, description):
        preprocessor = prepared.restored(description)
        encode, targets = (
            tf.function(lambda texts, side=side: side(texts), [TEXTS], autograph=False)
            for side in (preprocessor, preprocessor.targets)
        )

        def encoded(rows):
            one, other = map(as_texts, zip(*rows))
            return encode(one), targets(other)

        return encoded


def _flat(values: Mapping[str, Any], prefix=""):
    """The columns of a row, as "translation.en" those of a nested one."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


@functools.lru_cache
def _columns(names, path, source, target):
    """The columns of source and target, chosen as `nlpseq.tasks.translation.own.pairs_of_table` does."""
    short: dict[str, str] = {}
    for name in names:
        short.setdefault(name.rpartition(".")[2], name)
    normals = {normal(name): name for name in short}
    source, target = (name and normals.get(normal(name), name) for name in (source, target))
    usual = [next((normals[word] for word in role.usual if word in normals), "") for role in (own.SOURCE, own.TARGET)]
    if source and target:
        chosen = source, target
    elif all(usual) and not (source or target):
        chosen = usual
    else:
        languages = [name for name in short if is_language(name)]
        if len(languages) > 2:
            languages = [name for name in languages if name != "id"]  # of numbers, and not Indonesian
        chosen = own.direction(path, languages if len(languages) > 1 else list(short), source, target)
    return [short.get(name, name) for name in chosen]


def _pair(source, target):
    """A pair with text on both sides, else None."""
    usable = all(isinstance(text, str) and text.strip() for text in (source, target))
    return [source, target] if usable else None


def _profile(rows, sources, targets, lengths):
    tokens = sum(preparing.tokens_between_blanks(side)[0] for side in (sources, targets))
    _, vocabulary = preparing.tokens_between_blanks(dict.fromkeys([*sources, *targets], 1))
    pairs = np.array(list(lengths))
    ratios = (pairs[:, 1] - ADDED) / np.maximum(1, pairs[:, 0])
    order = np.argsort(ratios)
    shares = np.cumsum(np.array(list(lengths.values()))[order]) / sum(lengths.values())
    ratio = ratios[order][np.searchsorted(shares, 1 - TOO_LONG)]
    return PairProfile(rows, tokens, vocabulary, ratio=float(ratio), likeness=defaults.likeness(sources, targets))


def load_prepared_pairs(folder: str | Path) -> PreparedPairs:
    """A corpus that `nlpseq prepare translation` prepared.

    Raises:
        InputError: The folder holds none, or it is damaged.
    """
    return prepared.load(folder, "translation", _described)


def _described(folder, description):
    source, target = description["languages"]
    train: Any = prepared.examples(folder, description)
    validation, test = (
        Pairs(*(np.array(as_texts(side), object) for side in zip(*rows))) for rows in prepared.held_out(folder)
    )
    details = {"preprocessor": prepared.restored(description), "profile": PairProfile(**description["profile"])}
    return PreparedPairs(str(folder), source, target, train, validation, test, **details)
