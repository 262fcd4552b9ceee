"""Anomalies as intervals, in tables of their own."""

import json

import pytest

from nlpseq.data import load_anomalies
from nlpseq.data.files.reading import read_table
from nlpseq.errors import InputError
from nlpseq.tasks.anomalies.interval_files import find_intervals
from tests.tasks.anomalies.files import MARKS, VALUES, lines

TIMES = [f"2024-01-01 {n // 60:02d}:{n % 60:02d}" for n in range(200)]


def timed(path, first=0, last=200):
    lines(path, ["time,x", *(f"{TIMES[n]},{VALUES[n]}" for n in range(first, last))])


def test_times_and_steps(tmp_path):
    timed(tmp_path / "data.csv")
    lines(tmp_path / "events.csv", ["start,end", f"{TIMES[150]},{TIMES[159]}", "2025-01-01 00:00,2025-01-01 01:00"])
    data = load_anomalies(tmp_path)
    assert data.test.items[0].windows == ((150, 159),) and "1 anomaly is in no recording: line 3" in data.notes[0]
    lines(tmp_path / "events.csv", ["start,end", "150,159"])
    with pytest.raises(InputError, match=r"events.csv, line 2: data.csv has times: give starts and ends as these"):
        load_anomalies(tmp_path)
    lines(tmp_path / "data.csv", ["x", *VALUES * 20])
    lines(tmp_path / "events.csv", ["start,end", "2001,2005"])  # which are no years here
    assert load_anomalies(tmp_path).test.items[0].windows == ((2001, 2005),)
    lines(tmp_path / "events.csv", ["start,end", f"{TIMES[150]},{TIMES[159]}"])
    with pytest.raises(InputError, match=r"events.csv, line 2: data.csv has numbers of steps: give starts and ends"):
        load_anomalies(tmp_path)
    lines(tmp_path / "events.csv", ["start,end"])
    assert load_anomalies(tmp_path).test.items[0].windows == ()


def test_several_tables_add_to_each_other_and_to_labels(tmp_path):
    lines(tmp_path / "data.csv", ["x,label", *(f"{value},{int(n == 190)}" for n, value in enumerate(VALUES))])
    for name, row in (("events", "150,159"), ("faults", "155,160"), ("attacks", "161,162")):
        lines(tmp_path / f"{name}.csv", ["start,end", row])
    assert load_anomalies(tmp_path).test.items[0].windows == ((150, 160), (161, 162), (190, 190))


def test_a_column_names_the_recordings_or_is_not_used(tmp_path):
    for name in ("m.1", "m.2"):
        timed(tmp_path / f"{name}.csv")
    rows = [f"{TIMES[n]},{TIMES[n + 9]}" for n in (150, 120)]
    for header, names in (("name", ("m.1", "m.2")), ("id,file", ("7,M.1.csv", "8,m.2.csv"))):
        lines(tmp_path / "events.csv", [f"{header},start,end", *(f"{name},{row}" for name, row in zip(names, rows))])
        assert [one.windows for one in load_anomalies(tmp_path).test] == [((150, 159),), ((120, 129),)]
    lines(tmp_path / "events.csv", ["id,start,end", *(f"{number},{row}" for number, row in enumerate(rows))])
    data = load_anomalies(tmp_path)
    assert [one.windows for one in data.test] == [((120, 129), (150, 159))] * 2
    assert "'id' names none of the recordings, and is not used" in data.notes[0]


def test_names_of_tables_tell_the_recording_and_the_split(tmp_path):
    for split in ("train", "test"):
        lines(tmp_path / "a" / f"{split}.csv", ["x", *VALUES])
        lines(tmp_path / "b" / f"{split}.csv", ["x", *VALUES])
    lines(tmp_path / "a" / "train_events.csv", ["start,end", "20,25"])
    lines(tmp_path / "a" / "events.csv", ["start,end", "150,159"])
    lines(tmp_path / "b" / "intervals.csv", ["name,start_index,end_index", "test,150,159"])
    data = load_anomalies(tmp_path / "a")
    assert (data.train.items[0].windows, data.test.items[0].windows) == (((20, 25),), ((350, 359),))
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((350, 359),)
    for number in (1, 2):
        lines(tmp_path / "c" / f"pump{number}.csv", ["x", *VALUES])
        lines(tmp_path / "c" / f"pump{number}_anomalies.csv", ["start,end", f"{150 + number},160"])
    assert [one.windows for one in load_anomalies(tmp_path / "c").test] == [((151, 160),), ((152, 160),)]


