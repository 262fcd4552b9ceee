"""Exports: what `nlpseq predict` makes of files and of standard input, and the same in a fresh process."""

import io
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from nlpseq import engine, serving
from nlpseq.errors import ExampleError, InputError
from nlpseq.serving import Export
from nlpseq.tasks import AnomalyDetector
from nlpseq.tasks.anomalies.lines import Lines
from tests.cli.helpers import predict, run
from tests.modes import functions
from tests.tasks.tiny import METRICS, dataset

CHANNELS = ["cpu", "disk"]
VALUES = np.stack([np.sin(np.arange(80) / 3), np.arange(80) % 5], axis=1).round(4)
VALUES[70:72] = 9, np.nan


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A detector, and its export."""
    keras.utils.set_random_seed(0)  # a network by chance may find nothing odd
    with engine.mode("portable"), functions(eagerly=False):
        detector = AnomalyDetector(CHANNELS, units=2, components=2, warm_up=60, season=8)
        detector.threshold = 0.5
        folder = tmp_path_factory.mktemp("detector")
        path = serving.export(detector, folder, data=dataset(), settings=detector.settings.flat(), metrics=METRICS)
        return detector.detect([VALUES])[0], path


def lines(sep=",", time=""):
    rows = (sep.join("" if np.isnan(value) else str(value) for value in row) for row in VALUES)
    return [f"{time}{sep}{row}" if time else row for row in rows]


def feed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_the_export_answers_as_the_detector(exported):
    expected, path = exported
    actual = Export(path).predict([VALUES])[0]
    np.testing.assert_allclose(actual["score"], expected["score"], rtol=1e-5, atol=1e-5)
    assert actual["alarm"] == expected["alarm"].tolist() and any(actual["alarm"])


@pytest.mark.parametrize("sep, time", [(",", ""), (" ", ""), ("\t", "noon")])
def test_lines_of_standard_input(exported, capsys, monkeypatch, sep, time):
    expected, path = exported
    remaining = VALUES.copy() if sep != " " else VALUES[:70]
    feed(
        monkeypatch, "\n".join([sep.join(["time"] * bool(time) + CHANNELS), *lines(sep, time)[: len(remaining)]]) + "\n"
    )
    status, out, err = predict(capsys, path, "--json", "--every-step")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [row["alarm"] for row in rows] == expected["alarm"][: len(remaining)].tolist()
    np.testing.assert_allclose(
        [row["score"] for row in rows], expected["score"][: len(remaining)], rtol=1e-4, atol=1e-4
    )
    assert rows[1]["time"] == (time or 2) and f"note: {len(remaining)} steps" in err


def test_alarms_alone(exported, capsys, monkeypatch):
    feed(monkeypatch, "\n".join(lines()))
    status, out, _ = predict(capsys, exported[1])
    header, *rows = out.splitlines()
    assert status == 0 and header == "time,cpu,disk,score,alarm"
    assert [int(row.split(",")[0]) - 1 for row in rows] == np.flatnonzero(exported[0]["alarm"]).tolist()
    assert rows[0].startswith("71,9,,")


def test_lines_with_decimal_commas():
    stream = io.BytesIO(b"time;cpu;disk\n2024-01-01;1,5;2\n7\t0,25\n")
    assert [(time, values.tolist()) for time, values in Lines(stream, CHANNELS).steps(print)] == [
        ("2024-01-01", [1.5, 2.0]), (None, [7.0, 0.25]),
    ]  # fmt: skip


def test_lines_by_name_and_times_that_do_not_follow():
    lines = [b'{"disk": 2, "ts": "2024-01-02", "cpu": 1}\n', b'{"cpu": null, "disk": 4}\n']
    assert [(time, str(values)) for time, values in Lines(lines, CHANNELS).steps(print)] == [
        ("2024-01-02", "[1. 2.]"), (None, "[nan  4.]"),
    ]  # fmt: skip
    notes, header = [], b"disk,time,note,cpu\n"
    rows = [
        b"2,2024-01-02,a,1\n",
        b"3,2024-01-01,,1\n",
        b"4,2024-01-01,,1\n",
        b"5,2024-01-03,,inf\n",
        b"6,2024-01-04,,1\n",
    ]
    lines = Lines([header, *rows], CHANNELS)
    steps = [(time, values[1]) for time, values in lines.steps(notes.append)]
    assert steps == [("2024-01-02", 2), ("2024-01-01", 3), ("2024-01-01", 4), ("2024-01-04", 6)]
    assert notes == [
        "line 3: the time 2024-01-01 is not after 2024-01-02: lines are taken as they come",
        "line 5 is left out: a number is infinite: leave it empty if the value is missing.",
        "2 lines have a time that is not after the one before",
    ]
    with pytest.raises(ExampleError, match="1 of 5 lines is left out: 5."):
        lines.check()


def test_lines_with_other_names_are_read_by_place_and_reported_and_those_that_lack_a_channel_are_not():
    notes, lines = [], Lines([b"time,x,y\n", b"1,2,3\n", b"2,4,5\n"], CHANNELS)
    assert [values.tolist() for _, values in lines.steps(notes.append)] == [[2, 3], [4, 5]]
    assert notes == ["x, y are used as cpu, disk"]
    lines = Lines([b'{"disk": 2, "cpuu": 1}', b'{"disk": 2, "cpu": 1}'], CHANNELS)
    assert [values.tolist() for _, values in lines.steps(notes.append)] == [[1, 2]]
    assert notes[1] == "line 1 is left out: there is no 'cpu': the model reads cpu, disk." and lines.bad == [1]
    with pytest.raises(InputError, match="there is no 'cpu': the model reads cpu, disk"):
        list(Lines([b"disk,memory\n", b"1,2\n"], CHANNELS).steps(notes.append))


def test_a_file_to_a_table(exported, capsys, tmp_path):
    expected, path = exported
    source, output = tmp_path / "a.csv", tmp_path / "scores.csv"
    source.write_text("\n".join(["cpu,disk", *lines()]))
    assert predict(capsys, path, source, "--output", output)[0] == 0
    header, *rows = output.read_text().splitlines()
    assert header == "series,time,cpu,disk,score,alarm"
    assert [row.split(",")[-1] for row in rows] == ["01"[int(alarm)] for alarm in expected["alarm"]]
    np.testing.assert_allclose([float(row.split(",")[-2]) for row in rows], expected["score"], atol=1e-3, rtol=1e-4)


def test_bad_lines_are_reported_and_left_out(exported, capsys, monkeypatch):
    feed(monkeypatch, "1,2\n3,high\n3\n1,2,3,4\n[1, 2]\n5,6\n")
    status, out, err = predict(capsys, exported[1], "--every-step")
    assert status == 2 and [row.split(",")[1] for row in out.splitlines()] == ["cpu", "1", "5"]
    message = "expected 2 numbers, with a time before them or without, got"
    for number, text in ((2, "3,high"), (3, "3"), (4, "1,2,3,4"), (5, "[1, 2]")):
        assert f"note: line {number} is left out: {message} {text!r}" in err
    assert err.splitlines()[-2:] == ["note: 2 steps, 0 alarms", "error: 4 of 6 lines are left out: 2, 3, 4, 5."]


def test_json_of_clients(exported):
    answers = Export(exported[1]).answers
    np.testing.assert_array_equal(answers.parse("[[1, null], [2, 3]]"), [[1, np.nan], [2, 3]])
    for text in ("1,2", '"a.csv"', "[[1], [2, 3]]", "7"):
        with pytest.raises(InputError, match="expected values as JSON"):
            answers.parse(text)


def test_a_file_without_the_columns_gets_one_sentence(exported, capsys, tmp_path):
    (tmp_path / "a.csv").write_text("cpu\n1\n2\n")
    status, out, err = predict(capsys, exported[1], tmp_path / "a.csv")
    assert status == 2 and out == "" and "has no column 'disk': the model reads cpu, disk" in err


def test_it_is_shown(exported, capsys):
    assert run("show", exported[1]) == 0
    shown = capsys.readouterr().out
    assert all(part in shown for part in ("serving_default", "init", "step", "details.channels"))


FRESH = """
import sys, numpy as np, tensorflow as tf
path, values, day = sys.argv[1], np.load(sys.argv[2]), tf.constant([8])
model = tf.saved_model.load(path)
whole = model.signatures["serving_default"](values=tf.constant(values[None]), season=day)["score"].numpy()[0]
states, scores = model.signatures["init"](values=tf.constant(values[None, :0]), season=day), []
for row in values:
    outputs = model.signatures["step"](values=tf.constant(row[None]), **states)
    states, scores = {name: outputs[name] for name in states}, [*scores, outputs["score"].numpy()[0]]
later = model.signatures["init"](values=tf.constant(values[None, :50]), season=day)
outputs = model.signatures["step"](values=tf.constant(values[50][None]), **later)
assert "nlpseq" not in sys.modules and abs(outputs["score"].numpy()[0] - scores[50]) < 1e-5
np.save(sys.argv[2], [whole, scores])
"""


@pytest.mark.slow
def test_a_fresh_process_without_nlpseq(exported, tmp_path):
    expected, path = exported
    np.save(tmp_path / "values.npy", VALUES)
    subprocess.run([sys.executable, "-c", FRESH, path, tmp_path / "values.npy"], check=True, cwd=tmp_path)
    whole, steps = np.load(tmp_path / "values.npy")
    np.testing.assert_allclose(whole, expected["score"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(steps, expected["score"], rtol=1e-5, atol=1e-5)
