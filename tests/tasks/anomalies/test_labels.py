"""Labels of recordings: columns of tables, and files of their own."""

from typing import Any

import numpy as np
import pytest

from nlpseq.data import load_anomalies
from nlpseq.errors import InputError
from nlpseq.tasks.anomalies import Answers
from tests.tasks.anomalies.files import HEADER, MARKS, VALUES, lines, rows, write


@pytest.mark.parametrize("words", [("0", "1"), ("Normal", "Attack"), ("false", "true"), ("1", "-1"), ("-1", "1")])
def test_a_table_with_labels(tmp_path, words):
    data = load_anomalies(write(tmp_path / "a.csv", HEADER, rows(words=words)))
    (train,), (validation,), (test,) = data.train, data.validation, data.test
    assert data.channels == ("cpu", "disk")
    assert (len(train), len(validation), validation.start, len(test), test.start) == (80, 100, 80, 200, 100)
    assert test.windows == ((150, 159),) and test.times[1].startswith("2024-03-01 00:05:00")
    np.testing.assert_array_equal(test.values[:4, 0], [0, 1, 2, 3])


@pytest.mark.parametrize("kinds", [("normal", "leak", "jam"), ("0", "1", "2"), ("0", "3", "3")])
def test_several_kinds_of_anomalies(tmp_path, kinds):
    given = [(*row[:3], kinds[0 if not mark else 1 + i % 2]) for i, (row, mark) in enumerate(zip(rows(), MARKS))]
    data = load_anomalies(write(tmp_path / "a.csv", HEADER, given))
    assert data.test.items[0].windows == ((150, 159),) and "anomalies are the labels" in data.notes[0]


def test_words_of_a_state_and_counts_of_rows(tmp_path):
    given = [(i, *row[1:3], "BROKEN" if mark else "NORMAL") for i, (row, mark) in enumerate(zip(rows(), MARKS))]
    data = load_anomalies(write(tmp_path / "a.csv", ("sample", "x", "y", "machine_status"), given))
    assert data.channels == ("x", "y") and data.test.items[0].windows == ((150, 159),)


def test_a_last_column_of_marks_without_header_and_objects_by_split(tmp_path):
    lines(tmp_path / "a.out", [f"{value},{mark}" for value, mark in zip(VALUES, MARKS)])
    data = load_anomalies(tmp_path / "a.out")
    assert data.channels == ("value",) and data.test.items[0].windows == ((150, 159),)
    data = load_anomalies({"train": {"x": VALUES}, "test": {"x": VALUES[:100], "label": MARKS[:100]}})
    assert (len(data.validation.items[0]), len(data.test.items[0]), data.test.items[0].start) == (200, 300, 200)


def test_labels_in_files_of_their_own(tmp_path):
    for name in ("m-1", "m-2"):
        for split in ("train", "test"):
            lines(tmp_path / "smd" / split / f"{name}.txt", [f"{value},{value}" for value in VALUES])
        lines(tmp_path / "smd" / "test_label" / f"{name}.txt", MARKS)
        lines(tmp_path / "smd" / "interpretation_label" / f"{name}.txt", ["150-159:1"])
    (tmp_path / "msl").mkdir()
    for split in ("train", "test"):
        np.save(tmp_path / "msl" / f"MSL_{split}.npy", np.array([VALUES, VALUES]).T)
        lines(
            tmp_path / "psm" / f"{split}.csv", ["timestamp_(min),a,b", *(f"{i},{v},{v}" for i, v in enumerate(VALUES))]
        )
    np.save(tmp_path / "msl" / "MSL_test_label.npy", np.array(MARKS, bool))
    lines(tmp_path / "psm" / "test_label.csv", ["timestamp_(min),label", *(f"{i},{v}" for i, v in enumerate(MARKS))])
    for name, count in (("smd", 2), ("msl", 1), ("psm", 1)):
        data = load_anomalies(tmp_path / name)
        assert len(data.channels) == 2 and data.sizes == {"train": count, "validation": count, "test": count}
        assert all(one.windows == ((350, 359),) and one.start == 200 and len(one) == 400 for one in data.test)
        assert f"{count} test recording" in data.notes[name == "smd"]
        assert any("interpretation_label" in note for note in data.notes) == (name == "smd")
    lines(tmp_path / "psm" / "test_label.csv", MARKS[:-1])
    with pytest.raises(InputError, match="has 199 labels, and test.csv 200 steps"):
        load_anomalies(tmp_path / "psm")


