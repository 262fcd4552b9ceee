"""The search of settings: what it tries, what it keeps of an interruption, and the command that it writes."""

import json
import math
import shlex
from dataclasses import dataclass

import pytest

pytest.importorskip("optuna")

from nlpseq.cli import begin, follow_data, recipe
from nlpseq.cli import search as command
from nlpseq.cli.search import Search
from nlpseq.data.settings import DataSettings
from nlpseq.errors import InputError, TrainingError
from nlpseq.settings import Settings
from nlpseq.tasks.space import Among, Around, Between, Times
from nlpseq.training import watching
from nlpseq.training.settings import TrainingSettings
from recipes import memory, sentiment
from tests.recipes import helpers


@dataclass(frozen=True)
class ToySettings(Settings):
    """Settings of a recipe that only pretends to train."""

    data: DataSettings = DataSettings()
    training: TrainingSettings = TrainingSettings().unset()


SPACE = {"learning_rate": Around(10.0), "batch_size": Times(0.5, 2), "averaging": Between(0.0, 0.5),
         "optimizer": Among("sgd"), "clip_norm": Between(0.0, 2.0)}  # fmt: skip
CHOICES = {"learning_rate": 0.1, "batch_size": 8, "averaging": 0.2, "epochs": 3, "validations": 1, "patience": 3}


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch):
    monkeypatch.setattr("keras.utils.clear_session", lambda: None)  # a second of collecting garbage


class Task:
    kind, metric, metric_mode = "toy", "f1", "max"


def score(config):
    return 1 / (1 + abs(math.log(config.training.learning_rate / 0.03))) + 0.01 * config.training.averaging


class Recipe:
    """The `main` of a recipe whose score is a function of its settings; `before` is called in each trial."""

    def __init__(self, before=lambda trial: None, data="data"):
        self.tried, self.before, self.data = [], before, data

    def __call__(self, config):
        begin(config, config.data.output)
        config = follow_data(config, CHOICES, SPACE)
        self.tried.append(config.training)
        self.before(len(self.tried))
        (watch,) = watching.watches
        callback = watch(Task(), self.data, self.data)
        for epoch in range(config.training.epochs):
            callback.on_epoch_end(epoch, {"val_f1": score(config) * (epoch + 1) / 3})
        callback.on_train_end()


def search(folder, main, count, *flags, **settings):
    study = Search(["toy", *flags], count)
    recipe.search = study
    try:
        study.run(main, ToySettings().replace(output=str(folder), **settings))
    finally:
        recipe.search = None
    return json.loads((folder / "search" / "search.json").read_text())


def trials(result):
    return [(trial["settings"], trial["value"], trial["validations"]) for trial in result["trials"]]


def test_the_first_trial_has_the_defaults_and_the_best_one_is_written(tmp_path, capsys):
    main = Recipe()
    result = search(tmp_path, main, 12, "--clip-norm=1.0", "--restart", "--data", "my file")
    first, *others = main.tried
    assert (first.learning_rate, first.batch_size, first.averaging, first.optimizer) == (0.1, 8, 0.2, "adam")
    assert {settings.clip_norm for settings in main.tried} == {1.0}  # given by a flag
    assert all(0.01 <= settings.learning_rate <= 1 for settings in others)
    assert {settings.batch_size for settings in others} == {4, 8, 16}
    values = [trial["value"] for trial in result["trials"] if trial["value"] is not None]
    assert len(result["trials"]) == 12 and result["mode"] == "max" and max(values) > values[0]
    best = next(trial["settings"] for trial in result["trials"] if trial["value"] == max(values))
    flags = [item for name, value in best.items() for item in (f"--{name.replace('_', '-')}", str(value))]
    written = shlex.split((tmp_path / "search" / "best_command.txt").read_text())
    assert written == ["nlpseq", "train", "toy", "--clip-norm=1.0", "--data", "my file", *flags]
    assert capsys.readouterr().out.splitlines()[-1] == shlex.join(written)


