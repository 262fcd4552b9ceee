"""Clips from files, folders and objects: what is read, and what is refused in one sentence."""

import numpy as np
import pytest

from nlpseq.data import load_clips
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import Clip, ReadingOptions, fitted, resized
from nlpseq.tasks.clips.own import one_file, read, text_clips

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


def sensors(count=40, header="id,t,label,ax,ay,subject,comment"):
    """A row for each frame: sequences whose rows are mixed, and not in the order of time."""
    rows = [(i, t, "walk" if i % 2 else "sit", i + t / 10, -t, 7, "none") for i in range(count) for t in (2, 0, 1)]
    rows = sorted(rows, key=lambda row: (row[1], row[0]))
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def test_a_table_of_sensors(tmp_path, capsys):
    path = tmp_path / "sensors.csv"
    path.write_text(sensors())
    data = load_clips(path)
    assert data.labels == ("sit", "walk") and data.channels == ("ax", "ay")
    assert data.sizes == {"train": 33, "validation": 3, "test": 4}
    clip = data.train.clip(0)
    np.testing.assert_allclose(clip[:, 1], [0, -1, -2])
    assert np.ptp(clip[:, 0].round(4)) == np.float32(0.2).round(4)
    assert "'comment' holds no numbers" in capsys.readouterr().out


def test_a_label_for_each_frame(tmp_path):
    rows = [f"{i},{t},{'late' if t > 1 else 'early'},{t}" for i in range(30) for t in range(4)]
    (tmp_path / "train.csv").write_text("\n".join(["sequence,time,label,x", *rows]) + "\n")
    data = load_clips(tmp_path)
    assert data.per_frame and data.train.labels[:4].tolist() == [0, 0, 1, 1]


def test_a_count_of_frames_keeps_labels_of_frames_together(tmp_path):
    rows = [f"{i // 5},{t},{'late' if t > 1 else 'early'},{t}" for i in range(30) for t in range(4)]
    (tmp_path / "train.csv").write_text("\n".join(["subject,frame,label,x", *rows]) + "\n")
    data = load_clips(tmp_path)
    assert data.per_frame and set(data.train.lengths) == {4}


def test_sequences_that_are_numbered_anew_for_each_label(tmp_path):
    rows = [f"{i},{t},{label},{t}" for label in "ab" for i in range(3) for t in range(2)]
    (tmp_path / "train.csv").write_text("\n".join(["sequence,time,label,x", *rows]) + "\n")
    clips = read(tmp_path, ReadingOptions())["train"].clips
    assert [clip.label for clip in clips] == ["a"] * 3 + ["b"] * 3 and all(len(clip.frames) == 2 for clip in clips)


@pytest.mark.parametrize("text, channels, first", [
    ("x1,y1,x2,y2,label\n" + "1,2,3,4,a\n5,6,7,8,b\n" * 20, ("x", "y"), [[1, 2], [3, 4]]),
    ("class,t0,t1,t2\n" + "a,1,2,3\nb,5,6,\n" * 20, ("value",), [[1], [2], [3]]),
    (" 1, 2, 3, 8\n 4, 5, 6, 9\n" * 20, ("value",), [[1], [2], [3]]),
    ("1\t0.5\t0.25\n2\t1.5\t0.75\n" * 20, ("value",), [[0.5], [0.25]]),
])  # fmt: skip
def test_tables_whose_rows_are_sequences(tmp_path, text, channels, first):
    path = tmp_path / "rows.txt"
    path.write_text(text)
    if not text[0].isdigit() and text[0] != " ":
        path = path.rename(tmp_path / "rows.csv")
    part = read(path, ReadingOptions())["train"]
    assert part.channels == channels and part.clips[0].frames.tolist() == first and part.clips[0].label
    assert part.width == len(first) * len(channels) or "b,5,6" in text  # with which a file to predict is read alike


def test_channels_side_by_side(tmp_path):
    path = tmp_path / "pendigits.tra"
    path.write_text(" 47,100, 27, 81, 8\n  0, 89, 27,100, 2\n" * 20)
    part = read(path, ReadingOptions(channels="2"))["train"]
    assert part.clips[0].frames.tolist() == [[47, 100], [27, 81]] and part.clips[1].label == "2"


def test_files_that_are_named_by_their_class_and_have_decimal_commas(tmp_path, capsys):
    for name in ("run", "jump"):
        rows = [f"{number};{time};0,{number}{time}" for number in range(20) for time in range(3)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["trial;t;ax", *rows]) + "\n")
    data = load_clips(tmp_path)
    assert data.labels == ("jump", "run") and sum(data.sizes.values()) == 40
    assert data.train.clip(0)[1, 0].round(4) == np.float32(0.01)
    assert "each of the 2 files is a class" in " ".join(capsys.readouterr().out.split())


