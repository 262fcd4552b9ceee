"""Running texts from files and TFDS builders."""

import os

import numpy as np
import pytest
import tensorflow_datasets as tfds

from nlpseq.corpora import phrases
from nlpseq.data import load_running_texts, sources
from nlpseq.errors import InputError
from nlpseq.tasks.language_modeling import own
from nlpseq.tasks.language_modeling.schemas import LANGUAGE
from tests import real_data


def write(folder, **texts):
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name.replace('_', '.')}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder)


class NlpseqArticles(tfds.core.GeneratorBasedBuilder):
    """Rows of text, with a feature that is none."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = tfds.features.FeaturesDict({"text": tfds.features.Text(), "number": tfds.features.Scalar(np.int32)})
        return self.dataset_info_from_configs(features=features)

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for number in range(20):
            yield number, {"text": f"row {number}\nsecond line", "number": number}


def test_a_folder_of_splits(tmp_path):
    folder = write(tmp_path / "a", ptb_train="a b\r\nc\n\nd\n", ptb_valid="e", ptb_test="f\n\n", notes="x")
    data = load_running_texts(folder)
    assert data.train.lines.tolist() == [b"a b", b"c", b"", b"d"]
    assert data.validation.lines.tolist() == [b"e"]
    assert data.test.lines.tolist() == [b"f", b""]
    assert data.sizes == {"train": 4, "validation": 1, "test": 2} and not data.generated
    assert data.train.characters == len("a b\nc\n\nd\n")

    assert any("the training text is ptb.train.txt: notes.txt of" in note for note in data.notes)


@pytest.mark.parametrize("names, expected", [
    (("my_train.txt", "your_test.txt", "README.txt"), {"train", "test"}),
    (("train.txt", "the test.txt"), {"train", "test"}),
    (("train.txt", "the test.txt", "x.txt"), {"train"}), (("a.txt", "b.txt", "valid.txt"), {"train", "validation"}),
    (("wiki.train.tokens", "wiki.valid.tokens", "x.txt"), {"train", "validation"}),
])  # fmt: skip
def test_files_that_are_splits(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).write_text(f"{name} and more\n" * 20)
    assert set(own.read(tmp_path)) == expected


def test_prose_is_no_table(tmp_path):
    lines = [f"Day {i}, fine" + ", warm" * (i % 3) for i in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    data = load_running_texts(tmp_path / "a.csv")
    assert [line.decode() for part in (data.train, data.validation, data.test) for line in part.lines] == lines
    assert any("has no columns: its lines are the text" in note for note in data.notes)


@pytest.mark.parametrize("text, message", [
    ("".join(chr(33 + i * 7 % 90) for i in range(4000)), "hardly any blanks"),
    ("".join(chr(1 + i * 11 % 120) for i in range(4000)), "control characters"),
    ("\u6211\u4eec\u660e\u5929\u53bb\uff0c" * 800, ""),
    ("<!DOCTYPE html>\n<p>one line</p>\n" * 200, "is HTML"),
    ("one ordinary line\n" * 200, ""),
])  # fmt: skip
def test_texts_that_may_be_none(text, message):
    notes = load_running_texts([text]).notes
    assert any(message in note for note in notes) if message else not any("check that" in note for note in notes)


def test_one_part_or_two_are_held_out(tmp_path):
    (tmp_path / "a.txt").write_text("one line\n" * 60)
    assert "validation and test, a tenth each, split" in load_running_texts(tmp_path / "a.txt").notes[0]
    notes = load_running_texts(tmp_path / "a.txt", test=tmp_path / "a.txt").notes
    assert "validation, a tenth, split" in notes[0]


def test_a_file_whose_end_is_held_out(tmp_path):
    lines = [f"line {number}" for number in range(100)]
    path = tmp_path / "book.txt"
    path.write_text("\n".join(lines))
    data = load_running_texts(str(path))
    parts = [part.lines.tolist() for part in (data.train, data.validation, data.test)]
    assert [line.decode() for part in parts for line in part] == lines
    assert [len(part) for part in parts] == pytest.approx([81, 9, 10], abs=2)


def test_a_lone_carriage_return_ends_a_line(tmp_path):
    path = tmp_path / "old.txt"
    path.write_bytes(b"\r".join(b"one line %d" % number for number in range(100)))
    data = load_running_texts(str(path))
    assert data.train.lines[0] == b"one line 0" and data.test.lines[-1] == b"one line 99"
    assert all(line.startswith(b"one line ") for line in data.test.lines)


def test_a_text_of_one_line_is_cut_between_words(tmp_path):
    path = tmp_path / "text8.txt"
    words = [f"word{number}" for number in range(200)]
    path.write_text(" ".join(words))
    data = load_running_texts(str(path))
    assert b" ".join([*data.train.lines, *data.validation.lines, *data.test.lines]).decode().split() == words


def test_a_builder(tmp_path):
    data = load_running_texts("nlpseq_articles", str(tmp_path), train="train[:50%]", test="train[50%:]")
    assert len(data.test) == 20
    lines = [*data.train.lines, *data.validation.lines]
    assert len(lines) == 20 and set(lines) >= {b"second line"}


def test_the_embedded_corpus_is_generated(tmp_path, monkeypatch):
    monkeypatch.setattr(phrases.NlpseqPhrases, "SIZES", {"train": 60, "validation": 5, "test": 5})
    data = load_running_texts("nlpseq_phrases", str(tmp_path), train="train[:40]")
    assert data.generated and len(data.train) == 40 and b"\n" not in data.train.lines[0]


@pytest.mark.real_data
def test_tiny_shakespeare_keeps_its_characters():
    data = load_running_texts("tiny_shakespeare", os.environ["NLPSEQ_DATA"])
    actual = data.train.characters + data.validation.characters + data.test.characters
    assert 1_115_394 - 30 < actual <= 1_115_394  # but for a few runs of blanks


def test_every_schema_fits_its_builder(tmp_path):
    for name, schema in LANGUAGE.items():
        builder = tfds.builder({"wiki40b": "wiki40b/en"}.get(name, name), data_dir=tmp_path)
        assert sources.known_schema(builder, LANGUAGE) is schema
        assert sources.is_text(builder.info.features[schema.text]), name


def test_the_marks_of_wiki40b_become_lines():
    text = "\n_START_ARTICLE_\nTitle\n_START_SECTION_\nHead\n_START_PARAGRAPH_\nOne._NEWLINE_Two."
    for old, new in LANGUAGE["wiki40b"].replacements:
        text = text.replace(old, new)
    assert text.splitlines() == ["Title", "Head", "One.", "Two."]


@pytest.mark.real_data
def test_penn_treebank_has_its_tokens():
    data = load_running_texts(str(real_data.beside("ptb")))
    counts = [sum(len(line.split()) + 1 for line in split.lines) for split in (data.train, data.validation, data.test)]
    assert counts == [929_589, 73_760, 82_430]


BAD = {
    "missing": ("{tmp}/nowhere.txt", {}, "cannot read"),
    "no training file": ("{tmp}/none", {}, "has no training file"),
    "empty": ("{tmp}/empty", {}, "the train text of .* is empty"),
    "blank": ("{tmp}/blank", {}, "the validation text of .* is empty"),
    "short": ("{tmp}/short", {}, "too short to hold out a part"),
    "two": ("{tmp}/two", {}, "for one split"),
    "document": ("{tmp}/paper.txt", {}, "it is a PDF document, not a plain text"),
    "a text": (
        "once upon a time " * 40,
        {},
        r"^'once upon .{80,90}\.\.\.' is neither a path nor the name of a dataset",
    ),
    "other file": ("{tmp}/picture.png", {}, "NUL bytes, so it is not a text"),
    "split of a path": ("{tmp}/short", {"train": "train[:3]"}, "`data_dir` and splits are for TFDS"),
    "text of a path": ("{tmp}/short", {"text": "x"}, "`text` names a feature"),
    "unknown": ("tiny_shakespear", {}, "tiny_shakespeare"),
    "feature": ("nlpseq_articles", {"text": "txt"}, "did you mean text"),
    "number": ("nlpseq_articles", {"text": "number"}, "is not text"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(tmp_path, name):
    write(tmp_path / "none", valid="a")
    write(tmp_path / "empty", train="", valid="a", test="a")
    write(tmp_path / "blank", train="a", valid=" \n\n", test="a")
    write(tmp_path / "short", train="w")
    write(tmp_path / "two", train="a", training="a")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x00\x00")
    (tmp_path / "paper.txt").write_bytes(b"%PDF-1.5\nstream\n")
    dataset, options, message = BAD[name]
    data_dir = str(tmp_path) if dataset == "nlpseq_articles" else None
    with pytest.raises(InputError, match=message):
        load_running_texts(dataset.replace("{tmp}", str(tmp_path)), data_dir, **options)