def test_bad_trials_are_stopped_and_those_that_fail_are_passed_over(tmp_path, capsys):
    def fail(trial):
        if trial == 3:
            raise TrainingError("the loss became inf.")

    result = search(tmp_path, Recipe(fail), 14)
    assert trials(result)[2][1:] == (None, 0)
    stopped = [trial for trial in result["trials"] if trial["value"] is None and trial["validations"]]
    assert stopped and all(trial["validations"] < 3 for trial in stopped)
    shown = capsys.readouterr().out
    assert "trial 3 of 14: failed, the loss became inf." in shown and "stopped, others were better" in shown


def test_an_interrupted_search_continues_to_what_an_unbroken_one_finds(tmp_path):
    def interrupt(trial):
        if trial == 5:
            raise KeyboardInterrupt

    expected = search(tmp_path / "unbroken", Recipe(), 10)
    (tmp_path / "broken").mkdir()
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "broken", Recipe(interrupt), 10)
    with open(tmp_path / "broken" / "search" / "search.journal", "a") as journal:
        journal.write('{"op_code": 4, "wor')  # of a process that was killed
    record = json.loads((tmp_path / "broken" / "search" / "search.json").read_text())
    assert trials(record) == trials(expected)[:4]
    assert trials(search(tmp_path / "broken", Recipe(), 10)) == trials(expected)


def test_a_search_is_not_continued_with_something_else(tmp_path):
    search(tmp_path, Recipe(), 2)
    for main, settings in ((Recipe(data="other"), {}), (Recipe(), {"schedule": "linear"})):
        with pytest.raises(InputError, match="trials with other data or settings.*`restart`"):
            search(tmp_path, main, 3, **settings)
    assert len(search(tmp_path, Recipe(data="other"), 1, restart=True)["trials"]) == 1


def test_a_first_trial_that_fails_ends_the_search(tmp_path):
    def fail(trial):
        raise InputError("the file is empty.")

    with pytest.raises(InputError, match="the file is empty"):
        search(tmp_path, Recipe(fail), 3)
    assert not (tmp_path / "search" / "search.json").exists()


ROWS = "text\tlabel\n" + "not good\tbad\nvery good\tfine\nnot dull\tfine\nvery dull\tbad\n" * 12


@pytest.mark.usefixtures("eager")
def test_a_recipe_is_searched_without_an_export(tmp_path, monkeypatch, capsys):
    (tmp_path / "films.tsv").write_text(ROWS)
    flags = ["--dataset", tmp_path / "films.tsv", "--output", tmp_path / "out", "--epochs", "1", "--units", "4"]
    monkeypatch.setattr(recipe, "search", Search(["sentiment", *map(str, flags)], 1))
    assert helpers.run(monkeypatch, sentiment, *flags) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["search"]
    shown = capsys.readouterr().out
    assert "trial 1 of 1: validation accuracy" in shown and "test accuracy" not in shown


@pytest.mark.parametrize("arguments, message", [
    (["sentiment", "--trials", "many"], "--trials must be a whole number, got 'many'"),
    (["sentiment", "--trials=0"], "--trials must be at least 1, got 0"),
    (["sentimental"], "unknown recipe 'sentimental': did you mean sentiment"),
    ([], "expected the name of a recipe"),
])  # fmt: skip
def test_bad_arguments(monkeypatch, arguments, message):
    monkeypatch.setattr(recipe, "search", None)
    with pytest.raises(InputError, match=message):
        command.run(arguments)


def test_a_recipe_without_open_settings(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recipe, "search", Search(["memory"], 1))
    assert helpers.run(monkeypatch, memory, "--output", tmp_path) == 2
    assert "this recipe has no setting to search" in capsys.readouterr().err


def test_optuna_is_an_extra(monkeypatch):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'nlpseq\[search\]'"):
        command.run(["sentiment"])
