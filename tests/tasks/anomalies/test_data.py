"""Recordings from tables and folders, and what is said of bad ones."""

import json

import numpy as np
import pytest

from nlpseq.data import load_anomalies
from nlpseq.errors import InputError
from nlpseq.tasks.anomalies.tables import read_recordings
from tests.tasks.anomalies.files import HEADER, MARKS, VALUES, lines, rows, times, write


@pytest.mark.parametrize("delimiter, header", [(";", True), ("\t", True), (",", False)])
def test_other_shapes_of_tables(tmp_path, delimiter, header):
    path = tmp_path / ("a.tsv" if delimiter == "\t" else "a.csv")
    lines = [delimiter.join(map(str, row[:2])) for row in rows()]
    path.write_text("\n".join([delimiter.join(HEADER[:2])] * header + lines))
    (recording,), channels, _ = read_recordings(path)
    assert len(recording) == 200 and len(channels) == 1 and recording.windows is None
    assert recording.values[8, 0] == 1


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path / "a.csv", ("when", "a", "b", "odd"), rows())
    data = load_anomalies(path, time="when", values="b", label="odd")
    assert data.channels == ("b",) and data.test.items[0].windows == ((150, 159),)


def test_a_folder_with_splits(tmp_path):
    write(tmp_path / "train" / "m1.csv", HEADER, rows(100, ()))
    write(tmp_path / "train" / "m2.csv", HEADER, rows(90, ()))
    write(tmp_path / "test" / "m1.csv", HEADER, rows(280)[100:])
    data = load_anomalies(tmp_path)
    assert [item.name for item in data.test] == ["test/m1.csv"] and len(data.train) == 2 == len(data.validation)
    assert (data.test.items[0].start, len(data.test.items[0])) == (100, 280) and data.test.labelled


def test_a_column_of_splits(tmp_path):
    lines = [(*row, "train" if number < 120 else "test") for number, row in enumerate(rows())]
    data = load_anomalies(write(tmp_path / "a.csv", (*HEADER, "split"), lines))
    assert [len(part.items[0]) for part in (data.train, data.validation, data.test)] == [96, 120, 200]


def test_gaps_and_unsorted_and_repeated_times(tmp_path):
    lines = rows()
    lines[10] = (lines[10][0], "", "nan", "0")
    lines[20], lines[21] = lines[21], lines[20]
    lines.insert(31, (lines[30][0], 99, 99, "0"))
    (recording,), _, notes = read_recordings(write(tmp_path / "a.csv", HEADER, lines))
    assert len(recording) == 200 and np.isnan(recording.values[10]).all() and recording.values[20, 0] == 20 % 7
    assert recording.values[30, 0] == 30 % 7
    assert any("times are sorted" in line for line in notes) and any("1 row repeats a time" in line for line in notes)


def test_gaps_and_unequal_steps_are_reported_and_many_repeated_times_refused(tmp_path):
    def notes_of(lines):
        return read_recordings(write(tmp_path / "a.csv", HEADER, lines))[2]

    assert notes_of(rows()) == () and "30 of 200 steps of '5min' have no row" in notes_of(rows()[:50] + rows()[80:])[0]
    minutes = np.cumsum(np.random.default_rng(0).integers(1, 20, 70))
    assert "steps between times are not equal" in notes_of([(times(m + 1, 1)[m], m, 1, 0) for m in minutes])[0]
    with pytest.raises(InputError, match=r"line 202: the series has .* twice, with 0 \(line 2\) and 9: keep one.$"):
        notes_of(rows() + [(time, 9, 9, "0") for time in times(5)])