def test_sequences_that_are_cut_are_said(capsys):
    load_clips(([np.arange(9.0)] * 2 + [np.arange(4.0)] * 38, ["a", "b"] * 20), max_frames=5)
    assert "2 sequences have 5 frames, the most that are read" in " ".join(capsys.readouterr().out.split())


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


def film(path, sizes=((16, 12),) * 4, grey=True):
    """Writes a film of moving brightness, whose frames may have several sizes."""
    av = pytest.importorskip("av")
    pictures = [np.full((rows, columns, 3), 40 * number + 20, np.uint8) for number, (columns, rows) in enumerate(sizes)]
    if not grey:
        pictures = [picture * np.array([1, 0, 1], np.uint8) for picture in pictures]
    with av.open(str(path), "w", format=path.suffix[1:]) as container:
        codec, kind = {"gif": ("gif", "rgb8"), "mp4": ("mpeg4", "yuv420p")}[path.suffix[1:]]
        stream = container.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = *sizes[0], kind
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_folders_of_films_by_class(tmp_path, suffix, capsys):
    for name, columns in {"up/1": 16, "up/2": 16, "down/3": 16, "down/4": 24, "down/5": 128}.items():
        path = tmp_path / f"{name}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        film(path, ((columns, 16),) * 4)
    parts = read(tmp_path, ReadingOptions(stride=2))
    clips = {clip.name.rsplit("/", 1)[1][0]: clip for clip in parts["train"].clips}
    assert clips["1"].label == "up" and clips["1"].frames.shape == (2, 16, 16, 3)
    assert clips["5"].frames.shape == (2, 8, 64, 3)
    data = load_clips({"train": [(clip.frames, clip.label) for clip in clips.values()] * 8})
    assert data.train.frame[:2] == (16, 16) and "are made 16 x 16" in capsys.readouterr().out
    brightness = clips["1"].frames.mean(axis=(1, 2, 3))
    assert brightness[1] - brightness[0] == pytest.approx(80, abs=25)


def test_folders_of_pictures_are_clips(tmp_path):
    av = pytest.importorskip("av")
    for name in ("a/1", "b/2"):
        (tmp_path / name).mkdir(parents=True)
        for number, columns in enumerate((16, 16, 20)):
            picture = av.VideoFrame.from_ndarray(np.full((12, columns, 3), 50 * number, np.uint8), format="rgb24")
            with av.open(str(tmp_path / name / f"{number}.png"), "w", format="image2") as container:
                stream = container.add_stream("png")
                stream.width, stream.height, stream.pix_fmt = columns, 12, "rgb24"
                for packet in [*stream.encode(picture), *stream.encode()]:
                    container.mux(packet)
    part = read(tmp_path, ReadingOptions())["train"]
    clips = part.clips
    assert "1 of the pictures is made 12 x 16, as the first one" in part.notes[0]
    assert [clip.label for clip in clips] == ["a", "b"] and clips[0].frames.shape == (3, 12, 16, 3)
    assert clips[0].frames[:, 0, 0, 0].tolist() == [0, 50, 100]


def test_lists_in_cells(tmp_path):
    rows = ['{"label": "a", "frames": [[1, 2], [3, 4]]}', '{"label": "b", "frames": [[5, 6]]}']
    (tmp_path / "train.jsonl").write_text("\n".join(rows) + "\n")
    clips = read(tmp_path, ReadingOptions())["train"].clips
    assert clips[0].frames.tolist() == [[1, 2], [3, 4]] and clips[1].label == "b"
    (tmp_path / "train.jsonl").write_text('{"label": "a", "x": [1, 2], "y": [3, 4]}\n')
    assert read(tmp_path, ReadingOptions())["train"].clips[0].frames.tolist() == [[1, 3], [2, 4]]


def test_pictures_of_another_size_or_colour_fit():
    ramp = np.tile(np.arange(8, dtype=np.uint8)[:, np.newaxis, np.newaxis] * 10, (1, 8, 1))[np.newaxis]
    small = resized(ramp, 4, 4)[0, :, 0, 0]
    np.testing.assert_allclose(small, [7, 25, 45, 63], atol=2)
    grey = fitted(Clip(np.full((2, 9, 9, 3), [0, 60, 120], np.uint8)), (8, 8, 1))
    assert grey.frames.shape == (2, 8, 8, 1) and (grey.frames == 60).all()


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


