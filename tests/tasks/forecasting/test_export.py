"""An export: its answers are those of the task, value by value too, and the command writes them to a file."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from nlpseq import engine, serving
from nlpseq.errors import InputError
from nlpseq.serving import Export
from tests.cli.helpers import predict
from tests.tasks.forecasting.small import CONTEXT, HORIZON, forecaster, preprocessor
from tests.tasks.tiny import dataset

SCORES = {"validation": {"mase": 1.0}, "test": {"mase": 1.0}, "train_seconds": 1.0, "peak_memory_mb": 1}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A forecaster and its export."""
    with engine.mode("portable"):
        task = forecaster(description=preprocessor(statics={}))
        path = serving.export(
            task, tmp_path_factory.mktemp("out"), data=dataset(), settings=task.settings.flat(), metrics=SCORES
        )
    return task, Export(path)


def history(folder, length=40, ahead=HORIZON, item="b", drop=(), step=1, **changes):
    """A file with a series, whose covariate is known ahead."""
    random = np.random.default_rng(5)
    rows: list[list] = [["shop", "day", "value", "temperature", "holiday"]]
    for day in range(length + ahead):
        value = f"{100 + 10 * random.normal():.3f}" if day < length and day != 30 else ""
        time = str(np.datetime64("2024-01-01") + step * day)
        rows.append([item, time, value, f"{random.normal():.2f}", day % 7 // 6])
    for (row, column), cell in changes.get("cells", {}).items():
        rows[row][column] = cell
    remaining = [i for i, name in enumerate(rows[0]) if name not in drop]
    path = folder / "history.csv"
    path.write_text("\n".join(",".join(str(row[i]) for i in remaining) for row in rows) + "\n")
    return path


def raw(export, path):
    (example,) = export.answers.histories(path)
    return export.answers.inputs([example])


def test_the_command_writes_what_the_task_forecasts(exported, tmp_path, capsys, portable):
    task, export = exported
    path = history(tmp_path)
    status, out, err = predict(capsys, export.path, path, "--output", tmp_path / "forecast.csv")
    assert (status, out) == (0, "") and "steps" not in err
    rows = list(csv.DictReader((tmp_path / "forecast.csv").open()))
    assert list(rows[0]) == ["shop", "day", "mean", *(f"q{q:g}" for q in task.settings.quantiles)]
    assert [row["day"] for row in rows] == [str(np.datetime64("2024-02-10") + step) for step in range(HORIZON)]
    inputs = raw(export, path)
    read = {
        "values": np.where(inputs["mask"], inputs["values"], np.nan)[:, -CONTEXT:],
        "times": inputs["times"][:, -CONTEXT - HORIZON :],
        "past": inputs["past"][:, -CONTEXT:],
        "known": inputs["known"][:, -CONTEXT - HORIZON :],
        "item": np.array([2], np.int32),
    }
    expected = task.forecast(read)["quantiles"].numpy()[0]
    np.testing.assert_allclose(
        [[float(row[f"q{q:g}"]) for q in task.settings.quantiles] for row in rows], expected, 1e-5
    )


def test_the_same_as_json_and_sampled_paths(exported, tmp_path, capsys):
    _, export = exported
    path = history(tmp_path, length=7)  # shorter than the context
    assert predict(capsys, export.path, path, "--output", tmp_path / "a.jsonl")[0] == 0
    assert "--output must end in .csv, .jsonl" in predict(capsys, export.path, path, "--output", tmp_path / "a.txt")[2]
    (line,) = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert line["item"] == "b" and len(line["mean"]) == HORIZON and len(line["quantiles"]["0.5"]) == HORIZON
    actual = [predict(capsys, export.path, path, "--paths", "3", "--seed", seed)[1] for seed in (1, 1, 2)]
    assert actual[0] == actual[1] != actual[2] and actual[0].splitlines()[0] == "shop,day,path_1,path_2,path_3"
    assert predict(capsys, export.path, path, "--seed", "1")[0] == 2  # of no paths


def test_streaming_equals_whole(exported, tmp_path):
    _, export = exported
    whole = raw(export, history(tmp_path))
    first = 20
    inputs = {name: array[:, : first + HORIZON * (name in ("times", "known"))] for name, array in whole.items()
              if name != "item"}  # fmt: skip
    answer = export.run("init", {**inputs, "item": whole["item"]})
    length = whole["values"].shape[1]
    for step in range(first, length):
        states = {name: value for name, value in answer.items() if name.startswith("state_")}
        new = {"value": whole["values"][:, step], "mask": whole["mask"][:, step], "past": whole["past"][:, step]}
        ahead = {"time": whole["times"][:, step + HORIZON], "known": whole["known"][:, step + HORIZON]}
        answer = export.run("step", {**new, **ahead, **states})
    np.testing.assert_allclose(answer["quantiles"], export.run("forecast", whole)["quantiles"], rtol=1e-5)


def test_several_series_are_answered_as_each_alone(exported, tmp_path):
    _, export = exported
    examples = [
        export.answers.histories(history(tmp_path, length, item=item))[0] for length, item in [(40, "b"), (9, "z")]
    ]
    together = export.predict(examples)
    for example, answer in zip(examples, together):
        np.testing.assert_allclose(export.predict([example])[0]["mean"], answer["mean"], rtol=1e-6)


def test_a_line_of_json_is_a_history(exported):
    _, export = exported
    rows = [{"shop": "b", "day": str(np.datetime64("2024-01-01") + step), "value": float(step) if step < 20 else None,
             "temperature": 1.0, "holiday": 0.0} for step in range(25)]  # fmt: skip
    example = export.answers.parse(json.dumps(rows))
    assert example.item == "b" and str(example.times[0].date()) == "2024-01-21"
    assert np.isfinite(export.predict([example])[0]["mean"]).all()
    with pytest.raises(InputError, match="the model reads times"):
        export.answers.parse("1 2 3")
    with pytest.raises(InputError, match="the model reads times"):
        export.answers.parse("[" * 100_000)
    with pytest.raises(InputError, match="expected an object"):
        export.answers.parse('"history.csv"')  # requests must not name files of the server


def test_values_below_zero_of_a_model_of_positive_ones_are_reported(exported, tmp_path, monkeypatch):
    _, export = exported
    monkeypatch.setitem(export.answers.described, "domain", "positive")
    export.answers.histories(history(tmp_path, cells={(3, 2): "-7"}))
    assert "'b' has values below zero" in export.answers.notes[-1]


FRESH = """
import sys, numpy as np, tensorflow as tf
given = np.load(sys.argv[2], allow_pickle=True)
model = tf.saved_model.load(sys.argv[1])
answer = model.signatures["forecast"](**{name: tf.constant(given[name]) for name in given.files})
np.save(sys.argv[3], answer["quantiles"].numpy())
assert "nlpseq" not in sys.modules
"""


@pytest.mark.slow
def test_in_a_fresh_process_with_tensorflow_alone(exported, tmp_path):
    _, export = exported
    inputs = raw(export, history(tmp_path))
    inputs["item"] = inputs["item"].astype("S")
    np.savez(tmp_path / "given.npz", **inputs)
    arguments = [str(export.path), str(tmp_path / "given.npz"), str(tmp_path / "answer.npy")]
    subprocess.run([sys.executable, "-c", FRESH, *arguments], check=True, cwd=tmp_path, env={"PATH": ""})
    answered = export.run("forecast", raw(export, history(tmp_path)))["quantiles"]
    np.testing.assert_allclose(np.load(tmp_path / "answer.npy"), answered, rtol=1e-6)


@pytest.mark.parametrize("options, message", [
    ({"ahead": 2}, "the covariate 'holiday' of 'b' ends before the horizon: give it up to 2024-02-14"),
    ({"drop": ["temperature"]}, "has no column 'temperature', a covariate that the model reads"),
    ({"drop": ["day"]}, "has no times, and the model forecasts steps of D"),
    ({"step": 2}, "the values of 'b' are 2 steps of D apart, and the model forecasts each step"),
    ({"cells": {(3, 2): "lots"}}, "history.csv, line 4: 'lots' in the column 'value' is not a number"),
    ({"cells": {(3, 1): "2024-01-02"}}, "history.csv, line 4: 'b' has 2024-01-02 00:00:00 twice"),
    ({"cells": {(3, 1): "2024-01-03 07:00"}}, "steps are not equal: 42 of 1 day, 1 of 17 hours: correct the time.\n"),
])  # fmt: skip
def test_bad_histories_get_one_sentence(exported, tmp_path, capsys, options, message):
    path = history(tmp_path, **options)
    status, out, err = predict(capsys, exported[1].path, path, "--output", tmp_path / "forecast.csv")
    assert (status, out) == (2, "") and message in err and err.startswith("error: ") and err.count("\n") == 1
    assert "`" not in err  # else it names an argument that is not a flag
    assert not (tmp_path / "forecast.csv").exists()
