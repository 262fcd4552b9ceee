"""Corpora of labelled texts that do not fit in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data.prepared import Layout, integers
from nlpseq.errors import InputError
from nlpseq.tasks import prepared, preparing
from nlpseq.tasks.classification.data import Examples, LabelledTexts
from nlpseq.tasks.profile import Profile
from nlpseq.tasks.text_task import as_texts
from nlpseq.text import Vocabulary, WordPreprocessor, WordTokenizer

TEXTS = tf.TensorSpec([None], tf.string)


@dataclass(frozen=True)
class PreparedTexts(prepared.Prepared, LabelledTexts):
    """A prepared corpus of labelled texts."""

    @property
    def multi_label(self) -> bool:
        """False: each text has one label."""
        return False


class Corpus(preparing.Corpus):
    """Texts with a label each: two columns of tables."""

    kind = "classification"

    def read(self, shard):
        for values in preparing.table_rows(shard):
            text, label = values.get(self.plan.text), values.get(self.plan.label)
            usable = isinstance(text, str) and text.strip() and label is not None and label != ""
            yield [text, str(label)] if usable else None

    def counter(self):
        tokenize = tf.function(WordTokenizer(self.plan.lowercase), [TEXTS], autograph=False)

        def count(rows, tally):
            texts, labels = zip(*rows)
            tally.counts["labels"].add(labels)
            tally.counts["words"].add(tokenize(as_texts(texts)).flat_values.numpy().tolist())

        return count

    def learn(self, tally):
        plan, words, labels = self.plan, tally.counts["words"].words, tally.counts["labels"]
        if len(labels.words) < 2 or labels.error:
            expected = "two or more" if len(labels.words) < 2 else "far fewer"
            raise InputError(
                f"{plan.input} has {tally.rows:,} texts with {len(labels.words):,} different labels: expected "
                f"{expected}."
            )
        vocabulary = Vocabulary.of_counts(words, plan.vocabulary_size, plan.min_count)
        preprocessor = WordPreprocessor(WordTokenizer(plan.lowercase), vocabulary, (), plan.max_tokens, "middle")
        names, tokens = sorted(labels.words), tally.occurrences("words")
        layout = Layout(integers(len(vocabulary)), integers(len(names)), len(preprocessor.sizes))
        return {
            "labels": names,
            "preprocessor": prepared.serialized(preprocessor),
            "profile": [tally.rows, tokens, len(words), len(names)],
            **prepared.layout(layout, tokens),
        }

    def encoder(self, description):
        preprocessor = prepared.restored(description)
        encode = tf.function(lambda texts: preprocessor(texts), [TEXTS], autograph=False)
        numbers = {name: number for number, name in enumerate(description["labels"])}

        def encoded(rows):
            texts, labels = zip(*rows)
            return encode(as_texts(texts)), np.array([numbers[label] for label in labels])

        return encoded


def load_prepared_texts(folder: str | Path) -> PreparedTexts:
    """A corpus that `nlpseq prepare classification` prepared.

    Raises:
        InputError: The folder holds none, or it is damaged.
    """
    return prepared.load(folder, "classification", _described)


def _described(folder, description):
    labels = description["labels"]
    validation, test = (_examples(rows, labels) for rows in prepared.held_out(folder))
    train: Any = prepared.examples(folder, description)
    details = {"preprocessor": prepared.restored(description), "profile": Profile(*description["profile"])}
    return PreparedTexts(str(folder), tuple(labels), train, validation, test, **details)


def _examples(rows, labels):
    """Held-out rows in memory; those whose label training lacks are unseen."""
    numbers = {name: number for number, name in enumerate(labels)}
    for _, name in rows:
        numbers.setdefault(name, len(numbers))
    texts = np.array([text.encode("utf-8", "replace") for text, _ in rows], object)
    return Examples(texts, np.array([numbers[name] for _, name in rows], np.int32), tuple(numbers)[len(labels) :])