def table(header, rows):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


STEPS = [(number, time, "ab"[number // 2 % 2]) for number in range(40) for time in range(3)]
FRAMES = {
    "dates in reverse": (
        "seq,timestamp,label,x",
        [(n, f"2024-03-01 00:00:{50 - t}", c, n - t) for n, t, c in STEPS],
        40,
    ),
    "dates alone": (
        "recorded,label,x",
        [(f"2024-03-{1 + n // 2:02d} 1{n % 2}:00:0{t}", c, n) for n, t, c in STEPS],
        20,
    ),
    "numbers of frames": ("user,exercise,frame_no,x", [(n // 2, c, t, n) for n, t, c in STEPS], 40),
    "subjects": ("x,Subject,Activity", [(n, n // 2, c) for n, t, c in STEPS], 20),
    "numbers of rows": ("id,subject,label,x", [(i, n, c, n) for i, (n, t, c) in enumerate(STEPS)], 40),
    "trials of sessions": ("trial,session,t,label,x", [(n % 20, n // 20, t, c, n) for n, t, c in STEPS], 40),
    "labels in first rows": ("trial,t,label,x", [(n, t, "" if t else c, n) for n, t, c in STEPS], 40),
}


@pytest.mark.parametrize("name", FRAMES)
def test_rows_are_frames_of_sequences(tmp_path, name, capsys):
    header, rows, count = FRAMES[name]
    (tmp_path / "a.csv").write_text(table(header, rows))
    data = load_clips(tmp_path / "a.csv")
    assert sum(data.sizes.values()) == count and data.channels == ("x",) and data.labels == ("a", "b")
    assert not data.per_frame and set(data.train.lengths) == {120 // count}
    assert (np.diff(data.train.clip(0)[:3, 0]) == (1 if "reverse" in name else 0)).all()
    said = {
        "alone": "where 'label' changes",
        "of frames": "where 'frame_no' falls",
        "first": "of the whole sequence",
    }
    printed = " ".join(capsys.readouterr().out.split())
    assert all(text in printed for part, text in said.items() if part in name)


def test_times_that_cannot_be_read_are_said_or_refused(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text(table("seq,time,label,x", [(n, "soon" if n == 7 else f"12:00:0{t}", c, t) for n, t, c in STEPS]))
    load_clips(path)
    assert "in the order of the file: " in capsys.readouterr().out
    with pytest.raises(InputError, match="line 23: 'soon' is not a time"):
        load_clips(path, time="time")


@pytest.mark.parametrize("header", ["name,x1,x2", "x1,x2,label"])
def test_a_column_with_another_value_in_each_row_is_no_label(tmp_path, header):
    cells = [(f"n{i}", i, i) if header[0] == "n" else (i, i, f"n{i}") for i in range(60)]
    (tmp_path / "a.csv").write_text(table(header, cells))
    with pytest.raises(InputError, match="no clips with a label|60 different labels for 60 sequences"):
        load_clips(tmp_path / "a.csv")


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


LABELS = [index % 3 for index in range(30)]
MOVES = np.random.default_rng(0).normal(size=(30, 6, 2)).round(3).astype(np.float32)


def joined(values, mark=","):
    return mark.join(f"{value:g}" for value in values)


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


def test_frames_and_rows_as_objects():
    import pandas as pd

    frame = pd.DataFrame([(i, t, MOVES[i, t, 0], LABELS[i]) for i in range(30) for t in range(6)],
                         columns=["id", "t", "x", "label"])  # fmt: skip
    for data in (frame, frame.to_dict("records"), {"train": frame, "test": frame}):
        found = load_clips(data)
        assert found.channels == ("x",) and found.labels == ("0", "1", "2") and set(found.train.lengths) == {6}


def test_sequences_of_one_channel_that_a_model_is_asked_about(tmp_path):
    rows = np.random.default_rng(0).random((3, 20))
    np.save(tmp_path / "a.npy", rows)
    (tmp_path / "a.json").write_text(str(rows.tolist()))
    (tmp_path / "a.csv").write_text("\n".join(map(joined, [range(20), *rows])))  # as pandas names columns
    for name in ("a.npy", "a.json", "a.csv"):
        clips = one_file(tmp_path / name, ReadingOptions(), ("value",), 20, frame=(1,)).clips
        np.testing.assert_allclose([clip.frames[:, 0] for clip in clips], rows, atol=1e-4)
    assert len(one_file(tmp_path / "a.npy", ReadingOptions(), None, 0, frame=(20,)).clips) == 1
