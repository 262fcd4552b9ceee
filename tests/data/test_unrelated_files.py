"""Folders of data with files of other things in them, as of a project: they change nothing."""

import numpy as np
import pytest
import soundfile

from nlpseq.data import (
    load_clips,
    load_labelled_texts,
    load_parallel_texts,
    load_running_texts,
    load_speech,
    load_tagged_sentences,
)
from nlpseq.errors import InputError
from tests.data.shapes import ROWS, table

RESULTS = "model,accuracy\nsvm,0.9\nlstm,0.91\n"
SUBMISSION = "id,label\n1,pos\n2,neg\n"
NAMES = '["keep", "sell"]'
PROJECT = {"train.py": "import os\n", "requirements.txt": "numpy\n", "config.json": '{"rate": 8}', "a.ipynb": "{}"}
FRAMES = "id,time,x,label\n" + "".join(f"{i},{t},{t * i},{'ab'[i % 2]}\n" for i in range(24) for t in range(6))
SPLITS = {"train.csv": FRAMES, "test.csv": FRAMES}
TAGGED = "We O\nmet O\nAda B-PER\n\n" * 40
SIDES = {"en.txt": "a b\n" * 40, "de.txt": "c d\n" * 40}
CLASSES = {f"{label}/{number}.txt": text for number, (text, label) in enumerate(ROWS)}
SOUNDS = {f"{word}/{number}.wav": None for word in ("yes", "no") for number in range(12)}
LISTED = SOUNDS | {"list.csv": "path,text\n" + "".join(f"{name},a {name[:2]}\n" for name in SOUNDS)}


@pytest.mark.parametrize("load, files, others", [
    (load_labelled_texts, CLASSES, PROJECT),
    (load_labelled_texts, CLASSES, {"sample_submission.csv": SUBMISSION, "results.csv": RESULTS}),
    (load_labelled_texts, {"reviews.csv": table(ROWS, ("text", "label"))}, PROJECT | {"plots/notes.txt": "a\n"}),
    (load_tagged_sentences, {"data.conll": TAGGED}, PROJECT | {"results.csv": RESULTS, "notes.txt": "a\n"}),
    (load_parallel_texts, SIDES, PROJECT | {"results.csv": RESULTS, "labels.json": NAMES}),
    (load_speech, SOUNDS, PROJECT | {"labels.json": NAMES}),
    (load_speech, SOUNDS, PROJECT | {"submission.csv": SUBMISSION}),
    (load_speech, LISTED, PROJECT | {"results.csv": RESULTS, "labels.json": NAMES, "stats.csv": 'a,b\n1,"2\n'}),
    (load_clips, {"data.csv": FRAMES}, {"requirements.txt": "numpy\n", "plots/scores.csv": RESULTS}),
    (load_clips, SPLITS, {"labels.json": NAMES, "plots/scores.csv": RESULTS, "a/b.txt": "c"}),
])  # fmt: skip
def test_unrelated_files_change_nothing(tmp_path, load, files, others):
    folders = {"alone": files, "beside": files | others}
    for folder, contents in folders.items():
        for name, content in contents.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                soundfile.write(path, np.sin(np.arange(200.0)) / 2, 8000)
            else:
                path.write_text(content)
    alone, beside = (load(tmp_path / folder) for folder in folders)
    assert alone.sizes == beside.sizes and getattr(alone, "labels", 0) == getattr(beside, "labels", 0)


def test_languages_at_the_end_of_names(tmp_path):
    for name in ("small_vocab_en", "small_vocab_fr"):
        (tmp_path / name).write_text("".join(f"{name} {number}\n" for number in range(40)))
    data = load_parallel_texts(tmp_path)
    assert (data.source, data.target) == ("en", "fr") and data.train.sources[0].startswith(b"small_vocab_en")


@pytest.mark.parametrize("name", ["train.txt", "pairs.txt"])
def test_words_of_two_languages_are_no_pairs_beside_them(tmp_path, name):
    for language in ("en", "de"):
        (tmp_path / f"vocab_{language}.txt").write_text("a\nb\n" * 20)
    (tmp_path / name).write_text("".join(f"line {number}\tZeile {number}\n" for number in range(60)))
    if name == "train.txt":
        assert load_parallel_texts(tmp_path).train.sources[0].startswith(b"line")
    else:
        with pytest.raises(InputError, match="has no training file"):
            load_parallel_texts(tmp_path)


def test_a_list_of_words_beside_a_table_in_a_folder_of_a_split(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "data.csv").write_text("id,text\n" + "".join(f"{i},one more line {i}\n" for i in range(60)))
        (tmp_path / split / "vocab.txt").write_text("one\nmore\n")
    data = load_running_texts(tmp_path)
    assert data.train.lines[0] == b"one more line 0" and "data.csv, without vocab.txt" in data.notes[0]


def test_columns_that_other_splits_call_otherwise(tmp_path):
    for split, header in (("train", "review_text,rating_value"), ("test", "review,rating")):
        (tmp_path / f"{split}.csv").write_text(table(ROWS, header.split(",")))
    assert load_labelled_texts(tmp_path).sizes["test"] == len(ROWS)


def test_files_that_are_left_beside_files_of_tags_are_said(tmp_path):
    for name in ("a.bio", "b.txt"):
        (tmp_path / name).write_text("Ada B-PER\nleft O\n\n" * 30)
    assert f"left out of {tmp_path}: b.txt" in load_tagged_sentences(tmp_path).notes[0]
