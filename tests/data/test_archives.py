"""Archives are read as what they hold, by every kind, and labels of texts from lists of files."""

import gzip
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
import soundfile

from nlpseq.data import load_anomalies, load_clips, load_labelled_texts, load_running_texts, load_series, load_speech
from nlpseq.data.files import listed_texts
from nlpseq.errors import InputError
from nlpseq.tasks.classification import own
from tests.data.shapes import ROWS, table


def write(folder):
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text(table(ROWS, ("text", "label")), encoding="utf-8")


def texts(folder):
    write(folder)
    return load_labelled_texts


def chapters(folder):
    for number in range(2):
        (folder / f"{number}.txt").write_text("one more quiet day\n" * 60)
    return load_running_texts


def sounds(folder):
    for word in ("yes", "no"):
        (folder / word).mkdir()
        for number in range(12):
            soundfile.write(folder / word / f"{number}.wav", np.sin(np.arange(200.0)) / 2, 8000)
    return load_speech


def sequences(folder):
    for name in ("cat", "dog"):
        np.save(folder / f"{name}.npy", np.random.default_rng(0).normal(size=(20, 6, 2)))
    return load_clips


def recordings(folder):
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text("value,label\n" + "".join(f"{i % 7},{int(i == 90)}\n" for i in range(99)))
    return load_anomalies


def numbers(folder):
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text("y\n" + "".join(f"{i % 7}.5\n" for i in range(90)))
    return load_series


@pytest.mark.parametrize("kind", ["zip", "gztar", "xztar"])
@pytest.mark.parametrize(
    "make", [texts, chapters, sounds, sequences, recordings, numbers], ids=lambda make: make.__name__
)
def test_archives_are_read_as_their_folders_by_every_kind(tmp_path, make, kind):
    (tmp_path / "data").mkdir()
    load = make(tmp_path / "data")
    archive = shutil.make_archive(str(tmp_path / "packed"), kind, tmp_path / "data")
    data, expected = load(archive), load(tmp_path / "data")
    assert data.name == archive and getattr(data, "sizes", 0) == getattr(expected, "sizes", 0)
    assert data.notes == tuple(note.replace(str(tmp_path / "data"), archive) for note in expected.notes)


def test_errors_and_notes_name_the_archive(tmp_path):
    for name, row in (("train", "a,b"), ("test", "a,b,c")):
        (tmp_path / f"{name}.csv").write_text(f"text,label\na,b\na,b\n{row}\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for split in ("train", "test"):
            archive.write(tmp_path / f"{split}.csv", f"data/{split}.csv")
            archive.writestr(f"__MACOSX/data/._{split}.csv", "x")
    with pytest.raises(InputError) as caught:
        load_labelled_texts(tmp_path / "a.zip")
    assert str(caught.value).startswith(f"{tmp_path / 'a.zip' / 'data' / 'test.csv'}, line 4: expected 2 columns")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("Reviews 1.csv", table(ROWS, ("review", "stars")))
    data = load_labelled_texts(tmp_path / "b.zip", test=str(tmp_path / "b.zip"))
    assert data.name == str(tmp_path / "b.zip") and data.sizes["test"] == len(ROWS)


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "bztar", "xztar"])
def test_damaged_archives_are_refused(tmp_path, kind):
    (tmp_path / "data").mkdir()
    write(tmp_path / "data")
    path = shutil.make_archive(str(tmp_path / "packed"), kind, tmp_path / "data")
    with open(path, "rb") as file:
        content = file.read()
    middle = len(content) // 2
    for part in (content[:4], content[:middle], content[:-5], content[:60] + bytes([content[60] ^ 255]) + content[61:]):
        with open(path, "wb") as file:
            file.write(part)
        if kind == "tar" and part[:4] != part:  # whose bytes are not checked
            continue
        with pytest.raises(InputError, match=f"cannot read {path}: the compressed data are damaged"):
            load_labelled_texts(path)


def test_an_archive_writes_nothing_elsewhere(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        (tmp_path / "x").write_text("x")
        archive.add(tmp_path / "x", "../../outside")
    with pytest.raises(InputError, match="damaged"):
        load_labelled_texts(tmp_path / "a.tar")


def test_labels_in_lists_of_files(tmp_path):
    for split in ("training", "test"):
        (tmp_path / split).mkdir()
        for number in range(30):
            (tmp_path / split / f"{number}").write_text(f"story {number}")
    names = [f"{split}/{number}" for split in ("training", "test") for number in range(30)]
    listed = "".join(f"{name} {'trade grain' if number % 2 else 'crude'}\n" for number, name in enumerate(names))
    (tmp_path / "cats.txt").write_text(listed)
    data = load_labelled_texts(tmp_path)
    assert data.labels == ("crude", "grain", "trade") and data.sizes["test"] == 30 and data.multi_label
    (tmp_path / "cats.txt").write_text(f"{listed}training/99 crude\n")
    with pytest.raises(InputError, match=r"names 1 file that is missing; the first: 'training/99'"):
        load_labelled_texts(tmp_path)


def test_lists_beside_texts_and_tables_that_are_no_lists(tmp_path):
    for number in range(30):
        path = tmp_path / "train_texts" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"story {number}")
    listed = "".join(f"{number}.txt {('grain', 'crude')[number % 2]}\n" for number in range(30))
    (tmp_path / "train_texts" / "cats.txt").write_text(listed)
    assert load_labelled_texts(tmp_path / "train_texts").labels == ("crude", "grain")
    (tmp_path / "train_texts" / "cats.txt").unlink()
    (tmp_path / "train_texts" / "list.csv").write_text("file;label\n" + listed.replace(" ", ";"))
    assert load_labelled_texts(tmp_path / "train_texts").labels == ("crude", "grain")
    (tmp_path / "b" / "plots").mkdir(parents=True)
    rows = table([(f"a^b, c {text}", label) for text, label in ROWS], ("text", "label"), "^")
    (tmp_path / "b" / "train.csv").write_text(rows)
    (tmp_path / "b" / "scores.csv").write_text('a,b\n1,"2\n')
    data = load_labelled_texts(tmp_path / "b", delimiter="^")
    assert len(data.labels) == 2 and sum(data.sizes.values()) == len(ROWS)


def test_names_of_archives_that_tell_more_than_the_file_in_them_or_less(tmp_path):
    content = table(ROWS, ("text", "label"))
    (tmp_path / "a.csv.zip").write_text(content)  # which is none
    (tmp_path / "b.csv.zip").write_bytes(gzip.compress(content.encode()))
    with zipfile.ZipFile(tmp_path / "c.csv.zip", "w") as archive:
        archive.writestr("export.2024-01", content)
    for name in "abc":
        assert sum(load_labelled_texts(tmp_path / f"{name}.csv.zip").sizes.values()) == len(ROWS)


def test_tables_without_names_of_files_are_not_read_for_lists(tmp_path, monkeypatch):
    write(tmp_path)
    (tmp_path / "figure.png").write_bytes(b"a")
    monkeypatch.setattr(listed_texts, "read_table", None)
    assert listed_texts.listed_tables(tmp_path, own.LABEL) is None
