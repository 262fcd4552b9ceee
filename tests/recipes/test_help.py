"""The help of the recipes: every setting, the defaults of a dataset, and no TensorFlow."""

import re
import subprocess
import sys

import pytest

from nlpseq.cli.recipe import preset_of
from recipes import language_model, memory, sentiment, tagging, translation
from tests.recipes.helpers import run

KINDS = [sentiment, tagging, translation, language_model]

HELP = """
import runpy, sys
for name in ("sentiment", "tagging", "translation", "language_model", "memory"):
    sys.argv = [path := f"recipes/{name}.py", "--help"]
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        print(f"status {name}: {end.code}, TensorFlow {'tensorflow' in sys.modules}")
"""


def test_help_does_not_load_tensorflow():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    statuses = [line for line in done.stdout.splitlines() if line.startswith("status")]
    assert len(statuses) == 5 and all(line.endswith(": 0, TensorFlow False") for line in statuses)


@pytest.mark.parametrize("recipe", [*KINDS, memory], ids=lambda recipe: recipe.__name__)
def test_flags_are_the_flat_names(monkeypatch, capsys, recipe):
    settings = memory.AllSettings() if recipe is memory else recipe.Settings()
    assert run(monkeypatch, recipe, "--help") == 0
    shown = capsys.readouterr().out.partition("options")[2]
    names = {flag.replace("-", "_") for flag in re.findall(r"--([a-z][a-z-]*)", shown)}
    assert names - {"help"} - {f"no_{name}" for name in settings.flat()} == set(settings.flat())


def test_data_come_first_and_splits_last(monkeypatch, capsys):
    assert run(monkeypatch, sentiment, "--help") == 0
    shown = capsys.readouterr().out
    places = [shown.index(flag) for flag in ("--dataset ", "--epochs ", "--units ", "--max-tokens ", "--data-dir ")]
    assert places == sorted(places)


def test_help_shows_the_defaults_of_the_dataset(monkeypatch, capsys):
    assert run(monkeypatch, language_model, "--dataset", "ptb", "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"(default: {language_model.PRESETS['ptb']['vocabulary_size']})" in shown


def test_help_says_which_defaults_follow_the_data(monkeypatch, capsys):
    assert run(monkeypatch, sentiment, "--help") == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Examples in a training step. (default: auto)" in shown
    assert "Recurrent cell" in shown and "(default: lstm)" in shown


@pytest.mark.parametrize("flags", [["--epocs", "3"], ["--pooling", "maxi"], ["--units", "many"], ["--layers"]])
def test_bad_flags(monkeypatch, capsys, flags):
    assert run(monkeypatch, sentiment, *flags) == 2
    error = capsys.readouterr().err
    assert flags[0] in error and "Traceback" not in error


def test_presets_are_the_defaults_of_their_dataset(tmp_path):
    presets = language_model.PRESETS
    (tmp_path / "lm1b").mkdir()  # whose files have no splits to slice
    assert preset_of(str(tmp_path / "lm1b"), presets) == {}
    assert preset_of("lm1b", presets) == preset_of("lm1b:1.1.0", presets) == presets["lm1b"]
    assert preset_of(str(tmp_path / "ptb"), presets) == presets["ptb"]
    assert preset_of("scan/length", translation.PRESETS) == translation.PRESETS["scan"]
    assert preset_of("ptb", translation.PRESETS) == preset_of(None, presets) == {}
