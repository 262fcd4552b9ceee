"""The speech recipe: the user's recordings to an export, the embedded corpus, and bad input."""

import numpy as np
import pytest
import soundfile

from nlpseq.corpora.morse import RATE, morse_code
from nlpseq.serving import Export
from recipes import speech
from tests.recipes import helpers


def record(folder, count=24):
    folder.mkdir(exist_ok=True)
    for number, (sound, text) in enumerate(morse_code(count)):
        soundfile.write(folder / f"{number}.wav", sound[: RATE // 2], RATE)
        (folder / f"{number}.txt").write_text(text[:2])
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_own_recordings_to_export(tmp_path, monkeypatch, capsys):
    folder = record(tmp_path / "sounds")
    flags = ["--dataset", folder, "--output", tmp_path / "out", "--units", "4", "--layers", "1", "--epochs", "1"]
    flags += ["--batch-size", "8", "--stack", "10", "--language-model", "ngram", "--order", "2", "--beam-size", "2"]
    assert helpers.run(monkeypatch, speech, *flags) == 0
    shown = capsys.readouterr().out
    assert "chosen for these data: " in shown and "character error rate" in shown
    export = Export(tmp_path / "out")
    assert {item.name for item in export.path.iterdir()} >= {
        "saved_model.pb", "config.json", "metrics.json", "model_card.md",
        "training.png", "spectrograms.png", "errors.png",
    }  # fmt: skip
    assert export.metrics["test"]["word_error_rate"] > 0 and export.metrics["test"]["character_error_rate"] > 0
    assert set(export.predict([np.zeros(RATE, "float32")])[0]) == {"text", "score"}


BAD_FLAGS = {
    "no folder": (["--dataset", "{tmp}/absent"], "cannot read"),
    "no texts": (["--dataset", "{tmp}/bare"], "has 1 audio file and no texts"),
    "no sounds": (["--dataset", "{tmp}/empty"], "holds no audio files"),
    "pattern": (["--dataset", "{tmp}/bare", "--pattern", "{x}"], "--pattern must have {label}"),
    "window": (["--window", "0.002"], "--window must be at least as long as --hop"),
    "streams": (["--no-bidirectional", "--normalization", "utterances"], "invalid choice"),
    "where": (["--dataset", "{tmp}/sounds", "--test-where", "speaker=a"], "--test-where must be such as"),
}


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, name):
    record(tmp_path / "sounds", 2)
    (tmp_path / "bare").mkdir()
    (tmp_path / "empty").mkdir()
    soundfile.write(tmp_path / "bare" / "a.wav", np.zeros(9), RATE)
    if name == "streams":
        assert helpers.run(monkeypatch, speech, *BAD_FLAGS[name][0]) == 2
        return
    flags, expected = BAD_FLAGS[name]
    helpers.assert_refused(monkeypatch, capsys, speech, tmp_path, flags, expected)


@pytest.mark.slow
def test_embedded_corpus(tmp_path):
    config = speech.Settings.of(output=str(tmp_path))
    assert speech.main(config)["test"]["character_error_rate"] <= 0.02


@pytest.mark.usefixtures("eager")
def test_a_wrong_language_model_is_refused_before_training(tmp_path, monkeypatch, capsys):
    folder = record(tmp_path / "sounds")
    monkeypatch.setattr("nlpseq.training.train", None)
    flags = ["--dataset", str(folder), "--units", "4", "--layers", "1", "--language-model", "{tmp}/absent"]
    helpers.assert_refused(monkeypatch, capsys, speech, tmp_path, flags, "absent holds no complete checkpoint")
