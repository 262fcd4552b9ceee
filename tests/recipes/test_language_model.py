"""The language model recipe: its claims on the embedded corpus, the user's files, and bad input."""

import os
from pathlib import Path

import pytest

from nlpseq.serving import Export
from recipes import language_model
from tests import real_data
from tests.recipes import helpers

SMALL = [
    "--sample-length",
    "5",
    "--units",
    "6",
    "--embedding-size",
    "4",
    "--epochs",
    "1",
    "--batch-size",
    "2",
    "--steps",
    "5",
]
TEXT = "the cat sat on the mat .\nthe dog sat .\n\n"


def write(folder, text=TEXT):
    folder.mkdir(parents=True, exist_ok=True)
    for split, times in {"train": 20, "valid": 4, "test": 4}.items():
        (folder / f"{split}.txt").write_text(text * times)
    return str(folder)


def run(monkeypatch, *flags):
    return helpers.run(monkeypatch, language_model, *flags)


@pytest.mark.slow
def test_embedded_corpus_is_learnt(tmp_path, capsys):
    config = language_model.Settings.of(data_dir=str(tmp_path / "tfds"), output=str(tmp_path / "out"))
    metrics = language_model.main(config)
    assert metrics["test"]["perplexity"] <= 10.8
    shown = capsys.readouterr().out
    assert "perplexity" in shown and shown.count("sample ") == 3


@pytest.mark.parametrize("flags", [
    ["--cell", "gru", "--no-tied", "--prompt", "the"],
    ["--vocabulary", "character", "--optimizer", "sgd", "--budget", "1"],
    ["--vocabulary", "bpe", "--vocabulary-size", "40", "--optimizer", "asgd", "--ensemble", "2"],
])  # fmt: skip
@pytest.mark.slow
def test_text_files_to_export(tmp_path, monkeypatch, capsys, flags):
    folder, out = write(tmp_path / "texts"), str(tmp_path / "out")
    assert run(monkeypatch, "--dataset", folder, "--output", out, *flags, *SMALL) == 0
    shown = capsys.readouterr().out
    assert "perplexity" in shown and shown.count("sample ") == 3
    assert ("read in 20 streams" if "--budget" in flags else "read continuously") in shown
    export = Export(out)
    names = {item.name for item in export.path.iterdir()}
    assert names >= {"config.json", "metrics.json", "model_card.md", "training.png", "perplexity.png"}
    assert set(export.signatures) == {"serving_default", "score", "generate", "init", "step", "embed"}
    assert set(export.metrics["test"]) >= {"perplexity", "nats_per_token", "nats_per_character", "tokens"}
    assert export.predict(["the cat"])[0]["tokens"]


BAD_FLAGS = {
    "empty": (["--dataset", "{tmp}/empty"], "is empty"),
    "missing": (["--dataset", "{tmp}/nowhere.txt"], "cannot read"),
    "temperature": (["--temperature", "0"], "--temperature must be at least 0.001, got 0"),
    "steps": (["--steps", "0"], "--steps must be at least 1"),
    "short": (["--dataset", "{tmp}/texts", "--steps", "500"], "streams in segments of 500"),
    "encoding": (["--prompt", "caf\udce9"], "is not UTF-8"),
    "averages": (["--optimizer", "asgd", "--averaging", "0.9"], "choose one"),
    "prompt": (["--dataset", "{tmp}/texts", "--max-tokens", "3", "--prompt", "the cat sat on", *SMALL],
               "--prompt is too long: expected at most 3 pieces, got 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, name):
    write(tmp_path / "texts")
    write(tmp_path / "empty", "")
    helpers.assert_refused(monkeypatch, capsys, language_model, tmp_path, *BAD_FLAGS[name])


@pytest.mark.real_data
@pytest.mark.slow
def test_tiny_shakespeare(tmp_path):
    preset = language_model.PRESETS["tiny_shakespeare"]
    data_dir = str(Path(os.environ["NLPSEQ_DATA"]))
    config = language_model.Settings.of(**preset, dataset="tiny_shakespeare", data_dir=data_dir, output=str(tmp_path))
    assert language_model.main(config)["validation"]["nats_per_character"] <= 1.55


@pytest.mark.real_data
@pytest.mark.slow
def test_penn_treebank(tmp_path):
    dataset = str(real_data.beside("ptb"))
    config = language_model.Settings.of(**language_model.PRESETS["ptb"], dataset=dataset, output=str(tmp_path))
    assert language_model.main(config)["test"]["perplexity"] <= 110
