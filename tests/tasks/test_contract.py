"""A kind of task from outside nlpseq: trained, exported, asked and shown without a change to nlpseq."""

import functools
import importlib.metadata
import io
import json
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine, serving, tasks, training
from nlpseq.errors import InputError
from nlpseq.tasks.answers import Option
from nlpseq.tasks.base import Task
from nlpseq.training.settings import TrainingSettings
from tests.cli.helpers import predict, run
from tests.tasks import tiny
from tests.tasks.clips import clips
from tests.tasks.tiny import METRICS, dataset
from tests.toy_kind.answers import Answers
from tests.toy_kind.model import ForecasterSettings, SeriesForecaster

SERIES = np.array([[i, i + 1, i + 2] for i in range(32)], np.float32) / 32
NEXT = SERIES[:, -1] + 1 / 32


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(tasks, "KINDS", dict(tasks.KINDS))  # for these tests alone
    tasks.register_kind("series", "tests.toy_kind")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trained task, its history, and the path of its export."""
    settings = TrainingSettings(epochs=40, batch_size=16, learning_rate=0.1, patience=40)
    with engine.mode("portable"):
        task = SeriesForecaster(units=4)
        history, _ = training.train(task, (SERIES, NEXT), (SERIES, NEXT), settings)
        folder = tmp_path_factory.mktemp("forecaster")
        path = serving.export(task, folder, data=dataset(), settings=task.settings.flat(), metrics=METRICS)
    return task, history, path


def test_it_is_trained_by_its_own_metric(trained):
    _, history, _ = trained
    assert min(history["val_loss"]) < 0.1 * history["val_loss"][0]


def test_it_is_asked_with_arguments(trained, capsys):
    task, _, path = trained
    expected = task.predict([SERIES[:1], np.array([3])], verbose=0)[0]
    status, out, err = predict(capsys, path, "0 0.03125 0.0625", "0.5")
    assert (status, err) == (0, "") and len(out.splitlines()) == 2
    assert out.splitlines()[0] == f"{expected:.2f}"
    assert predict(capsys, path, "0 0.03125 0.0625", "--digits", "5")[1] == f"{expected:.5f}\n"


def test_neighbours_change_nothing(trained, capsys):
    _, _, path = trained
    together = predict(capsys, path, "0.5", "0 0.03125 0.0625", "--digits", "5")[1].splitlines()
    alone = [predict(capsys, path, text, "--digits", "5")[1].strip() for text in ("0.5", "0 0.03125 0.0625")]
    assert together == alone


def test_it_is_asked_with_standard_input_as_json(trained, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"0 0.5\n1\n")))
    status, out, _ = predict(capsys, trained[2], "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [row["series"] for row in rows] == [[0.0, 0.5], [1.0]]
    assert all(isinstance(row["next"], float) for row in rows)


@pytest.mark.parametrize("arguments, message", [
    (["1 two 3"], "error: expected numbers separated by spaces, such as 1 2 3, got '1 two 3'.\n"),
    (["1", "--digits", "10"], "error: --digits must be between 0 and 9, got 10.\n"),
    (["1", "--seed", "1"], "error: --seed is an option for exports of the kind forecasting or language_model, "),
])  # fmt: skip
def test_bad_input_gets_one_sentence(trained, capsys, arguments, message):
    status, out, err = predict(capsys, trained[2], *arguments)
    assert status == 2 and out == "" and err.startswith(message) and err.count("\n") == 1


def test_it_is_shown(trained, capsys):
    assert run("show", trained[2]) == 0
    shown = capsys.readouterr().out
    for part in ("series: float32 (any, any)", "length: int32 (any)", "next: float32", "settings.units"):
        assert part in shown


def test_its_card(trained):
    card = (trained[2] / "model_card.md").read_text()
    assert card.startswith("# SeriesForecaster trained on some_set\n\nTakes a series of numbers")
    assert "- It knows nothing of calendars." in card


def test_it_is_saved_and_loaded(trained, tmp_path):
    task = trained[0]
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.settings == task.settings == ForecasterSettings(units=4)
    inputs = SERIES, np.full(len(SERIES), 3)
    np.testing.assert_array_equal(loaded(inputs), task(inputs))
    assert len(loaded.optimizer.variables) == len(task.optimizer.variables)


@pytest.mark.usefixtures("portable")
def test_the_first_training_step_is_traced_once():
    traces = []

    class Counting(SeriesForecaster):
        def call(self, inputs, training=False):
            traces.append(training)
            return super().call(inputs, training)

    task, data = Counting(units=2), (SERIES, NEXT)
    training.train(task, data, data, TrainingSettings(batch_size=16, epochs=1, averaging=0.9))  # with the doctor
    assert traces == [True, False]


def test_a_kind_of_an_installed_package_is_found(monkeypatch):
    monkeypatch.setattr(tasks, "KINDS", {"tagging": "nlpseq.tasks.tagging"})
    point = importlib.metadata.EntryPoint("numbers", "tests.toy_kind", "nlpseq.tasks")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] * (group == "nlpseq.tasks"))
    assert tasks.kinds() == {"numbers": "tests.toy_kind", "tagging": "nlpseq.tasks.tagging"}
    assert tasks.answers_class("numbers") is Answers
    with pytest.raises(InputError, match="unknown kind of task 'number': did you mean numbers"):
        tasks.answers_class("number")


@pytest.mark.parametrize("name", ["make_layers", "prepare", "default_loss", "signatures", "warmup", "limits"])
def test_what_a_kind_must_define(name):
    class Unfinished(Task):
        settings_class = ForecasterSettings

    arguments = [None] if name == "prepare" else []
    with pytest.raises(NotImplementedError, match=rf"Unfinished must define {name}\("):
        getattr(Unfinished, name)(Unfinished.__new__(Unfinished), *arguments)


def test_a_kind_that_reads_files(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Answers, "files", True)
    monkeypatch.setattr(
        Answers, "batches", lambda self, paths, *_, **__: iter([[self.parse(Path(path).read_text()) for path in paths]])
    )
    numbers, output = tmp_path / "numbers.txt", tmp_path / "answers.jsonl"
    numbers.write_text("0 0.5")
    assert predict(capsys, trained[2], numbers, "--output", output)[:2] == (0, "")
    assert json.loads(output.read_text())["series"] == [0.0, 0.5]
    before = output.read_bytes()
    status, _, err = predict(capsys, trained[2], numbers, "--output", output)
    assert status == 2 and "exists: remove it" in err and output.read_bytes() == before
    status, _, err = predict(capsys, trained[2], "--file", numbers, "--output", tmp_path / "other.csv")
    assert status == 2 and "leave out --file and --column" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.jsonl", "numbers.txt"]


def test_kinds_may_share_the_name_of_an_option(trained, capsys, monkeypatch):
    class Other(Answers):
        options = (Option("digits", bool, "a flag without a value"),)

    monkeypatch.setitem(sys.modules, "other_kind", types.SimpleNamespace(Answers=Other))
    monkeypatch.setattr(tasks, "KINDS", {"other": "other_kind", **tasks.KINDS})
    assert predict(capsys, trained[2], "0 0.5", "--digits", "3")[0] == 0
    assert run("show", trained[2]) == 0
    assert run("predict", "--help") == 0
    assert "options for series exports:\n  shared, see above: --digits" in capsys.readouterr().out


PREPARED = {
    "classification": (tiny.new_classifier, tiny.labelled_texts),
    "tagging": (tiny.new_tagger, tiny.sentences),
    "translation": (tiny.new_translator, tiny.pairs),
    "clips": (clips.new_task, functools.partial(clips.clips, lengths=[3, 1, 2] * 12)),
    "language_model": (functools.partial(tiny.new_language_model, steps=8), tiny.lines),
}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("kind", PREPARED)
def test_the_batches_of_training_are_a_function_of_seed_and_position(kind):
    new, examples = PREPARED[kind]
    task = new()

    def batches(skipped, count):
        prepared = task.prepare(examples(), 5, training=True, seed=4)
        part = prepared.repeat().skip(skipped).take(count)
        return [np.concatenate([np.ravel(array) for array in tf.nest.flatten(batch)]) for batch in part], len(prepared)

    whole, length = batches(0, 24)
    assert 3 < length < 20
    for one, other in zip(whole[length + 2 :], batches(length + 2, 24)[0]):
        np.testing.assert_array_equal(one, other)
    differing = [not np.array_equal(one, other) for one, other in zip(whole[:length], whole[length:])]
    assert any(differing)  # each pass is shuffled anew
    for training_ in (True, False):  # an iterator whose dataset is tuned takes up to a minute to be deleted
        assert not task.prepare(examples(), 5, training=training_).options().autotune.enabled
