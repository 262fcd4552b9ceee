"""Clips from archives: of the UEA, of UCI, of pens, and as NumPy arrays."""

import numpy as np
import pytest

from nlpseq.data import load_clips
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import ReadingOptions
from nlpseq.tasks.clips.own import read
from tests.tasks.clips.moves import LABELS, MOVES, joined

UNIPEN = """.LEXICON "0" "1"
.SEGMENT DIGIT 0 ? "{}"
.PEN_DOWN
 1 2
 3 4
.PEN_UP
.DT 100
.PEN_DOWN
 5 6
.PEN_UP
"""


def test_pen_strokes(tmp_path):
    (tmp_path / "digits-train.txt").write_text(UNIPEN.format(0) + UNIPEN.format(1))
    (clip, other) = read(tmp_path, ReadingOptions())["train"].clips
    assert clip.frames.tolist() == [[1, 2, 0], [3, 4, 1], [5, 6, 1]] and (clip.label, other.label) == ("0", "1")


def test_series_of_the_uea_archive(tmp_path):
    text = "@problemName x\n@timestamps false\n@classLabel true 1 2\n@data\n1,2,3:4,5,6:1\n7,8:?,9:2\n"
    for split in ("TRAIN", "TEST"):
        (tmp_path / f"X_{split}.ts").write_text(text)
    parts = read(tmp_path, ReadingOptions())
    assert set(parts) == {"train", "test"} and parts["train"].clips[0].frames.tolist() == [[1, 4], [2, 5], [3, 6]]
    np.testing.assert_array_equal(parts["train"].clips[1].frames, [[7, np.nan], [8, 9]])


def test_arrays_of_all_splits(tmp_path):
    x = np.arange(2 * 5 * 3, dtype=np.float32).reshape(2, 5, 3)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=[0, 1], lengths_train=[5, 2], x_test=x, y_test=[[1, 0], [0, 1]])
    parts = read(tmp_path / "data.npz", ReadingOptions())
    assert [len(clip.frames) for clip in parts["train"].clips] == [5, 2]
    assert [clip.label for clip in parts["test"].clips] == ["0", "1"]
    for name, values in {"x_train": x, "y_train": np.array(["a", "b"])}.items():
        np.save(tmp_path / f"{name}.npy", values)
    (tmp_path / "data.npz").unlink()
    assert [clip.label for clip in read(tmp_path, ReadingOptions())["train"].clips] == ["a", "b"]


@pytest.mark.parametrize("channels", [1, 2])
def test_arff_and_archives_of_every_form(tmp_path, channels):
    for split in ("TRAIN", "TEST"):
        rows = [joined(clip[:, 0]) for clip in MOVES]
        if channels == 2:
            rows = ["'" + "\\n".join(map(joined, clip.T)) + "'" for clip in MOVES]
        rows = [f"{row},{label}" for row, label in zip(rows, LABELS)]
        head = "@relation A\n@attribute x numeric\n@attribute class {0,1,2}\n@data\n"
        (tmp_path / f"A_{split}.arff").write_text("% of an archive\n" + head + "\n".join(rows))
        (tmp_path / f"A_{split}.txt").write_text("\n".join(f"{label} 1 2 3" for label in LABELS))
        (tmp_path / f"ADimension1_{split}.arff").write_text(head + "1,2,0\n")
    data = load_clips(tmp_path)
    assert data.sizes["test"] == 30 and data.labels == ("0", "1", "2") and data.train.frame == (channels,)
    np.testing.assert_allclose(data.test.clip(4), MOVES[4][:, :channels], atol=1e-6)


def test_recordings_of_smartphones_as_of_uci(tmp_path):
    folder = tmp_path / "UCI HAR Dataset"
    for split in ("train", "test"):
        (folder / split / "Inertial Signals").mkdir(parents=True)
        for channel in range(2):
            lines = [joined(clip[:, channel], "  ") for clip in MOVES]
            (folder / split / "Inertial Signals" / f"acc_{'xy'[channel]}_{split}.txt").write_text("\n".join(lines))
        (folder / split / f"y_{split}.txt").write_text("\n".join(str(label + 1) for label in LABELS))
        (folder / split / f"X_{split}.txt").write_text("1 2 3\n" * 30)
    (folder / "activity_labels.txt").write_text("1 WALKING\n2 SITTING\n3 LAYING\n")
    data = load_clips(tmp_path)
    assert data.labels == ("LAYING", "SITTING", "WALKING") and data.channels == ("acc_x", "acc_y")
    np.testing.assert_allclose(data.test.clip(4), MOVES[4])
    (folder / "test" / "y_test.txt").write_text("1\n")
    with pytest.raises(InputError, match="has 30 lines, and there are 1 label"):
        load_clips(tmp_path)


def test_arrays_by_class_by_position_and_with_channels_first(tmp_path):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", MOVES)
    assert load_clips(tmp_path).labels == ("a", "b")
    np.savez(tmp_path / "x.npz", MOVES, LABELS)
    np.savez(tmp_path / "y.npz", trainX=MOVES, trainY=LABELS, testX=MOVES, testY=LABELS)
    assert load_clips(tmp_path / "x.npz").train.frame == (2,) and load_clips(tmp_path / "y.npz").sizes["test"] == 30
    films = np.random.default_rng(0).random((30, 5, 12, 10, 3)).astype(np.float32)
    for data in (films, np.moveaxis(films, 4, 1), np.moveaxis(films, 4, 2)):
        np.testing.assert_array_equal(load_clips({"x": data, "y": LABELS}).train.values[:5], films[0])
    notes = load_clips({"x": np.zeros((30, 3, 200)) + np.arange(200), "y": LABELS}).notes
    assert "a clip is 3 frames of 200 channels" in notes[0]