def test_coarse_times_that_are_no_dates_count_no_steps(tmp_path):
    path = write(tmp_path / "a.csv", ("Time", "x"), [(i // 2, i % 7) for i in range(200)])
    (recording,), _, notes = read_recordings(path)
    assert len(recording) == 200 and "the times, which are no dates, repeat: each row is a step" in notes[0]
    with pytest.raises(InputError, match="line 102: the series has 0 twice, with 0 .line 2. and 2: keep one."):
        read_recordings(write(path, ("Time", "x"), [(i % 100, i % 7) for i in range(200)]))


BAD = {
    "text in numbers": (HEADER, lambda r: r[:50] + [(r[50][0], "high", 1, "0")] + r[51:], "line 52"),
    "label of three kinds": (
        HEADER,
        lambda r: [(*row[:3], i % 3) for i, row in enumerate(r)],
        "line 4: expected a label",
    ),
    "all missing": (HEADER, lambda r: [(row[0], "", "", "0") for row in r], "missing"),
    "all labelled": (HEADER, lambda r: [(*row[:3], "1") for row in r], "that are not labelled"),
    "three steps": (HEADER, lambda r: r[:3], "no series to learn from has 2 steps"),
    "no rows": (HEADER, lambda r: [], "a.csv"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_get_one_sentence(tmp_path, name):
    header, change, expected = BAD[name]
    with pytest.raises(InputError) as error:
        load_anomalies(write(tmp_path / "a.csv", header, change(rows())))
    assert expected in str(error.value) and "\n" not in str(error.value)


def nab(tmp_path, windows, name="a/x.csv"):
    write(tmp_path / "data" / "a" / "x.csv", ("timestamp", "value"), zip(times(200), range(200)))
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps({name: windows}))
    return tmp_path


def test_a_folder_as_of_nab(tmp_path):
    data = load_anomalies(nab(tmp_path, [["2024-03-01 10:00:00.000000", "2024-03-01 10:30:00.000000"]]))
    (item,) = data.test
    assert data.nab and item.windows == ((120, 126),) and item.start == 30 and item.name == "a/x.csv"
    assert [len(part.items[0]) for part in (data.train, data.validation)] == [24, 30]


@pytest.mark.parametrize("windows, name, expected", [
    ([["2025-01-01", "2025-01-02"]], "a/x.csv", "outside of the series"),
    ([["2024-03-01 10:30", "2024-03-01 10:00"]], "a/x.csv", "ends before it begins"),
    ([["yesterday"]], "a/x.csv", "expected windows of two times"),
    ([], "a/y.csv", "has windows of a/y.csv, which is not in"),
])  # fmt: skip
def test_bad_windows_get_one_sentence(tmp_path, windows, name, expected):
    with pytest.raises(InputError, match=expected):
        load_anomalies(nab(tmp_path, windows, name))


def test_odd_data_are_reported(capsys):
    load_anomalies({"value": [3.0] * 60, "label": [0] * 60})
    shown = " ".join(capsys.readouterr().out.split())
    for part in (
        "24 steps at most",
        "1 of 1 series to learn from is constant",
        "nothing that is tested is labelled",
        "first 50%",
    ):
        assert part in shown


@pytest.mark.parametrize("as_line", [True, False])
def test_names_of_the_ucr_archive_tell_the_split_and_the_anomaly(tmp_path, as_line):
    for number in (1, 2):
        cells = ["  ".join(map(str, VALUES))] if as_line else VALUES
        lines(tmp_path / f"00{number}_UCR_Anomaly_park_90_150_159.txt", cells)
    for path, count in ((tmp_path, 2), (next(tmp_path.iterdir()), 1)):
        data = load_anomalies(path)
        assert data.sizes == {"train": count, "validation": count, "test": count}
        one = data.test.items[0]
        assert (one.start, len(one), one.windows, len(data.validation.items[0])) == (90, 200, ((150, 159),), 90)


@pytest.mark.parametrize("training, steps, expected", [
    (times(100), times(150, 1), None), (None, times(150), None), (times(100), None, None),
    (times(60), times(150)[60:], 60), (None, None, 100), (times(60), [f"{time}Z" for time in times(150)[60:]], None),
])  # fmt: skip
def test_a_test_recording_goes_on_behind_training_unless_times_say_otherwise(tmp_path, training, steps, expected):
    for name, stamps in (("train", training), ("test", steps)):
        cells = [(i % 7,) for i in range(100)] if stamps is None else [(time, i % 7) for i, time in enumerate(stamps)]
        write(tmp_path / f"{name}.csv", ("timestamp", "x")[-len(cells[0]) :], cells)
    data = load_anomalies(tmp_path)
    (test,) = data.test
    assert test.start == (expected or 0) and any("behind" in note for note in data.notes)
    assert (test.times is None) == (steps is None) and (test.times is None or len(test.times) == len(test))


def test_what_looks_like_labels_is_said_where_there_are_none(tmp_path):
    path = write(
        tmp_path / "a.csv", ("x", "EVENT"), [(x, "TRUE" if mark else "FALSE") for x, mark in zip(VALUES, MARKS)]
    )
    note = "'EVENT' holds 0 and 1 alone: name it with `label` if it marks anomalies"
    assert note in load_anomalies(path).notes and note not in load_anomalies(path, label="event").notes


def test_names_of_groups_above_those_of_columns(tmp_path):
    (tmp_path / "a.csv").write_text(
        ",P1,,P2\n Timestamp,FIT,LIT,MV\n" + "".join(f"{t},1,2,{v}\n" for t, v in zip(times(200), VALUES))
    )
    (recording,), channels, notes = read_recordings(tmp_path / "a.csv")
    assert (
        channels == ("FIT", "LIT", "MV")
        and len(recording) == 200
        and "above the names of the columns: line 1" in notes[0]
    )
