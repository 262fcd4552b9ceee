"""Corpora that are prepared: the same vocabulary and ids as in memory, each example once a pass."""

import gzip
import json
import shutil

import numpy as np
import pytest

from nlpseq.data import load_prepared_texts
from nlpseq.errors import InputError
from nlpseq.tasks import TextClassifier
from nlpseq.tasks.classification.preparing import Corpus
from nlpseq.tasks.classification.settings import PreparingSettings
from nlpseq.text import WordPreprocessor
from nlpseq.text.counting import Counts

WORDS = [f"w{number}" for number in range(30)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a prepared corpus, and its rows."""
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(1)
    rows = [
        {"text": " ".join(rng.choice(WORDS, rng.integers(1, 9))), "label": "ab"[number % 2]} for number in range(600)
    ]
    for part in range(2):
        with gzip.open(folder / f"rows-{part}.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(row) + "\n" for row in [*rows[part::2], {"text": ""}])
    plan = PreparingSettings(
        input=str(folder / "rows-*.jsonl.gz"), output=str(folder / "out"), held_out=0.05, min_count=1
    )
    Corpus(plan).prepare()
    return folder / "out", rows, plan


def texts_of(batches, preprocessor):
    """The words of each example, and its label."""
    names = preprocessor.names()[0]
    return [
        (" ".join(names[id_] for id_ in row[:, 0] if id_), int(label))
        for ids, labels in batches.as_numpy_iterator()
        for row, label in zip(ids, labels)
    ]


def test_each_row_is_in_one_split_once(corpus):
    folder, rows, _ = corpus
    data = load_prepared_texts(folder)
    task = TextClassifier(data.preprocessor, data.labels, units=2, embedding_size=2)
    batches = task.prepare(data.train, 32, training=True, seed=3)
    train = texts_of(batches, data.preprocessor)
    assert len(batches) == -(-len(train) // 32) and len(train) == len(data.train)
    held = [
        (text.decode(), label) for part in (data.validation, data.test) for text, label in zip(part.texts, part.labels)
    ]
    assert sorted(train + held) == sorted((row["text"], "ab".index(row["label"])) for row in rows)
    assert 15 < len(data.validation) < 50 and 15 < len(data.test) < 50
    again = texts_of(batches, data.preprocessor)  # the second pass
    assert again != train and sorted(again) == sorted(train)
    new = task.prepare(data.train, 32, training=True, seed=3)
    assert texts_of(new, data.preprocessor) == train


def test_the_vocabulary_is_that_of_learning_in_memory(corpus):
    folder, rows, _ = corpus
    data = load_prepared_texts(folder)
    held = {text.decode() for part in (data.validation, data.test) for text in part.texts}
    train = [row["text"] for row in rows if row["text"] not in held]
    expected = WordPreprocessor.learn(train, min_count=1).vocabulary.words
    assert set(data.preprocessor.vocabulary.words) == set(expected)


def test_the_same_command_changes_nothing_and_another_is_refused(corpus):
    folder, _, plan = corpus
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "train").iterdir()}
    Corpus(plan).prepare()
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "train").iterdir()} == before
    with pytest.raises(InputError, match="other settings"):
        Corpus(plan.replace(min_count=2)).prepare()


def test_counts_are_bounded_and_exact_for_frequent_words():
    counts = Counts(most=10)
    for number in range(200):
        counts.add([b"often", b"often", f"rare{number}".encode()])
    assert len(counts.words) <= 10
    assert 400 - counts.error <= counts.words[b"often"] <= 400 and counts.error < 100


@pytest.mark.parametrize("file, content", [
    ("prepared.json", "[]"), ("prepared.json", '{"kind": "classification"}'), ("validation.jsonl", "{"),
    ("test.jsonl", "[1]"), ("test.jsonl", None),
])  # fmt: skip
def test_a_damaged_folder(corpus, tmp_path, file, content):
    shutil.copytree(corpus[0], tmp_path / "copy", ignore=shutil.ignore_patterns("train"))
    path = tmp_path / "copy" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match="is damaged|was prepared for None|another version"):
        load_prepared_texts(tmp_path / "copy")
