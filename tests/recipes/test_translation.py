"""The translation recipe: its claims on the embedded corpus, the user's files, and bad input."""

import os
from pathlib import Path

import pytest

from nlpseq.serving import Export
from recipes import translation
from tests import real_data
from tests.recipes import helpers

SMALL = ["--units", "6", "--embedding-size", "4", "--epochs", "1", "--batch-size", "8"]
PAIRS = [(f"{a} {b}", f"{b.upper()} {a.upper()}") for a in "abcd" for b in "efgh"]


def write(folder, pairs=PAIRS, names=("en", "de")):
    """A folder of a file for each language and split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "val", "test"):
        for name, side in zip(names, zip(*pairs)):
            (folder / f"{name}.{split}.txt").write_text("\n".join(side) + "\n", encoding="utf-8")
    return str(folder)


def run(monkeypatch, *flags):
    return helpers.run(monkeypatch, translation, *flags)


@pytest.mark.slow
def test_embedded_corpus_is_learnt(tmp_path):
    config = translation.Settings.of(data_dir=str(tmp_path / "tfds"), output=str(tmp_path / "out"))
    assert translation.main(config)["test"]["exact_match"] >= 0.97


@pytest.mark.parametrize("flags", [
    ["--decoder-layers", "1", "--beam-size", "1"],
    ["--vocabulary", "character", "--joint", "--attention", "general", "--cell", "lstm", "--input-feeding"],
    ["--attention", "none", "--decoder-layers", "1", "--scheduled-sampling", "0.2"],
])  # fmt: skip
@pytest.mark.slow
def test_a_folder_of_languages_to_export(tmp_path, monkeypatch, capsys, flags):
    folder = write(tmp_path / "pairs")
    out = str(tmp_path / "out")
    languages = ["--source", "en", "--target", "de"]
    assert run(monkeypatch, "--dataset", folder, "--output", out, *languages, *flags, *SMALL) == 0
    shown = capsys.readouterr().out
    assert "BLEU" in shown and "greedy" in shown and "exact match" in shown
    export = Export(out)
    names = {item.name for item in export.path.iterdir()}
    assert names >= {"saved_model.pb", "config.json", "metrics.json", "model_card.md", "training.png"}
    assert not ("attention.png" in names and "none" in flags)
    assert {"bleu", "chrf", "exact_match", "greedy_bleu", "bleu_signature"} <= set(export.metrics["test"])
    assert set(export.predict(["a e", ""])[0]) == {"translation", "score"}
    assert ("translate_attention" in export.signatures) == ("none" not in flags)


BAD_FLAGS = {
    "unequal": (["--dataset", "{tmp}/unequal"], "16 "),
    "empty sides": (["--dataset", "{tmp}/empty"], "holds no sentences"),
    "language": (["--dataset", "{tmp}/pairs", "--source", "fr"], "'fr'"),
    "same": (["--dataset", "{tmp}/pairs", "--source", "en", "--target", "en"], "--source and --target are both"),
    "missing": (["--dataset", "{tmp}/nowhere.tsv"], "cannot read"),
    "beam": (["--beam-size", "0"], "--beam-size must be at least 1, got 0"),
    "smoothing": (["--label-smoothing", "1.5"], "--label-smoothing must be between 0 and 0.95"),
}


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, name):
    write(tmp_path / "pairs")
    write(tmp_path / "unequal")
    (tmp_path / "unequal" / "de.train.txt").write_text("A\n" * 3)
    write(tmp_path / "empty", [("a", ""), ("", "B")])
    helpers.assert_refused(monkeypatch, capsys, translation, tmp_path, *BAD_FLAGS[name])


@pytest.mark.real_data
@pytest.mark.slow
def test_scan(tmp_path):
    data_dir = str(Path(os.environ["NLPSEQ_DATA"]))
    preset = translation.PRESETS["scan"]
    config = translation.Settings.of(**preset, dataset="scan/simple", data_dir=data_dir, output=str(tmp_path))
    assert translation.main(config)["test"]["exact_match"] >= 0.99


@pytest.mark.real_data
@pytest.mark.slow
def test_multi30k(tmp_path):
    languages = {"dataset": str(real_data.beside("multi30k")), "source": "en", "target": "de"}
    config = translation.Settings.of(**languages, output=str(tmp_path))
    assert translation.main(config)["test"]["bleu"] >= 31
