"""The anomalies recipe: the user's files, and bad input."""

import json

import numpy as np
import pytest

from nlpseq.serving import Export
from recipes import anomalies
from tests import real_data
from tests.recipes import helpers

SMALL = ["--units", "3", "--components", "1", "--epochs", "1", "--steps", "20", "--warm-up", "20"]


def write(path, steps=240, odd=(200, 210)):
    def label(i):
        return int(odd[0] <= i < odd[1])

    rows = [f"2024-05-01 {i // 60:02d}:{i % 60:02d},{np.sin(i / 4):.3f},{label(i)}" for i in range(steps)]
    rows[odd[0]] = rows[odd[0]].replace(rows[odd[0]].split(",")[1], "3.5")
    path.write_text("\n".join(["time,pressure,label", *rows]))
    return path


@pytest.mark.slow
def test_own_file_to_export(tmp_path, monkeypatch, capsys):
    flags = ["--dataset", write(tmp_path / "pump.csv"), "--output", tmp_path / "out", *SMALL]
    assert helpers.run(monkeypatch, anomalies, *flags) == 0
    shown = capsys.readouterr().out
    assert "the first 50% of each series is learnt from" in shown and "rolling z-score" in shown
    export = Export(tmp_path / "out")
    assert {"alarms_1.png", "training.png", "metrics.json"} <= {item.name for item in export.path.iterdir()}
    test = export.metrics["test"]
    assert {"nab_standard", "event_f1", "vus_pr"} <= test.keys() and test["event_recall"] == 1
    assert {*test["rivals"]} == {"z_score", "pca", "random"}
    assert json.loads((export.path / "config.json").read_text())["details"]["channels"] == ["pressure"]


BAD_FLAGS = {
    "missing file": (["--dataset", "{tmp}/absent.csv"], "cannot read"),
    "column not there": (["--dataset", "{tmp}/pump.csv", "--values", "presure"], "did you mean pressure"),
    "label not there": (["--dataset", "{tmp}/pump.csv", "--label", "lable"], "did you mean label"),
    "empty folder": (["--dataset", "{tmp}/empty"], "has no tables"),
    "false alarms": (["--false-alarms", "-1"], "--false-alarms must be at least 0, got -1"),
    "training share": (["--training-share", "1"], "--training-share must be between 0.01 and 0.99, got 1"),
}


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_input_gets_one_sentence(name, tmp_path, monkeypatch, capsys):
    write(tmp_path / "pump.csv")
    (tmp_path / "empty").mkdir()
    flags, expected = BAD_FLAGS[name]
    helpers.assert_refused(monkeypatch, capsys, anomalies, tmp_path, flags, expected)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["predictor", "autoencoder"])
def test_the_embedded_corpus(method, tmp_path):
    metrics = anomalies.main(anomalies.Settings.of(output=str(tmp_path), method=method))["test"]
    least = {"predictor": 0.8, "autoencoder": 0.3}[method]
    assert metrics["event_f1"] > least > 1.5 * metrics["rivals"]["z_score"]["event_f1"]


@pytest.mark.slow
@pytest.mark.real_data
def test_nab(tmp_path):
    settings = anomalies.Settings.of(dataset=str(real_data.beside("nab")), output=str(tmp_path))
    assert anomalies.main(settings)["test"]["nab_standard"] > 60