def test_folders_as_of_telemanom(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        np.save(tmp_path / split / "A-1.npy", np.array(VALUES, float))
    lines(
        tmp_path / "labeled_anomalies.csv", ["chan_id,anomaly_sequences,class", 'A-1,"[[9, 12], [150, 159]]",[point]']
    )
    (one,) = load_anomalies(tmp_path).test
    assert one.windows == ((209, 212), (350, 359))


def test_ordinary_columns_are_not_labels(tmp_path):
    modes = ["eco" if mark else "normal" for mark in MARKS]
    path = tmp_path / "a.csv"
    given = [(event, mode, value) for event, mode, value in zip(VALUES[3:] + [0] * 3, modes, VALUES)]
    write(path, ("event", "mode", "x"), given)
    data = load_anomalies(path)
    assert data.channels == ("event", "x") and data.test.items[0].windows == ((150, 159),)
    assert "`label` is the column 'mode'; `label` none turns that off" in data.notes[0]
    data = load_anomalies(path, label="none")
    assert data.test.items[0].windows is None and "columns without numbers are not used: 'mode'" in data.notes[0]
    with pytest.raises(InputError, match="'normal' in the column 'mode' is not a number"):
        load_anomalies(path, values="mode")
    write(path, ("mode", "x"), [("eco" if value else "normal", value) for value in VALUES])
    assert load_anomalies(path).test.items[0].windows is None  # few are normal


def test_values_that_are_named_are_no_labels(tmp_path):
    path = write(tmp_path / "a.csv", ("x", "class"), [(value, value % 3) for value in VALUES])
    with pytest.raises(InputError, match="line 4: expected a label of 0 or 1, got '2'.* or set it to none"):
        load_anomalies(write(tmp_path / "b.csv", ("x", "class"), zip(VALUES, [0, 1, 2, 3, 4, 5] * 33)))
    for options in ({"values": "x,class"}, {"values": "1,2"}, {"label": "none"}):
        data = load_anomalies(path, **options)
        assert data.channels == ("x", "class") and data.test.items[0].windows is None


def test_labels_in_another_folder_and_the_only_file_of_labels(tmp_path):
    for name in ("m1", "m2"):
        lines(tmp_path / "a" / "data" / f"{name}.csv", ["x", *VALUES])
        lines(tmp_path / "a" / "labels" / f"{name}.txt", MARKS)
    assert [one.windows for one in load_anomalies(tmp_path / "a").test] == [((150, 159),)] * 2
    for split in ("train", "test"):
        lines(tmp_path / "b" / f"{split}.csv", ["x", *VALUES])
    np.save(tmp_path / "b" / "labels.npy", np.array([MARKS, [0] * len(MARKS)]).T)
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((350, 359),)
    (tmp_path / "b" / "labels.npy").rename(tmp_path / "b" / "labels.json")  # such as windows of NAB
    assert "1 file of labels is that of no recording" in load_anomalies(tmp_path / "b").notes[0]
    np.save(tmp_path / "b" / "test_label.npy", np.zeros((0, 2)))
    with pytest.raises(InputError, match="test_label.npy is empty: expected an array of numbers"):
        load_anomalies(tmp_path / "b")


def test_columns_that_copy_the_labels_are_not_used_or_said(tmp_path):
    zeros = [0] * len(MARKS)
    for split, marks in (("train", zeros), ("test", MARKS)):
        cells = zip(VALUES, marks, marks, zeros, [2 * mark for mark in marks], VALUES)
        write(tmp_path / f"{split}.csv", ("x", "attack", "attack_P1", "attack_P2", "category", "attack_level"), cells)
    data = load_anomalies(tmp_path)
    assert data.channels == ("x", "category", "attack_level") and data.test.items[0].windows == ((350, 359),)
    notes = " ".join(data.notes)
    assert "columns of other labels are not used: 'attack_P1', 'attack_P2'" in notes
    assert "test.csv: 'category': other than 0 in all anomalies, and nowhere else" in notes


def test_a_target_of_few_ones_is_that_of_labels(tmp_path):
    path = write(tmp_path / "a.csv", ("x", "z", "y"), zip(VALUES, VALUES, MARKS))
    data = load_anomalies(path)
    assert data.channels == ("x", "z") and data.test.items[0].windows == ((150, 159),)
    assert load_anomalies(path, label="none").channels == ("x", "z", "y")
    assert load_anomalies(write(path, ("x", "z", "y"), zip(VALUES, VALUES, VALUES))).channels == ("x", "z", "y")


def test_columns_that_other_files_lack_are_said(tmp_path):
    write(tmp_path / "a.csv", ("x",), zip(VALUES))
    write(tmp_path / "b.csv", ("z", "x"), zip(MARKS, VALUES))
    data = load_anomalies(tmp_path)
    assert data.test.items[1].values[:3].tolist() == [[0], [1], [2]]
    assert "b.csv: columns that other files lack are not used: 'z'" in data.notes[0]


def test_labels_of_objects_and_by_number(tmp_path):
    words = ["Attack" if mark else "Normal" for mark in MARKS]
    for data in ({"x": VALUES, "state": words}, {"x": VALUES, "label": words}):
        assert load_anomalies(data).test.items[0].windows == ((150, 159),)
    data = load_anomalies(write(tmp_path / "a.csv", ("x", "odd"), zip(VALUES, MARKS)), label=2)
    assert data.channels == ("x",) and data.test.items[0].windows == ((150, 159),)


@pytest.mark.parametrize("channels", [["x"], ["x", "class"]])
def test_answers_need_no_labels(tmp_path, channels):
    """What is called like labels is a channel of the model, or is left out, whatever it holds."""
    kind: Any = type("Fixed", (Answers,), {"channels": channels})
    answers = kind(None)
    path = write(tmp_path / "a.csv", ("x", "class"), [(value, value % 3) for value in VALUES])
    assert answers.example(path).values[:4].tolist() == [[x, x % 3][: len(channels)] for x in range(4)]
