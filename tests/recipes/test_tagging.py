"""The tagging recipe: its claims on the embedded corpus, the user's files, and bad input."""

import collections
import os
import random
from pathlib import Path

import pytest

from nlpseq.data import load_tagged_sentences
from nlpseq.serving import Export
from recipes import tagging
from tests.recipes import helpers

SMALL = ["--units", "4", "--embedding-size", "4", "--characters", "none", "--epochs", "1"]


def sentence(draw):
    """Lines of a sentence: word, part of speech, chunk, entity (iob1)."""
    name = draw.choice([["Ada"], ["Bo", "Li"]])
    place = draw.choice(["Rome", "Bonn"])
    return [
        *(f"{word} NNP I-NP I-PER" for word in name),
        "went VBD I-VP O", "to TO I-PP O", f"{place} NNP I-NP I-LOC", ". . O O", "",
    ]  # fmt: skip


def write(folder, **changed):
    """Files in the manner of CoNLL-2003, with some replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(3)
    for split, size in {"train": 40, "testa": 10, "testb": 10}.items():
        lines = ["-DOCSTART- -X- O O", "", *(line for _ in range(size) for line in sentence(draw))]
        (folder / f"eng.{split}").write_text("\n".join(changed.get(split, lines)), encoding="utf-8")
    return str(folder)


def run(monkeypatch, *flags):
    return helpers.run(monkeypatch, tagging, *flags)


@pytest.mark.slow
def test_embedded_corpus_is_learnt(tmp_path):
    config = tagging.Settings.of(data_dir=str(tmp_path / "tfds"), output=str(tmp_path / "out"))
    assert tagging.main(config)["test"]["accuracy"] >= 0.98


@pytest.mark.slow
def test_embedded_corpus_needs_context(tmp_path):
    assert most_frequent_tag_accuracy(load_tagged_sentences("nlpseq_tags", str(tmp_path))) <= 0.80


def most_frequent_tag_accuracy(data):
    counts = collections.defaultdict(collections.Counter)
    for tokens, tags in zip(data.train.tokens, data.train.tags):
        for token, tag in zip(tokens, tags):
            counts[token.lower()][tag] += 1
    best = {token: tags.most_common(1)[0][0] for token, tags in counts.items()}
    pairs = [
        (best.get(token.lower()), tag)
        for tokens, tags in zip(data.test.tokens, data.test.tags) for token, tag in zip(tokens, tags)
    ]  # fmt: skip
    return sum(guess == tag for guess, tag in pairs) / len(pairs)


@pytest.mark.parametrize("column, kinds, model", [
    ("4", {"LOC", "PER"}, "crf"), ("3", {"NP", "PP", "VP"}, "softmax"),
])  # fmt: skip
@pytest.mark.slow
def test_a_folder_of_columns_to_export(tmp_path, monkeypatch, capsys, column, kinds, model):
    folder = write(tmp_path / "conll")
    flags = ["--dataset", folder, "--output", str(tmp_path / "out"), "--tags", column, "--model", model]
    assert run(monkeypatch, *flags, *SMALL, "--batch-size", "8", "--learning-rate", "0.02") == 0
    shown = capsys.readouterr().out
    assert "test accuracy" in shown and "sentences whose tags violate the scheme bio" in shown
    export = Export(tmp_path / "out")
    assert {item.name for item in export.path.iterdir()} >= {
        "saved_model.pb", "assets.extra", "config.json", "metrics.json", "model_card.md",
        "training.png", "confusion.png", "worst_sentences.txt",
    }  # fmt: skip
    assert set(export.metrics["test"]["types"]) >= kinds and export.metadata.details["scheme"] == "bio"
    assert model != "crf" or export.metrics["test"]["illegal_sentences"] == 0
    answer = export.predict(["Ada went to Rome.", ""])[0]
    assert answer["tokens"] == ["Ada", "went", "to", "Rome", "."] and len(answer["tags"]) == 5


BAD_FLAGS = {
    "unknown dataset": (["--dataset", "universal_dependencis/en_ewt"], "unknown dataset"),
    "column": (["--dataset", "{tmp}/good", "--tags", "5"], "line 3: expected at least 5 columns, got 4"),
    "few columns": (["--dataset", "{tmp}/few"], "eng.train, line 4"),
    "wrong tag": (["--dataset", "{tmp}/wrong"], "does not fit the scheme"),
    "blank": (["--dataset", "{tmp}/blank"], "eng.train"),
    "latin-1": (["--dataset", "{tmp}/latin"], "--encoding latin-1"),
    "encoding": (["--dataset", "{tmp}/good", "--encoding", "utf-88"], "utf-88"),
    "rate": (["--singleton-dropout", "2"], "--singleton-dropout must be between 0 and 1, got 2"),
    "characters": (["--max-characters", "0"], "--max-characters must be at least 1, got 0"),
}


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, name):
    good = sentence(random.Random(0)) * 30
    write(tmp_path / "good")
    write(tmp_path / "few", train=[*good[:3], "to TO", *good[4:]])
    write(tmp_path / "wrong", train=[*good, "Ada NNP I-NP X-PER"])
    write(tmp_path / "blank", train=["", " ", ""])
    write(tmp_path / "latin")
    (tmp_path / "latin" / "eng.train").write_bytes("caf\xe9 NN I-NP O\n".encode("latin-1"))
    helpers.assert_refused(monkeypatch, capsys, tagging, tmp_path, *BAD_FLAGS[name])


@pytest.mark.real_data
@pytest.mark.slow
def test_universal_dependencies(tmp_path):
    dataset = "universal_dependencies/en_ewt"
    data_dir = str(Path(os.environ["NLPSEQ_DATA"]))
    config = tagging.Settings.of(dataset=dataset, data_dir=data_dir, output=str(tmp_path))
    assert tagging.main(config)["test"]["accuracy"] >= 0.942
