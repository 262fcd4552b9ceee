"""Folders and archives of recordings: which files are recordings, of which split, and which hold something else."""

import shutil

import numpy as np

from nlpseq.data import load_anomalies
from tests.tasks.anomalies.files import MARKS, VALUES, lines, times, write


def test_files_of_another_kind_are_not_used(tmp_path):
    lines(tmp_path / "data.csv", ["x", *VALUES])
    np.savez(tmp_path / "scaler.npz", mean=np.ones(1), scale=np.ones(1))
    (tmp_path / "metadata.json").write_text('{"columns": ["x"]}')
    assert "2 files of another kind are not used; the first" in load_anomalies(tmp_path).notes[0]
    for split in ("train", "test"):
        np.save(tmp_path / f"{split}.npy", np.array([VALUES, VALUES]).T)
    assert len(load_anomalies(tmp_path).channels) == 2  # their names tell that these are the recordings


def test_arrays_of_numpy(tmp_path):
    np.savez(tmp_path / "all.npz", x_train=VALUES, x_test=VALUES, y_test=MARKS)
    (tmp_path / "one").mkdir()
    np.savez(tmp_path / "one" / "one.npz", data=np.array([VALUES, VALUES]).T)
    np.savez(tmp_path / "one" / "one_label.npz", np.array(MARKS) * 2 - 1)
    (tmp_path / "files").mkdir()
    for name, values in (("x_train", VALUES), ("X_test", VALUES), ("y_test", MARKS)):
        np.save(tmp_path / "files" / f"{name}.npy", np.array(values))
    for name, channels, start in (("all.npz", 1, 200), ("one", 2, 100), ("files", 1, 200)):
        data = load_anomalies(tmp_path / name)
        (test,) = data.test
        first = 350 if start == 200 else 150
        assert (len(data.channels), test.start, test.windows) == (channels, start, ((first, first + 9),))
    assert len(load_anomalies(tmp_path / "one" / "one.npz").channels) == 2


def test_numbered_splits_in_an_archive_with_a_folder(tmp_path):
    for name in ("train1", "train2", "test1"):
        lines(tmp_path / "a" / "hai" / f"{name}.csv", ["x", *VALUES])
    archive = shutil.make_archive(str(tmp_path / "hai"), "zip", tmp_path / "a")
    for path in (tmp_path / "a", archive):
        data = load_anomalies(path)
        assert [one.name for one in data.test] == ["test1.csv"] and len(data.train) == 2
    for name in ("train1", "train2", "test1"):
        (tmp_path / "a" / "hai" / f"{name}.csv").rename(tmp_path / "a" / "hai" / f"dev{name[-1]}{name[:2]}.csv")
    assert len(load_anomalies(tmp_path / "a").train) == 3  # devices, without a file for training


def test_axes_of_a_sensor_are_no_labels(tmp_path):
    for axis in ("x", "y"):
        lines(tmp_path / f"accel_{axis}.csv", ["a", *VALUES])
    assert [one.windows for one in load_anomalies(tmp_path).test] == [None, None]


def test_a_test_of_another_kind_of_file_is_read(tmp_path):
    lines(tmp_path / "train.csv", ["x", *VALUES])
    lines(tmp_path / "test.txt", ["x,label", *(f"{cells[0]},{cells[1]}" for cells in zip(VALUES, MARKS))])
    lines(tmp_path / "notes.txt", ["1", "2"])
    assert [one.windows for one in load_anomalies(tmp_path).test] == [((350, 359),)]


def test_channels_of_training_are_no_labels_in_test(tmp_path):
    write(tmp_path / "train.csv", ("x", "fault_count"), zip(VALUES, VALUES))
    write(tmp_path / "test.csv", ("x", "fault_count", "fault"), zip(VALUES, MARKS, MARKS))
    data = load_anomalies(tmp_path)
    assert data.channels == ("x", "fault_count") and "'fault_count': other than 0 in all anomalies" in data.notes[0]


def test_rows_of_periods_are_no_anomalies(tmp_path):
    moments = times(201)
    periods = list(zip(moments, moments[1:], VALUES))
    write(tmp_path / "train.csv", ("start", "end", "x"), periods)
    write(tmp_path / "test.csv", ("timestamp", "x"), zip(moments, VALUES))
    write(tmp_path / "known.csv", ("start", "end"), [(moments[150], moments[159])])
    assert len(load_anomalies(tmp_path).train.items[0]) == 160
    assert load_anomalies(tmp_path).test.items[0].windows == ((150, 159),)


def test_anomalies_of_other_machines_and_lists_of_times_beside_labels(tmp_path):
    write(tmp_path / "a" / "m1.csv", ("timestamp", "x"), zip(times(200), VALUES))
    moments = [times(200)[150], times(200)[160]]
    write(tmp_path / "a" / "anomalies.csv", ("machine", "start", "end"), zip(("m8", "m9"), moments, moments))
    data = load_anomalies(tmp_path / "a")
    assert data.test.items[0].windows == () and "2 anomalies are in no recording" in " ".join(data.notes)
    write(tmp_path / "a" / "anomalies.csv", ("machine", "start", "end"), [("pump", *moments)])
    assert load_anomalies(tmp_path / "a").test.items[0].windows == ((150, 160),)
    write(tmp_path / "b" / "data.csv", ("timestamp", "x", "label"), zip(times(200), VALUES, MARKS))
    write(tmp_path / "b" / "events.csv", ("timestamp", "text"), [(moments[1], "restart")])
    data = load_anomalies(tmp_path / "b")
    assert data.test.items[0].windows == ((150, 159),) and "beside recordings that have labels" in data.notes[0]
