"""Clips from tables: whose rows are frames, or sequences."""

import numpy as np
import pytest

from nlpseq.data import load_clips
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import ReadingOptions
from nlpseq.tasks.clips.own import read


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


def test_lists_in_cells(tmp_path):
    rows = ['{"label": "a", "frames": [[1, 2], [3, 4]]}', '{"label": "b", "frames": [[5, 6]]}']
    (tmp_path / "train.jsonl").write_text("\n".join(rows) + "\n")
    clips = read(tmp_path, ReadingOptions())["train"].clips
    assert clips[0].frames.tolist() == [[1, 2], [3, 4]] and clips[1].label == "b"
    (tmp_path / "train.jsonl").write_text('{"label": "a", "x": [1, 2], "y": [3, 4]}\n')
    assert read(tmp_path, ReadingOptions())["train"].clips[0].frames.tolist() == [[1, 3], [2, 4]]


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


@pytest.mark.parametrize("name, header, end", [("a.txt", "", ";"), ("a.csv", "", ";"), ("a.csv", "p,q,r,u,v\n", "")])
def test_lines_of_users_and_activities_are_frames(tmp_path, name, header, end):
    """As of WISDM: no usual names, and a text for the label beside the number of a user and a time."""
    rows = [(user, label, t + 1000 * (user + 10 * (label == "Run")), t / 7, -t)
            for user in (33, 7, 12) for label in ("Run", "Walk") for t in range(40)]  # fmt: skip
    lines = [",".join(map(str, row)) + end for row in rows]
    broken = [] if name == "a.csv" else ["33,Run,1000,0.5,;"]
    (tmp_path / name).write_text(header + "\n".join([*lines, *broken, lines[-1]]) + "\n")
    part = read(tmp_path / name, ReadingOptions())["train"]
    assert [(clip.label, clip.frames.shape) for clip in part.clips[:5]] == [("Run", (40, 2)), ("Walk", (40, 2))] * 2 + [
        ("Run", (40, 2))
    ]
    assert "each row is a frame" in part.notes[0] and (("left out" in part.notes[0]) == bool(broken))


def test_rows_that_are_sequences_sorted_by_their_label_are_no_frames(tmp_path):
    rows = [f"{number},{label},{number % 7},{number % 5}" for number, label in enumerate(["a"] * 40 + ["b"] * 40)]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n")
    assert len(read(tmp_path / "a.csv", ReadingOptions())["train"].clips) == 80


def test_frames_of_labels_that_recur_in_runs_without_any_other_column(tmp_path):
    rows = [f"{t / 7},{-t},{label}" for label in ("run", "walk") * 3 for t in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["ax,ay,activity", *rows]) + "\n")
    part = read(tmp_path, ReadingOptions())["train"]
    assert [(clip.label, len(clip.frames)) for clip in part.clips] == [("run", 40), ("walk", 40)] * 3


def test_files_of_a_sequence_each_whose_names_begin_with_their_class(tmp_path):
    for number in range(6):
        rows = "".join(f"{t},{number}\n" for t in range(9))
        (tmp_path / f"{('run', 'walk')[number % 2]}_{number:02}.csv").write_text(f"ax,ay\n{rows}")
    part = read(tmp_path, ReadingOptions())["train"]
    assert [(clip.label, clip.frames.shape) for clip in part.clips] == [("run", (9, 2))] * 3 + [("walk", (9, 2))] * 3
    assert "name begins with its class" in part.notes[0]


@pytest.mark.parametrize("named", [False, True])
def test_rows_that_are_sequences_sorted_by_their_label_twice(tmp_path, named):
    rows = [f"{label},{label * 2},{number},7" for label in (1, 2, 1, 2) for number in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["label,low,high,mean"] * named + rows) + "\n")
    assert len(read(tmp_path / "a.csv", ReadingOptions(label="1"))["train"].clips) == 80


def test_rows_under_a_header_are_sequences_if_their_channels_are_counted(tmp_path):
    rows = [f"{label},{number},7" for label in (1, 2) * 3 for number in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["label,low,high", *rows]) + "\n")
    frames = read(tmp_path / "a.csv", ReadingOptions())["train"]
    assert len(frames.clips) == 6 and "if each is a sequence, set `channels` to 1" in frames.notes[0]
    assert len(read(tmp_path / "a.csv", ReadingOptions(channels="1"))["train"].clips) == 120


def test_files_wider_than_long_are_no_single_sequences(tmp_path):
    for name in ("run1", "run2", "jump1", "jump2"):
        (tmp_path / f"{name}.csv").write_text("".join(f"{row},2.5,3,4,5,6,7,8,9\n" for row in range(4)))
    assert len(read(tmp_path, ReadingOptions())["train"].clips) == 16
