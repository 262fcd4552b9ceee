"""The memory recipe: a tiny run, the explosion that clipping tames, and bad input."""

import json

import numpy as np
import pytest

from recipes import memory
from tests.recipes import helpers

SMALL = ["--distances", "5", "12", "--examples", "12", "--units", "4", "--embedding-size", "4",
         "--epochs", "1", "--batch-size", "8"]  # fmt: skip
# Rectified units whose kernel starts too large, under plain gradient descent.
EXPLODING = ["--cells", "rnn", "--activation", "relu", "--recurrent-scale", "2", "--optimizer", "sgd",
             "--learning-rate", "0.05"]  # fmt: skip


def run(monkeypatch, *flags):
    return helpers.run(monkeypatch, memory, *flags)


@pytest.mark.usefixtures("eager")
@pytest.mark.slow
def test_figures_and_picture(tmp_path, monkeypatch, capsys):
    output = tmp_path / "out"
    assert run(monkeypatch, "--output", output, "--cells", "rnn", "gru", "--mixed", *SMALL) == 0
    shown = capsys.readouterr().out
    assert "gru at distance 5, 12" in shown and "  5: accuracy" in shown
    assert (output / "memory.png").stat().st_size > 10_000
    metrics = json.loads((output / "metrics.json").read_text())
    assert set(metrics["accuracy"]) == set(metrics["gradient_norms"]) == {"rnn", "gru"}
    assert set(metrics["accuracy"]["gru"]) == {"5", "12"}
    for norms in metrics["gradient_norms"].values():
        assert len(norms) >= 12 + 5 and np.isfinite(norms).all() and norms[0] > 0


@pytest.mark.usefixtures("eager")
@pytest.mark.slow
def test_only_clipping_keeps_a_large_kernel_finite(tmp_path, monkeypatch, capsys):
    flags = ["--output", str(tmp_path / "out"), *SMALL, *EXPLODING]
    flags += ["--distances", "40", "--examples", "64", "--units", "16"]
    assert run(monkeypatch, *flags, "--clip-norm", "0") == 1
    error = capsys.readouterr().err
    assert error.startswith("stopped: the loss became") and error.count("\n") == 1
    assert "--clip-norm" in error
    assert run(monkeypatch, *flags, "--clip-norm", "1") == 0


BAD_FLAGS = {
    "distance": (["--distances", "4"], "--distances must be between 5 and 10000, got 4"),
    "long": (["--distances", "99999999999"], "--distances must be between 5 and 10000, got 99999999999"),
    "units": (["--units", "0"], "--units must be at least 1, got 0"),
    "clip norm": (["--clip-norm", "-1"], "--clip-norm must be at least 0, got -1"),
    "no distances": (["--distances"], "--distances has no values"),
    "scale": (["--recurrent-scale", "-1"], "--recurrent-scale must be at least 0, got -1"),
}


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys, name):
    helpers.assert_refused(monkeypatch, capsys, memory, tmp_path, *BAD_FLAGS[name])


@pytest.mark.slow
def test_gates_remember_where_the_simple_network_forgets(tmp_path):
    accuracy = memory.main(memory.AllSettings.of(output=str(tmp_path)))["accuracy"]
    assert accuracy["lstm"][100] >= 0.99 and accuracy["gru"][100] >= 0.99
    assert accuracy["rnn"][100] <= 0.60
