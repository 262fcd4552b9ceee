"""The recipe of sequences: the user's files, answers to files, and bad input."""

import io
import json
import sys

import numpy as np
import pytest

from nlpseq.serving import Export
from recipes import clips
from tests.cli.helpers import predict
from tests.recipes import helpers

SMALL = ["--units", "4", "--layers", "1", "--epochs", "1", "--batch-size", "8"]


def write(path, count=40, columns="id,time,label,ax,ay"):
    rows = [f"{i},{t},{'ab'[i % 2]},{t * (-1) ** i},{i % 3}" for i in range(count) for t in range(2 + i % 3)]
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


@pytest.mark.usefixtures("eager")
@pytest.mark.slow
def test_own_file_to_export(tmp_path, monkeypatch, capsys):
    flags = ["--dataset", write(tmp_path / "moves.csv"), "--output", tmp_path / "out", "--no-bidirectional"]
    assert helpers.run(monkeypatch, clips, *flags, "--bag-of-frames", "yes", *SMALL) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "vectors of 2 channels; 2 to 4 frames; 2 classes: a, b" in shown and "chosen for these data: " in shown
    assert "accuracy after a share of each sequence: 20%" in shown and "a bag of frames, which knows no order" in shown
    export = Export(tmp_path / "out")
    assert {item.name for item in export.path.iterdir()} >= {"early.png", "strips.png", "confusion.png", "training.png"}
    assert {"accuracy", "accuracy_seen", "bag_of_frames_accuracy"} <= set(export.metrics["test"])
    assert {"serving_default", "init", "step"} <= set(export.signatures)
    assert not (tmp_path / "out" / "checkpoints").exists()

    (tmp_path / "new.csv").write_text("ay,ax\n1,2\n0,1\n")
    np.save(tmp_path / "new.npy", np.array([[2, 1], [1, 0]], np.float32))
    status, out, _ = predict(capsys, export.path, *(str(tmp_path / name) for name in ("new.csv", "new.npy")), "--json")
    first, second = map(json.loads, out.splitlines())
    assert status == 0 and first["scores"] == second["scores"] and first["clip"].endswith("new.csv")
    status, out, _ = predict(capsys, export.path, str(tmp_path / "moves.csv"), "--output", str(tmp_path / "o.jsonl"))
    assert status == 0 and len((tmp_path / "o.jsonl").read_text().splitlines()) == 40
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ay,ax\n1,2\n0,1\n")))
    status, out, _ = predict(capsys, export.path, "--json")
    assert json.loads(out)["scores"] == first["scores"] and json.loads(out)["clip"] == "standard input"
    np.save(tmp_path / "odd.npy", np.zeros((2, 5), np.float32))
    status, out, err = predict(capsys, export.path, str(tmp_path / "odd.npy"))
    assert status == 2 and out == "" and "odd.npy has 5 channels, expected 2" in err and err.count("\n") == 1
    (tmp_path / "odd.csv").write_text("ay,az\n1,2\n0,1\n")
    status, out, err = predict(capsys, export.path, str(tmp_path / "odd.csv"))
    assert (status, out) == (2, "") and err.endswith("odd.csv: there is no column 'ax' (did you mean az or ay?).\n")


@pytest.mark.parametrize("flags, message", [
    (["--dataset", "{tmp}/absent.csv"], "cannot read"),
    (["--dataset", "{tmp}/moves.csv", "--label", "lable"], "did you mean label"),
    (["--dataset", "nlpseq_moton"], "did you mean nlpseq_motion"),
    (["--layers", "0", "--pooling", "last"], "--pooling last needs recurrent layers"),
    (["--dataset", "{tmp}/moves.csv", "--noise", "1.5"], "--noise must be between 0 and 1"),
])  # fmt: skip
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, flags, message):
    write(tmp_path / "moves.csv")
    helpers.assert_refused(monkeypatch, capsys, clips, tmp_path, flags, message)
