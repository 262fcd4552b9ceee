"""Recordings from tables and folders, and what is said of bad ones."""

import json

import numpy as np
import pytest

from nlpseq.data import load_anomalies
from nlpseq.errors import InputError
from nlpseq.tasks.anomalies.tables import read_recordings


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(map(str, row)) for row in ([header] if header else []) + list(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def times(count, step=5):
    return [f"2024-03-01 {minute // 60:02d}:{minute % 60:02d}:00" for minute in range(0, step * count, step)]


def rows(count=200, labels=((150, 159),), words=("0", "1")) -> list[tuple]:
    marked = {i for left, right in labels for i in range(left, right + 1)}
    return [(time, i % 7, i % 3 / 2, words[i in marked]) for i, time in enumerate(times(count))]


HEADER = ("timestamp", "cpu", "disk", "label")


@pytest.mark.parametrize("words", [("0", "1"), ("Normal", "Attack"), ("false", "true"), ("1", "-1"), ("-1", "1")])
def test_a_table_with_labels(tmp_path, words):
    data = load_anomalies(write(tmp_path / "a.csv", HEADER, rows(words=words)))
    (train,), (validation,), (test,) = data.train, data.validation, data.test
    assert data.channels == ("cpu", "disk")
    assert (len(train), len(validation), validation.start, len(test), test.start) == (80, 100, 80, 200, 100)
    assert test.windows == ((150, 159),) and test.times[1].startswith("2024-03-01 00:05:00")
    np.testing.assert_array_equal(test.values[:4, 0], [0, 1, 2, 3])


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
    write(tmp_path / "test" / "m1.csv", HEADER, rows(200))
    data = load_anomalies(tmp_path)
    assert [item.name for item in data.test] == ["test/m1.csv"] and len(data.train) == 2 == len(data.validation)
    assert (data.test.items[0].start, len(data.test.items[0])) == (100, 300) and data.test.labelled


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


def lines(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(str, cells)) + "\n")


VALUES = [index % 7 for index in range(200)]
MARKS = [int(150 <= index <= 159) for index in range(200)]


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


@pytest.mark.parametrize("kinds", [("normal", "leak", "jam"), ("0", "1", "2"), ("0", "3", "3")])
def test_several_kinds_of_anomalies(tmp_path, kinds):
    given = [(*row[:3], kinds[0 if not mark else 1 + i % 2]) for i, (row, mark) in enumerate(zip(rows(), MARKS))]
    data = load_anomalies(write(tmp_path / "a.csv", HEADER, given))
    assert data.test.items[0].windows == ((150, 159),) and "anomalies are the labels" in data.notes[0]


def test_a_last_column_of_marks_without_header_and_objects_by_split(tmp_path):
    lines(tmp_path / "a.out", [f"{value},{mark}" for value, mark in zip(VALUES, MARKS)])
    data = load_anomalies(tmp_path / "a.out")
    assert data.channels == ("value",) and data.test.items[0].windows == ((150, 159),)
    data = load_anomalies({"train": {"x": VALUES}, "test": {"x": VALUES[:100], "label": MARKS[:100]}})
    assert (len(data.validation.items[0]), len(data.test.items[0]), data.test.items[0].start) == (200, 300, 200)


def test_anomalies_as_intervals_and_one_file_of_labels(tmp_path):
    days = [f"2024-01-01 {n // 60:02d}:{n % 60:02d}" for n in range(200)]
    lines(tmp_path / "a" / "data.csv", ["time,x", *(f"{day},{value}" for day, value in zip(days, VALUES))])
    lines(tmp_path / "a" / "events.csv", ["start,end", f"{days[150]},{days[159]}", "2025-01-01 00:00,2025-01-01 01:00"])
    data = load_anomalies(tmp_path / "a")
    assert data.test.items[0].windows == ((150, 159),) and "1 anomaly is in no recording: line 3" in data.notes[0]
    lines(tmp_path / "a" / "events.csv", ["start,end", "150,159"])
    with pytest.raises(InputError, match=r"events.csv, line 2: data.csv has times: give starts and ends as these"):
        load_anomalies(tmp_path / "a")
    for split in ("train", "test"):
        lines(tmp_path / "b" / f"{split}.csv", ["x", *VALUES])
    lines(tmp_path / "b" / "intervals.csv", ["name,start_index,end_index", "test,150,159"])
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((350, 359),)
    (tmp_path / "b" / "intervals.csv").unlink()
    np.save(tmp_path / "b" / "labels.npy", np.array([MARKS, [0] * len(MARKS)]).T)
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((350, 359),)


def test_words_of_a_state_and_counts_of_rows(tmp_path):
    given = [(i, *row[1:3], "BROKEN" if mark else "NORMAL") for i, (row, mark) in enumerate(zip(rows(), MARKS))]
    data = load_anomalies(write(tmp_path / "a.csv", ("sample", "x", "y", "machine_status"), given))
    assert data.channels == ("x", "y") and data.test.items[0].windows == ((150, 159),)
