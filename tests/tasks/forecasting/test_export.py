"""An export: its answers are those of the task, value by value too, and the command writes them to a file."""

import csv
import json

import numpy as np
import pytest

from nlpseq import engine, serving
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


def history(folder, length=40, ahead=HORIZON, item="b", drop=(), **changes):
    """A file with a series, whose covariate is known ahead."""
    random = np.random.default_rng(5)
    rows = [["shop", "day", "value", "temperature", "holiday"]]
    for step in range(length + ahead):
        value = f"{100 + 10 * random.normal():.3f}" if step < length and step != 30 else ""
        rows.append([item, str(np.datetime64("2024-01-01") + step), value, f"{random.normal():.2f}", step % 7 // 6])
    for (row, column), cell in changes.get("cells", {}).items():
        rows[row][column] = cell
    kept = [i for i, name in enumerate(rows[0]) if name not in drop]
    path = folder / "history.csv"
    path.write_text("\n".join(",".join(str(row[i]) for i in kept) for row in rows) + "\n")
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
    given = raw(export, path)
    read = {
        "values": np.where(given["mask"], given["values"], np.nan)[:, -CONTEXT:],
        "times": given["times"][:, -CONTEXT - HORIZON :],
        "past": given["past"][:, -CONTEXT:],
        "known": given["known"][:, -CONTEXT - HORIZON :],
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
    (line,) = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert line["item"] == "b" and len(line["mean"]) == HORIZON and len(line["quantiles"]["0.5"]) == HORIZON
    found = [predict(capsys, export.path, path, "--paths", "3", "--seed", seed)[1] for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2] and found[0].splitlines()[0] == "shop,day,path_1,path_2,path_3"


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


@pytest.mark.parametrize("options, said", [
    ({"ahead": 2}, "the covariate 'holiday' of 'b' ends before the horizon: give it up to 2024-02-14"),
    ({"drop": ["temperature"]}, "has no column 'temperature', a covariate that the model reads"),
    ({"drop": ["day"]}, "has no times, and the model forecasts steps of D"),
    ({"cells": {(3, 2): "lots"}}, "history.csv, line 4: 'lots' in the column 'value' is no number"),
    ({"cells": {(3, 1): "2024-01-02"}}, "history.csv, line 4: 'b' has 2024-01-02 00:00:00 twice"),
])  # fmt: skip
def test_bad_histories_get_one_sentence(exported, tmp_path, capsys, options, said):
    path = history(tmp_path, **options)
    status, out, err = predict(capsys, exported[1].path, path, "--output", tmp_path / "forecast.csv")
    assert (status, out) == (2, "") and said in err and err.startswith("error: ") and err.count("\n") == 1
    assert not (tmp_path / "forecast.csv").exists()