def test_times_are_those_of_all_splits_by_the_clock_on_the_wall(tmp_path):
    for split, first, last in (("train", 0, 100), ("test", 100, 200)):
        rows = [f"{TIMES[n]}+02:00,{VALUES[n]}" for n in range(first, last)]
        lines(tmp_path / f"{split}.csv", ["time,x", *rows])
    lines(tmp_path / "events.csv", ["start,end", f"{TIMES[20]},{TIMES[25]}", f"{TIMES[150]},{TIMES[159]}"])
    data = load_anomalies(tmp_path)
    assert (data.train.items[0].windows, data.test.items[0].windows) == (((20, 25),), ((150, 159),))


def test_options_count_for_all_files_and_what_cannot_be_read_is_no_table_of_intervals(tmp_path):
    for split in ("train", "test"):
        lines(tmp_path / f"{split}.csv", ["x", *VALUES])
    for name, text in (("test_events", "start,end,größe\n150,159,ü\n"), ("test_label", "größe\n" + "1\n" * 200)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="latin-1")
    (tmp_path / "attack_log.csv").write_text("start,end\n1\n1,2,3\n")
    (tmp_path / "faults.json").write_text("{")
    data = load_anomalies(tmp_path, encoding="latin-1")
    assert data.test.items[0].windows == ((200, 399),)
    assert "attack_log.csv has the name of no split" in " ".join(data.notes)
    with pytest.raises(InputError, match="test_events.csv, line 1: the text is not UTF-8"):
        load_anomalies(tmp_path)


def test_only_tables_that_may_have_starts_and_ends_are_read_and_once(tmp_path):
    lines(tmp_path / "attack_1.csv", ["x", *VALUES])
    lines(tmp_path / "start_of_attack_2.csv", ["x,starting,ending", *(f"{value},0,0" for value in VALUES)])
    read = []
    intervals, others = find_intervals(
        sorted(tmp_path.iterdir()), [], lambda file: (read.append(file), read_table(file))[1]
    )
    assert not intervals and list(others) == read == [tmp_path / "start_of_attack_2.csv"]


def test_windows_as_of_nab_and_tables_of_another_name(tmp_path):
    timed(tmp_path / "a" / "taxi.csv")
    for name, pairs in (("labels", [TIMES[150]]), ("combined_windows", [[TIMES[150], TIMES[159]]])):
        windows = {"known/taxi.csv": pairs, "known/other.csv": []}
        (tmp_path / "a" / f"{name}.json").write_text(json.dumps(windows))
        assert load_anomalies(tmp_path / "a").test.items[0].windows == ((150, 150 + 9 * (name != "labels")),)
    (tmp_path / "a" / "labels.json").unlink()
    for content in ({"taxi.csv": MARKS}, {"names": ["pump", "valve"]}):  # no windows
        (tmp_path / "a" / "combined_windows.json").write_text(json.dumps(content))
        assert load_anomalies(tmp_path / "a").test.items[0].windows is None
    timed(tmp_path / "b" / "data.csv")
    lines(tmp_path / "b" / "metadata.csv", ["start_time,end_time,cause", f"{TIMES[150]},{TIMES[159]},x"])
    assert load_anomalies(tmp_path / "b").test.items[0].windows == ((150, 159),)
    (tmp_path / "b" / "data.csv").unlink()  # then it is a recording
    with pytest.raises(InputError, match="metadata.csv has no column of numbers"):
        load_anomalies(tmp_path / "b")


def test_lists_of_times_and_columns_with_longer_names(tmp_path):
    timed(tmp_path / "a.csv")
    timed(tmp_path / "b.csv")
    lines(tmp_path / "anomalies.csv", ["when,kind", *(f"{TIMES[n]},x" for n in (150, 151, 160))])
    assert [one.windows for one in load_anomalies(tmp_path).test] == [((150, 151), (160, 160))] * 2
    lines(tmp_path / "anomalies.csv", ["when,label", *(f"{TIMES[n]},{n % 2}" for n in range(150, 153))])
    assert load_anomalies(tmp_path).test.items[0].windows == ((151, 151),)
    (tmp_path / "anomalies.csv").unlink()
    header = "app,trace_name,root_cause_start,root_cause_end,effect_start"
    lines(tmp_path / "truth.csv", [header, f"7,a,{TIMES[150]},{TIMES[159]},", f"7,b,{TIMES[120]},{TIMES[129]},"])
    assert [one.windows for one in load_anomalies(tmp_path).test] == [((150, 159),), ((120, 129),)]
