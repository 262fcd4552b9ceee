"""The help of the recipes: every setting, and the defaults of a dataset; bad flags."""

import re

import pytest

from nlpseq.cli.recipe import preset_of
from recipes import anomalies, clips, forecasting, language_model, memory, sentiment, speech, tagging, translation
from tests.recipes.helpers import run

KINDS = [sentiment, tagging, translation, language_model, forecasting, clips, speech, anomalies]


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


@pytest.mark.parametrize("flags", [["--dataset", "nlpseq_reviews"], ["--dataset=a.csv"], ["--label", "stars"],
                                   ["--train-split", "train"], ["--no-lowercase"], ["--min_count", "3"]])  # fmt: skip
def test_flags_that_another_replaces(monkeypatch, capsys, flags):
    """Also those that give the default."""
    assert run(monkeypatch, sentiment, "--prepared", "somewhere", *flags) == 2
    name = flags[0].partition("=")[0].replace("no-", "").replace("_", "-")
    expected = f"error: {name} is not read with --prepared, which replaces it: leave out one of the two.\n"
    assert capsys.readouterr().err == expected


def test_presets_are_the_defaults_of_their_dataset(tmp_path):
    presets = language_model.PRESETS
    (tmp_path / "lm1b").mkdir()  # whose files have no splits to slice
    assert preset_of(str(tmp_path / "lm1b"), presets) == {}
    assert preset_of("lm1b", presets) == preset_of("lm1b:1.1.0", presets) == presets["lm1b"]
    assert preset_of(str(tmp_path / "ptb"), presets) == presets["ptb"]
    assert preset_of("scan/length", translation.PRESETS) == translation.PRESETS["scan"]
    assert preset_of("ptb", translation.PRESETS) == preset_of(None, presets) == {}
