"""Archives of several files are read as folders, and labels of texts from lists of files."""

import tarfile
import zipfile

import pytest

from nlpseq.data import load_labelled_texts
from nlpseq.errors import InputError
from tests.data.shapes import ROWS, table


def write(folder):
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text(table(ROWS, ("text", "label")), encoding="utf-8")


def test_archives_of_several_files_are_folders(tmp_path):
    write(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for split in ("train", "test"):
            archive.write(tmp_path / f"{split}.csv", f"data/{split}.csv")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for split in ("train", "test"):
            archive.add(tmp_path / f"{split}.csv", f"{split}.csv")
    for name in ("a.zip", "a.tar.gz"):
        assert load_labelled_texts(tmp_path / name).sizes["test"] == len(ROWS)
    (tmp_path / "b.tar.gz").write_bytes((tmp_path / "a.tar.gz").read_bytes()[:-40])
    with pytest.raises(InputError, match=r"b.tar.gz: the archive is damaged"):
        load_labelled_texts(tmp_path / "b.tar.gz")


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
