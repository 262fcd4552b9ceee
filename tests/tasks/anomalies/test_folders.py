"""Folders and archives of recordings: which files are recordings, of which split, and which hold something else."""

import shutil

import numpy as np

from nlpseq.data import load_anomalies
from tests.tasks.anomalies.files import MARKS, VALUES, lines


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
