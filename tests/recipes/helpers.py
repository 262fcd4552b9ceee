"""What the tests of every recipe need."""

import dataclasses
import subprocess
import sys

import pytest

from nlpseq import engine
from nlpseq.cli.command_line import run_recipe


def run(monkeypatch, recipe, *flags):
    """The exit status of a recipe with some flags; to compile tiny models would only take time."""
    monkeypatch.setattr(sys, "argv", [recipe.__file__, *flags])
    with engine.mode("portable"), pytest.raises(SystemExit) as end:
        run_recipe(recipe.main, recipe.Settings, recipe.PRESETS)
    return end.value.code


def assert_presets_fit(recipe):
    names = {field.name for field in dataclasses.fields(recipe.Settings)}
    for preset in recipe.PRESETS.values():
        assert set(preset) <= names
        recipe.Settings(**preset).check()


def assert_help_is_light(path):
    """The help of a recipe must not wait for TensorFlow."""
    code = (
        f"import sys, runpy; sys.argv = [{path!r}, '--help']\n"
        f"try: runpy.run_path({path!r}, run_name='__main__')\n"
        "except SystemExit: print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def assert_refused(monkeypatch, capsys, recipe, folder, flags, expected):
    """Bad input: one sentence on standard error, and nothing half-written; {tmp} stands for the folder."""
    flags = [flag.replace("{tmp}", str(folder)) for flag in flags]
    output = folder / "out"
    assert run(monkeypatch, recipe, *flags, "--output", str(output)) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.startswith("error: ") and error.count("\n") == 1 and "Traceback" not in error
    assert not output.exists() or not list(output.iterdir())
