"""Clips from files, folders and objects: what is read, and what is refused in one sentence."""

import numpy as np
import pytest

from nlpseq.data import load_clips
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import ReadingOptions
from nlpseq.tasks.clips.own import one_file, text_clips
from tests.tasks.clips.moves import LABELS, MOVES, joined


def test_sequences_that_are_cut_are_said(capsys):
    load_clips(([np.arange(9.0)] * 2 + [np.arange(4.0)] * 38, ["a", "b"] * 20), max_frames=5)
    assert "2 sequences have 5 frames, the most that are read" in " ".join(capsys.readouterr().out.split())


BAD = {
    "no numbers": ("a.csv", "sequence,label,x\n1,a,0.5\n1,a,oh\n2,b,1\n", "line 3, column 'x': expected a number"),
    "no label": ("a.csv", "sequence,x\n1,0.5\n2,1\n", "has no clips with a label"),
    "one class": ("a.csv", "sequence,label,x\n1,a,0.5\n2,a,1\n", "has one class only"),
    "empty": ("a.csv", "", "is empty"),
    "no channels": ("a.csv", "sequence,label\n1,a\n2,b\n", "no columns of numbers"),
    "uneven rows": ("a.txt", "1 2 3 0\n1 2 1\n", "line 2: expected 4 values"),
    "a header alone": ("a.tsv", "a\tb\n", "holds no frames"),
    "no series": ("a.txt", "some words\n", "holds no rows of numbers"),
    "no film": ("a.gif", "GIF89a", "is not a film that can be decoded"),
    "no array": ("a.npz", "PK", "no NumPy file"),
    "a pickle": ("a.npy", np.array([[1], [1, 2]], object), "holds Python objects"),
    "one number": ("a.npz", {"x": np.array(1.0)}, "expected frames as an array"),
    "one label": ("a.npz", {"x": np.zeros((3, 2)), "y": np.array(1)}, "expected labels as an array"),
    "odd lengths": ("a.npz", {"x": np.zeros((1, 2)), "lengths": np.array([np.nan])}, "lengths as whole numbers"),
    "one sequence": ("a.csv", "time,label,x\n1,a,1\n2,b,1\n3,a,1\n", "holds one sequence of 3 frames"),
    "too long": (
        "a.npz",
        {"x": np.zeros((2, 3, 1)), "lengths": np.array([2, 4])},
        "clip 2: the length is 4, .* 3 frame",
    ),
    "no columns": ("a.jsonl", "{}\n{}\n", "holds no frames"),
    "unlike cells": (
        "a.jsonl",
        '{"label": "a", "x": [1], "y": [2]}\n{"label": "b", "x": 3, "y": [2]}\n',
        "line 2: .* list",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path, name):
    file, text, message = BAD[name]
    if file.endswith("gif"):
        pytest.importorskip("av")
    if isinstance(text, dict):
        np.savez(tmp_path / file, **text)
    elif isinstance(text, np.ndarray):
        np.save(tmp_path / file, text, allow_pickle=True)
    else:
        (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load_clips(tmp_path / file)
    assert "\n" not in str(error.value)


def test_objects_that_do_not_fit_are_refused():
    for data in (5, 3), (np.zeros((2, 3)), np.array(3)), ([[1.0]], None):
        with pytest.raises(InputError, match="expected several clips and labels") as error:
            load_clips(data)
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="there are 3 clips and 2 labels"):
        load_clips((np.zeros((3, 4, 2)), ["a", "b"]))
    with pytest.raises(InputError, match="clip 1: expected frames of numbers, all of one size"):
        load_clips(([[[1], [1, 2]], [[1], [2]]], ["a", "b"]))
    with pytest.raises(InputError, match="clip 2 has no frames"):
        load_clips(([[[1]], []], ["a", "b"]))
    with pytest.raises(InputError, match="clip 2 has 3 channels, expected 2"):
        load_clips(([np.zeros((2, 2)), np.zeros((2, 3)), np.zeros((2, 2))], ["a", "b", "a"]))
    with pytest.raises(InputError, match="holds pictures, and the others vectors of 2 channels"):
        load_clips(([np.zeros((2, 2)), np.zeros((2, 9, 9)), np.zeros((2, 2))], ["a", "b", "a"]))


def test_missing_values_are_said_and_kept(capsys):
    sequences = [np.array([[1.0], [np.nan]]), np.array([[2.0], [3.0]])] * 30
    data = load_clips((sequences, ["a", "b"] * 30))
    assert "values are missing or not finite, taken as the mean" in capsys.readouterr().out
    assert np.isnan(data.train.values).any()


def test_a_file_to_predict_has_the_channels_of_training(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("ay,note,ax\n1,a,2\n3,b,4\n")
    (clip,) = one_file(path, ReadingOptions(), ("ax", "ay")).clips
    assert clip.frames.tolist() == [[2, 1], [4, 3]]
    path.write_text("ay,note\n1,a\n3,b\n")
    with pytest.raises(InputError, match="there is no column 'ax'"):
        one_file(path, ReadingOptions(), ("ax", "ay"))


PEN = [[[1, 2, 0], [3, 4, 1]], [[5, 6, 1]]]


@pytest.mark.parametrize("text, expected", [
    ("[[1, 2, 0], [3, 4, 1]]", PEN[:1]), (str(PEN), PEN), ("[[1,2,0],[3,4,1]]\n[[5,6,1]]", PEN),
    ('{"frames": [[5, 6, 1]]}', PEN[1:]), ("1,2,0\n3,4,1", PEN[:1]), ("x,y,pen\n5,6,1", PEN[1:]),
])  # fmt: skip
def test_texts_to_predict_are_tables_or_json(tmp_path, text, expected):
    channels = ("x", "y", "pen")
    clips = text_clips(text, "standard input", ReadingOptions(), channels).clips
    assert [clip.frames.tolist() for clip in clips] == expected
    path = tmp_path / ("a.json" if text[0] in "[{" else "a.csv")
    path.write_text(text)
    assert [
        clip.frames.tolist() for clip in one_file(path, ReadingOptions(), channels, frame=(len(expected[0][0]),)).clips
    ] == expected
    for wrong, message in (("x,y\n1,2", "there is no column 'pen'"), ("[[1, 2", "line 1: expected frames as JSON")):
        with pytest.raises(InputError, match=message):
            text_clips(wrong, "standard input", ReadingOptions(), channels)


def test_a_table_that_names_the_files_of_clips(tmp_path):
    (tmp_path / "clips").mkdir()
    for number, clip in enumerate(MOVES):
        np.save(tmp_path / "clips" / f"{number}.npy", clip)
    rows = [f"{number},{label},{('train', 'test')[number % 5 == 0]}" for number, label in enumerate(LABELS)]
    (tmp_path / "labels.csv").write_text("\n".join(["name,label,split", *rows]))
    data = load_clips(tmp_path)
    assert data.sizes["test"] == 6 and data.labels == ("0", "1", "2")
    np.testing.assert_array_equal(data.test.clip(1), MOVES[5])
    (tmp_path / "labels.csv").write_text("\n".join(["name,label,split", *rows, "gone,1,train"]))
    with pytest.raises(InputError, match="line 32: there is no file 'gone'"):
        load_clips(tmp_path)


def test_labels_as_numpy_writes_them_and_labels_that_are_the_file(tmp_path):
    rows = np.concatenate([MOVES[..., 0], np.array(LABELS)[:, np.newaxis]], axis=1)
    np.savetxt(tmp_path / "train.csv", rows, delimiter=",")
    data = load_clips(tmp_path)
    assert data.labels == ("0", "1", "2") and set(data.train.lengths) == {6}
    (tmp_path / "train.csv").unlink()
    for name, label in (("normal", 0), ("abnormal", 1)):
        np.savetxt(tmp_path / f"{name}.csv", np.where(np.arange(7) == 6, label, rows), delimiter=",")
    data = load_clips(tmp_path)
    assert data.labels == ("abnormal", "normal") and set(data.train.lengths) == {6}
    assert any("tells the file, and is not read" in note for note in data.notes)


def test_frames_and_rows_as_objects():
    import pandas as pd

    frame = pd.DataFrame([(i, t, MOVES[i, t, 0], LABELS[i]) for i in range(30) for t in range(6)],
                         columns=["id", "t", "x", "label"])  # fmt: skip
    for data in (frame, frame.to_dict("records"), {"train": frame, "test": frame}):
        loaded = load_clips(data)
        assert loaded.channels == ("x",) and loaded.labels == ("0", "1", "2") and set(loaded.train.lengths) == {6}


def test_sequences_of_one_channel_that_a_model_is_asked_about(tmp_path):
    rows = np.random.default_rng(0).random((3, 20))
    np.save(tmp_path / "a.npy", rows)
    (tmp_path / "a.json").write_text(str(rows.tolist()))
    (tmp_path / "a.csv").write_text("\n".join(map(joined, [range(20), *rows])))  # as pandas names columns
    for name in ("a.npy", "a.json", "a.csv"):
        clips = one_file(tmp_path / name, ReadingOptions(), ("value",), 20, frame=(1,)).clips
        np.testing.assert_allclose([clip.frames[:, 0] for clip in clips], rows, atol=1e-4)
    assert len(one_file(tmp_path / "a.npy", ReadingOptions(), None, 0, frame=(20,)).clips) == 1
