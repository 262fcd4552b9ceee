"""What the tests of every recipe need."""

import sys

import pytest

from nlpseq import engine
from nlpseq.cli import run_recipe


def run(monkeypatch, recipe, *flags):
    """The exit status of a recipe with some flags; to compile tiny models would only take time."""
    monkeypatch.setattr(sys, "argv", [recipe.__file__, *map(str, flags)])
    monkeypatch.setattr("nlpseq.training.callbacks.PATIENCE", 3600)  # a busy machine says nothing of its first step
    settings = getattr(recipe, "AllSettings", recipe.Settings)
    with engine.mode("portable"), pytest.raises(SystemExit) as end:
        run_recipe(recipe.main, settings, getattr(recipe, "PRESETS", None))
    return end.value.code


def assert_refused(monkeypatch, capsys, recipe, folder, flags, expected):
    """Bad input: one sentence on standard error, and nothing half-written; {tmp} stands for the folder."""
    flags = [flag.replace("{tmp}", str(folder)) for flag in flags]
    output = folder / "out"
    assert run(monkeypatch, recipe, *flags, "--output", output) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.startswith("error: ") and error.count("\n") == 1 and "Traceback" not in error
    assert not output.exists() or not list(output.iterdir())
