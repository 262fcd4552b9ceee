"""Corpora of labelled texts that do not fit in memory: vocabulary and ids, a shard of the corpus at a time.

Two passes: the words and labels of each shard are counted, then its texts are written as ids. Each pass calls one
function for each shard, here or on the workers of Beam; what a shard gives is a file, which a later run finds again.
"""

import glob
import hashlib
import json
import os
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq import writing
from nlpseq.data.prepared import FILE, SHARD, PreparedExamples, ShardWriters, read_description
from nlpseq.data.stream import Shard, decompressed, read_rows, shards_of
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.reporting import say
from nlpseq.tasks.classification.data import Examples, LabelledTexts
from nlpseq.tasks.classification.settings import PreparingSettings
from nlpseq.tasks.profile import Profile
from nlpseq.text import Vocabulary, WordPreprocessor, WordTokenizer
from nlpseq.text.counting import Counts

BATCH = 512  # texts that are tokenized together
TRAIN, VALIDATION, TEST = range(3)
Each = Callable[[Callable[[Shard], None], list[Shard]], None]


@dataclass(frozen=True)
class PreparedTexts(LabelledTexts):
    """A prepared corpus: `train` is on disk, validation and test are in memory.

    Attributes:
        preprocessor: `nlpseq.text.WordPreprocessor`, learnt from all training texts.
        profile: Of the training texts.
    """

    preprocessor: Any = None
    profile: Profile | None = None

    @property
    def multi_label(self) -> bool:
        """False: each text has one label."""
        return False


def here(function: Callable[[Shard], None], shards: list[Shard]) -> None:
    """Calls a function for each shard, in this process."""
    for shard in shards:
        function(shard)


