"""Parallel texts that are prepared: the ids and vocabularies of the in-memory path, each pair once a pass."""

import gzip
import json

import numpy as np
import pytest

from nlpseq.data import load_parallel_texts, load_prepared_pairs, training_batches
from nlpseq.errors import InputError
from nlpseq.tasks.translation import defaults
from nlpseq.tasks.translation.preparing import Corpus
from nlpseq.tasks.translation.settings import PreparingSettings
from nlpseq.text import PairPreprocessor


def pairs(count=300):
    rng = np.random.default_rng(1)
    for number in range(count):
        name = f"n{number}"
        yield name + " ab c," * rng.integers(5), " ".join([name, *rng.choice(["x", "yz."], rng.integers(40))])


def lines_of_files(folder, rows):
    """Two files for each half of the rows, some of which are compressed; one line without a translation."""
    for part in range(2):
        for side, name in enumerate(("en", "de")):
            lines = [row[side] for row in rows[part::2]] + [["alone", " "][side]] * (1 - part)
            text = "\n".join(lines).encode()
            (folder / f"{name}.{part}.txt{'.gz' if side else ''}").write_bytes(gzip.compress(text) if side else text)
    return {"input": str(folder / "en.*"), "target_input": str(folder / "de.*")}


def rows_of_a_table(folder, rows):
    """Rows with more columns than two, and some that cannot be used."""
    lines = [{"id": n, "translation": {"en": row[0], "de": row[1]}} for n, row in enumerate(rows)]
    lines += [{"id": 0, "translation": {"en": "alone", "de": None}}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {"input": str(folder / "rows.jsonl")}


@pytest.mark.parametrize("write", [lines_of_files, rows_of_a_table])
def test_ids_are_those_of_the_in_memory_path(write, tmp_path, capsys):
    rows, joint = list(pairs()), write is rows_of_a_table
    options = {"vocabulary": "word", "vocabulary_size": 60, "joint": joint, "max_tokens": 12}
    plan = PreparingSettings().replace(**write(tmp_path, rows), output=str(tmp_path / "out"), held_out=0.05, **options)
    Corpus(plan).prepare()
    assert "1 row left out" in capsys.readouterr().out
    data = load_prepared_pairs(tmp_path / "out")
    held = {text.decode() for part in (data.validation, data.test) for text in part.sources}
    train = [row for row in rows if row[0] not in held]
    assert 15 < len(held) < 60 and len(data.train) == len(train)
    memory = load_parallel_texts({"train": train, "validation": rows[:9], "test": rows[:9]})
    one, other = defaults.profile(data), defaults.profile(memory)
    assert (one.examples, one.tokens) == (other.examples, other.tokens) and one.ratio == pytest.approx(
        other.ratio, abs=1
    )
    learnt = PairPreprocessor.learn(memory.train.sources, memory.train.targets, "word", 60, joint, max_tokens=12)
    assert data.preprocessor.get_config() == learnt.get_config() and data.preprocessor.joint == joint
    sides = learnt(memory.train.sources.tolist()), learnt.targets(memory.train.targets.tolist())

    def examples(batches):
        return sorted((source[source > 0].tolist(), labels[labels >= 0].tolist())
                      for sources, targets in batches.as_numpy_iterator()
                      for source, labels in zip(sources, targets))  # fmt: skip

    batches = data.train.batches(16, seed=3)
    assert examples(batches) == examples(batches) == examples(training_batches(*sides, 16, seed=3))


def test_the_tokens_follow_the_data(tmp_path):
    plan = PreparingSettings().unset().replace(**rows_of_a_table(tmp_path, list(pairs())), output=str(tmp_path / "out"))
    Corpus(plan.replace(held_out=0.05)).prepare()
    assert load_prepared_pairs(tmp_path / "out").preprocessor.source.kind == "bpe"


@pytest.mark.parametrize("line, options, expected", [
    ('{"a": "x", "b": "y", "c": "z"}\n', {}, "has a, b, c: name two of them with `source` and `target`"),
    ('{"a": "x", "b": "y", "c": "z"}\n', {"target_input": "none"}, "`input` matches 1 file and `target_input` 0"),
    ('{"a": "x"}\n', {"source": "a", "target": "b"}, r"holds no pairs that can be used \(30 rows cannot\)"),
])  # fmt: skip
def test_what_cannot_be_prepared(tmp_path, line, options, expected):
    (tmp_path / "rows.jsonl").write_text(line * 30)
    plan = PreparingSettings().replace(input=str(tmp_path / "rows.jsonl"), output=str(tmp_path / "out"), **options)
    with pytest.raises(InputError, match=expected):
        Corpus(plan).prepare()


def test_files_of_different_numbers_of_lines(tmp_path):
    (tmp_path / "train.en").write_text("a\nb\n")
    (tmp_path / "train.de").write_text("a\n")
    plan = PreparingSettings(
        input=str(tmp_path / "train.en"), target_input=str(tmp_path / "train.de"), output=str(tmp_path / "out")
    )
    with pytest.raises(InputError, match=r"train.en and .*train.de have different numbers of lines"):
        Corpus(plan).prepare()