def prepare(plan: PreparingSettings, each: Each = here) -> Path:
    """Prepares a corpus of labelled texts; returns the folder.

    Args:
        plan: Which files, how, and where the result is written.
        each: Calls a function for each shard. Default `here`; `nlpseq.beam.preparing.by_beam` does it on many machines.

    Raises:
        InputError: There is no file, no text with a label, or only one label.
    """
    folder, pattern = as_path(plan.output), plan.input
    files = [(path, os.path.getsize(path)) for path in glob.glob(os.path.expanduser(pattern))]
    shards = shards_of(pattern, files, plan.input_format)
    _check_plan(folder, plan)
    for name in ("counts", "train", "held"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    say(f"counting the words of {len(shards)} shards")
    each(Counting(plan), shards)
    counts, labels, rows, bad = _merged(folder, shards)
    names = sorted(labels)
    if len(names) < 2:
        raise InputError(f"{pattern} has {rows:,} texts with {len(names)} different labels: expected two or more.")
    vocabulary = Vocabulary.of_counts(counts.words, plan.vocabulary_size, plan.min_count)
    preprocessor = WordPreprocessor(WordTokenizer(plan.lowercase), vocabulary, (), plan.max_tokens, "middle")
    size = sum(size for _, size in files)
    tokens = sum(counts.words.values())
    description = {
        "kind": "classification",
        "labels": names,
        "preprocessor": keras.saving.serialize_keras_object(preprocessor),
        "profile": [rows, tokens, len(counts.words), len(names)],
        "counted": f"exact to {counts.error}",
        "shards": max(1, -(-size // SHARD)),
    }
    say(f"{rows:,} texts, {tokens:,} words, {len(names)} labels, {bad:,} rows left out; writing ids")
    each(Tokenizing(plan, description), shards)
    _finish(folder, shards, description)
    return folder


def _check_plan(folder, plan):
    """The plan is kept beside what it gives: the same command continues, and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    path, described = folder / "plan.json", json.dumps(plan.fixed(), indent=2)
    if path.exists() and path.read_text("utf-8") != described:
        raise InputError(f"{folder} was prepared with other settings: remove it, or choose another `output`.")
    writing.write_text(path, described)


class Counting:
    """Counts the words and labels of the training rows of a shard."""

    def __init__(self, plan: PreparingSettings):
        self.plan = plan

    def __call__(self, shard: Shard) -> None:
        path = as_path(self.plan.output) / "counts" / shard.name
        if path.exists():
            return
        tokenize = tf.function(WordTokenizer(self.plan.lowercase), [tf.TensorSpec([None], tf.string)], autograph=False)
        counts, labels, bad = Counts(), Counter(), [0]
        for texts, names in _batches(_usable(shard, self.plan, bad)):
            labels.update(names)
            counts.add(tokenize(tf.constant(texts)).flat_values.numpy().tolist())
        result = pickle.dumps((dict(counts.words), counts.error, labels, bad[0]))
        writing.write_file(path, [result])


def _merged(folder, shards):
    counts, labels, bad = Counts(), Counter(), 0
    for shard in shards:
        words, error, names, left_out = pickle.loads((folder / "counts" / shard.name).read_bytes())
        part = Counts()
        part.words, part.error = Counter(words), error
        counts.merge(part)
        labels.update(names)
        bad += left_out
    return counts, labels, sum(labels.values()), bad


class Tokenizing:
    """Writes the ids of the training rows of a shard, and the rows that are held out."""

    def __init__(self, plan: PreparingSettings, description: dict[str, Any]):
        self.plan, self.description = plan, description

    def __call__(self, shard: Shard) -> None:
        folder = as_path(self.plan.output)
        done = folder / "held" / f"{shard.name}.json"
        if done.exists():
            return
        preprocessor = keras.saving.deserialize_keras_object(self.description["preprocessor"])
        encode = tf.function(lambda texts: preprocessor(texts), [tf.TensorSpec([None], tf.string)], autograph=False)
        numbers = {name: number for number, name in enumerate(self.description["labels"])}
        writers = ShardWriters(folder / "train", shard.name, self.description["shards"], self.plan.seed)
        held = {VALIDATION: [], TEST: []}
        for texts, names in _batches(_usable(shard, self.plan, [0], held)):
            ids = encode(tf.constant(texts))
            rows = np.split(ids.flat_values.numpy(), ids.row_splits.numpy()[1:-1])
            writers.write(rows, np.array([numbers[name] for name in names]))
        writers.close()
        writing.write_text(done, json.dumps({"sizes": writers.sizes, "held": [held[VALIDATION], held[TEST]]}))


def _finish(folder, shards, description):
    sizes, held = [0] * description["shards"], ([], [])
    for shard in shards:
        result = json.loads((folder / "held" / f"{shard.name}.json").read_text("utf-8"))
        sizes = [total + size for total, size in zip(sizes, result["sizes"])]
        for rows, added in zip(held, result["held"]):
            rows += added
    for name, rows in zip(("validation", "test"), held):
        if not rows:
            raise InputError(f"no row is held out for {name}: give a greater `held_out`.")
        writing.write_text(
            folder / f"{name}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        )
    description["sizes"] = sizes
    writing.write_text(folder / FILE, json.dumps(description))


def _usable(
    shard: Shard, plan: PreparingSettings, bad: list[int], held: dict | None = None
) -> Iterator[tuple[str, str]]:
    """Text and label of the training rows of a shard; counts those without them, and collects those held out."""
    random = np.random.default_rng([plan.seed, *shard.name.encode()])
    with open(shard.path, "rb") as raw, decompressed(raw, shard.path) as file:
        for row in read_rows(file, shard.kind, shard.start, shard.end):
            values = row.values or {}
            text, label = values.get(plan.text), values.get(plan.label)
            if not isinstance(text, str) or not text.strip() or label is None or label == "":
                bad[0] += 1
                continue
            draw = random.random()
            split = VALIDATION if draw < plan.held_out else TEST if draw < 2 * plan.held_out else TRAIN
            if split == TRAIN:
                yield text, str(label)
            elif held is not None:
                held[split].append([text, str(label)])


def _batches(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[list[str], list[str]]]:
    texts, labels = [], []
    for text, label in rows:
        texts.append(text)
        labels.append(label)
        if len(texts) == BATCH:
            yield texts, labels
            texts, labels = [], []
    if texts:
        yield texts, labels


def load_prepared_texts(folder: str | Path) -> PreparedTexts:
    """A corpus that `prepare` prepared.

    Raises:
        InputError: The folder holds none, or it is damaged.
    """
    folder = as_path(folder)
    description = read_description(folder)
    if description.get("kind") != "classification":
        raise InputError(f"{folder} was prepared for {description.get('kind')}, not for classification.")
    try:
        return _described(folder, description)
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{folder} is damaged ({shorten(error)}): prepare the corpus again.") from None


def _described(folder, description):
    preprocessor = keras.saving.deserialize_keras_object(description["preprocessor"])
    labels = description["labels"]
    validation, test = (_examples(folder / f"{name}.jsonl", labels) for name in ("validation", "test"))
    digest = hashlib.blake2b((folder / FILE).read_bytes(), digest_size=16).hexdigest()
    sizes = tuple(description["sizes"])
    train: Any = PreparedExamples(str(folder / "train"), sizes, len(preprocessor.sizes), digest)
    known = {"preprocessor": preprocessor, "profile": Profile(*description["profile"])}
    return PreparedTexts(str(folder), tuple(labels), train, validation, test, **known)


def _examples(path, labels):
    """Held-out rows in memory; those whose label training lacks are unseen."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    numbers = {name: number for number, name in enumerate(labels)}
    for _, name in rows:
        numbers.setdefault(name, len(numbers))
    texts = np.array([text.encode("utf-8", "replace") for text, _ in rows], object)
    return Examples(texts, np.array([numbers[name] for _, name in rows], np.int32), tuple(numbers)[len(labels) :])
