"""Classification datasets from TFDS builders and from files, and errors for unusable ones."""

import json
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from nlpseq.data import load_labelled_texts, load_parallel_texts, load_running_texts, load_tagged_sentences
from nlpseq.errors import InputError
from nlpseq.tasks.classification.schemas import CLASSIFICATION, ClassificationSchema

ROWS = [("fine film", "pos"), ("bad film", "neg"), ("so, so good", "pos"), ("dull", "neg")] * 10


class NlpseqProbe(tfds.core.GeneratorBasedBuilder):
    """A dataset of the tests: several texts, text labels, one-hot labels, odd integers."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "title": tfds.features.Text(),
            "body": tfds.features.Text(),
            "kind": tfds.features.Text(),
            "joy": tf.bool,
            "anger": tf.bool,
            "grade": tf.int32,
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(40), "dev": self._generate_examples(8)}

    def _generate_examples(self, count):
        for i in range(count):
            yield (
                i,
                {
                    "title": f"title {i}",
                    "body": f"body {i}",
                    "kind": "ab"[i % 2],
                    "joy": i % 4 < 2,
                    "anger": i % 4 == 2,
                    "grade": (0, 2, 4)[i % 3],
                },
            )


def write(path, rows=ROWS, header=("text", "label"), separator="\t"):
    lines = [separator.join(header)] * bool(header) + [separator.join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_every_schema_fits_its_builder(tmp_path):
    for name, schema in CLASSIFICATION.items():
        features: Any = tfds.builder(name, data_dir=tmp_path).info.features
        labels = [schema.label] if isinstance(schema.label, str) else schema.label
        assert {*schema.text, *labels} <= set(features), name
        class_label = isinstance(features[labels[0]], tfds.features.ClassLabel)
        assert class_label or schema.names or len(labels) > 1, name


@pytest.mark.slow
def test_embedded_corpus(tmp_path):
    data = load_labelled_texts("nlpseq_reviews", data_dir=tmp_path)
    assert data.sizes == {"train": 8000, "validation": 1000, "test": 1000}
    assert data.labels == ("negative", "positive")
    assert data.generated and "generated" in data.title
    texts = [set(getattr(data, split).texts) for split in data.sizes]
    assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]
    assert abs(np.mean(data.train.labels) - 0.5) < 0.01


def test_arguments_override_the_schema(tmp_path):
    data = load_labelled_texts(
        "nlpseq_probe", tmp_path, text="title,body", label="kind", test="dev", train="train[:50%]"
    )
    assert data.labels == ("a", "b")
    assert data.sizes == {"train": 18, "validation": 2, "test": 8}
    assert data.train.texts[0].split(b"\n\n")[0].startswith(b"title")


def test_one_hot_labels_leave_out_rows_without_exactly_one(tmp_path, monkeypatch):
    schema = ClassificationSchema(text=("body",), label=("joy", "anger"), test="dev")
    monkeypatch.setitem(CLASSIFICATION, "nlpseq_probe", schema)
    data = load_labelled_texts("nlpseq_probe", tmp_path)
    assert data.labels == ("joy", "anger")
    assert len(data.test) == 6
    numbers = [int(text.split()[1]) for text in data.test.texts]
    assert data.test.labels.tolist() == [0 if number % 4 < 2 else 1 for number in numbers]


def test_integer_labels_by_name_leave_out_the_others(tmp_path, monkeypatch):
    schema = ClassificationSchema(text=("body",), label="grade", names={0: "low", 4: "high"}, test="dev")
    monkeypatch.setitem(CLASSIFICATION, "nlpseq_probe", schema)
    data = load_labelled_texts("nlpseq_probe", tmp_path)
    numbers = [int(text.split()[1]) for text in data.test.texts]
    assert all(number % 3 != 1 for number in numbers)
    assert data.test.labels.tolist() == [0 if number % 3 == 0 else 1 for number in numbers]


def test_integer_labels_without_names_are_classes_in_their_order(tmp_path):
    data = load_labelled_texts("nlpseq_probe", tmp_path, text="body", label="grade", test="dev")
    assert data.labels == ("0", "2", "4")
    numbers = [int(text.split()[1]) for text in data.test.texts]
    assert data.test.labels.tolist() == [number % 3 for number in numbers]


@pytest.mark.parametrize("suffix", ["tsv", "csv", "jsonl"])
def test_files_of_each_kind_give_the_same(tmp_path, suffix):
    path = tmp_path / f"reviews.{suffix}"
    if suffix == "jsonl":
        lines = [json.dumps({"text": text, "label": label}) for text, label in ROWS]
        path.write_text("\n".join(lines), encoding="utf-8")
    elif suffix == "csv":
        write(path, [(f'"{text}"', label) for text, label in ROWS], separator=",")
    else:
        write(path)
    data = load_labelled_texts(str(path))
    assert data.labels == ("neg", "pos")
    assert sum(data.sizes.values()) == len(ROWS)
    texts = sorted(text.decode() for split in data.sizes for text in getattr(data, split).texts)
    assert texts == sorted(text for text, _ in ROWS)
    expected = dict(ROWS)
    for text, label in zip(data.test.texts, data.test.labels):
        assert data.labels[label] == expected[text.decode()]


def test_folder_of_splits_and_other_columns(tmp_path):
    for split, rows in (("train", ROWS), ("dev", ROWS[:4]), ("test", ROWS[:6])):
        write(tmp_path / f"{split}.tsv", rows, header=("review", "stars"))
    data = load_labelled_texts(str(tmp_path), text="review", label="stars")
    assert data.sizes == {"train": 40, "validation": 4, "test": 6}


def test_held_out_examples_are_fixed_by_the_seed(tmp_path):
    path = write(tmp_path / "a.tsv", [(f"text {i}", "ab"[i % 2]) for i in range(100)])
    first, again, other = (load_labelled_texts(path, seed=seed) for seed in (1, 1, 2))
    assert first.test.texts.tolist() == again.test.texts.tolist()
    assert first.test.texts.tolist() != other.test.texts.tolist()


def test_holding_out_leaves_every_class_in_training(tmp_path):
    rows = [("common", "a")] * 60 + [("rare", "b"), ("rarer", "c")]
    path = write(tmp_path / "a.tsv", rows)
    for seed in range(5):
        data = load_labelled_texts(path, seed=seed)
        assert set(data.train.labels) == {0, 1, 2} and data.sizes["test"] == 6
    fails("too small to hold out a part", write(tmp_path / "b.tsv", [("x", "a"), ("y", "b")]))


def test_bytes_that_are_not_utf8_are_refused_and_read_with_their_encoding(tmp_path):
    path = tmp_path / "latin.tsv"
    path.write_bytes(b"text\tlabel\n" + b"caf\xe9\ta\nthe\tb\n" * 10)
    fails("line 2: the text is not UTF-8.*with `encoding` latin-1", str(path))
    assert "caf\u00e9".encode() in load_labelled_texts(str(path), encoding="latin-1").train.texts.tolist()


def fails(match, *arguments, **options):
    with pytest.raises(InputError, match=match) as caught:
        load_labelled_texts(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400


def test_unknown_split(tmp_path):
    fails("no split 'trian': did you mean train", "nlpseq_reviews", tmp_path, train="trian")
    fails("cannot read split", "nlpseq_reviews", tmp_path, train="train[:x%]")


def test_unknown_feature(tmp_path):
    fails("no feature 'labels'.*did you mean label", "nlpseq_reviews", tmp_path, label="labels")
    fails("is not text", "nlpseq_reviews", tmp_path, text="label")
    fails("name its features with `text` and `label`", "nlpseq_probe", tmp_path)


def test_missing_empty_and_odd_files(tmp_path):
    fails("cannot read .*no such file", str(tmp_path / "absent.tsv"))
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    fails("is empty", str(empty))
    fails("holds no rows", write(tmp_path / "header.tsv", rows=[]))
    odd = write(tmp_path / "columns.tsv", [("1", *row) for row in ROWS], header=("id", "txt", "label"))
    fails("there is no column 'text'.*did you mean txt", odd)
    fails("line 3: expected 2 columns, got 1", write(tmp_path / "short.tsv", [("a", "b"), ("c",)]))
    fails("no training file", str(tmp_path / "."))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "a", "label": "b"}\n{"text": \n')
    fails("line 2: not a JSON object", str(broken))
    broken.write_text('["a", "b"]\n')
    fails("line 1: expected a JSON object", str(broken))
    broken.write_text('{"text": "a"}\n')
    fails("no column 'label'", str(broken))


def test_options_of_tfds_datasets_are_refused_with_a_path(tmp_path):
    path = write(tmp_path / "train.tsv")
    fails("`data_dir` and splits are for TFDS", path, train="train[:5]")
    fails("`data_dir` and splits are for TFDS", path, str(tmp_path))
    write(tmp_path / "train.csv", separator=",")
    fails("has train.csv and train.tsv for one split", str(tmp_path))


def test_odd_values(tmp_path):
    odd = tmp_path / "odd.jsonl"
    odd.write_text('{"text": null, "label": "a"}\n')
    fails("holds no rows with a text and a label", str(odd))
    rows = [json.dumps({"text": "\ud83d lone", "label": "ab"[i % 2]}) for i in range(20)]
    odd.write_text("\n".join(rows))
    assert b"? lone" in load_labelled_texts(str(odd)).train.texts.tolist()


def test_one_class_only(tmp_path):
    fails("one class only", write(tmp_path / "one.tsv", [("a", "x")] * 20))


def test_labels_that_training_never_shows_are_reported_and_numbered_after_the_others(tmp_path):
    write(tmp_path / "train.tsv")
    write(tmp_path / "test.tsv", [("a", "pos"), ("b", "poz"), ("c", "neg")])
    data = load_labelled_texts(str(tmp_path))
    assert data.labels == ("neg", "pos") and data.test.labels.tolist() == [1, 2, 0]
    assert data.test.unseen == ("poz",) and data.test.with_known_labels(2).labels.tolist() == [1, 0]
    assert any(
        "the test split has labels that training never shows" in note and "'poz' (1)" in note for note in data.notes
    )


def test_equal_numbers_are_one_label_in_all_splits(tmp_path):
    write(tmp_path / "train.tsv", [(text, "10"[label == "neg"]) for text, label in ROWS])
    write(tmp_path / "test.tsv", [("a", "1.0"), ("b", "0.0")])
    data = load_labelled_texts(tmp_path)
    assert data.labels == ("0", "1") and data.test.labels.tolist() == [1, 0] and not data.test.unseen


@pytest.mark.parametrize("header, rows", [
    (("id", "text"), [("1", "a"), ("2", "b")]),
    (("text", "label"), [("a", ""), ("b", "")]),
    (("text",), [("a",), ("b",)]),
])  # fmt: skip
def test_a_split_without_labels_is_left_out(tmp_path, header, rows):
    write(tmp_path / "train.tsv")
    write(tmp_path / "test.tsv", rows, header)
    data = load_labelled_texts(tmp_path)
    assert sum("the test split is left out" in note for note in data.notes) == 1
    assert data.sizes == {"train": 33, "validation": 3, "test": 4}


def test_a_label_that_is_a_number_of_a_column_is_no_header(tmp_path):
    rows = [(text, "12"[label == "neg"]) for text, label in ROWS]
    for name in ("train.tsv", "test.tsv"):
        write(tmp_path / name, rows, ())
    assert load_labelled_texts(tmp_path).sizes["test"] == len(ROWS)


def test_rows_of_no_split_do_not_join_training(tmp_path):
    names = ["train", "train", "TEST", "other"] * 10
    path = write(tmp_path / "a.tsv", [(*row, name) for row, name in zip(ROWS, names)], ("text", "label", "Split"))
    data = load_labelled_texts(path)
    assert data.sizes == {"train": 18, "validation": 2, "test": 10}
    assert any("10 rows without the name of a split are left out" in note for note in data.notes)


def test_a_number_is_a_place_and_no_name(tmp_path):
    path = write(tmp_path / "a.tsv", [("12"[label == "neg"], "Title", text) for text, label in ROWS], ())
    data = load_labelled_texts(path, text="2,3", label=1)
    assert data.labels == ("1", "2") and all(text.startswith(b"Title\n\n") for text in data.train.texts)
    assert sum(data.sizes.values()) == len(ROWS)


def test_one_column_is_not_both(tmp_path):
    fails("`text` and `label` are both the column 'text'", write(tmp_path / "a.tsv"), text="text", label=1)


@pytest.mark.parametrize("load", [load_labelled_texts, load_parallel_texts, load_running_texts, load_tagged_sentences])
def test_unknown_arguments_of_readers_are_refused(load):
    with pytest.raises(TypeError, match="unexpected keyword argument 'encodin': did you mean encoding"):
        load("a.tsv", encodin="utf-8")


def test_columns_of_unknown_names_are_told_by_their_cells(tmp_path):
    for split, size in (("train", 80), ("test", 9)):
        rows = "".join(f"{n};{split} und {n} worte;{'gut' if n % 2 else 'schlecht'}\n" for n in range(size))
        (tmp_path / f"{split}.csv").write_text(f"Nr;Kommentar;Bewertung\n{rows}", encoding="utf-8")
    data = load_labelled_texts(tmp_path)
    assert (data.labels, data.sizes["test"], data.test.texts[0]) == (("gut", "schlecht"), 9, b"test und 0 worte")
    assert "no usual names of columns: `text` is column Kommentar, and `label` is column Bewertung" in data.notes[0]


def test_one_column_without_a_usual_name_is_told_by_its_cells(tmp_path):
    for split, size in (("train", 80), ("test", 9)):
        rows = "".join(f"3/4/2024 12:00,{split} and {n} words,{1 + n % 2}\n" for n in range(size))
        (tmp_path / f"{split}.csv").write_text(f"Timestamp,Comments,Rating\n{rows}")
    data = load_labelled_texts(tmp_path)
    assert (data.labels, data.sizes["test"], data.test.texts[0]) == (("1", "2"), 9, b"test and 0 words")
    assert "`text` is the column 'Comments'" in data.notes[0]
    rows = "".join(f"{n},some {n} words,{'good' if n % 2 else 'bad'}\n" for n in range(80))
    (tmp_path / "pandas.csv").write_text(f",0,1\n{rows}")
    data = load_labelled_texts(tmp_path / "pandas.csv")
    assert data.labels == ("bad", "good") and sum(data.sizes.values()) == 80


def test_json_of_texts_by_label(tmp_path):
    lists = {"good": [f"a good text {n}" for n in range(30)], "bad": [f"a bad text {n}" for n in range(25)]}
    (tmp_path / "a.json").write_text(json.dumps(lists))
    data = load_labelled_texts(tmp_path / "a.json")
    assert data.labels == ("bad", "good") and sum(data.sizes.values()) == 55
    rows = {"phrase": lists["good"], "answer": ["oh yes", "oh no"] * 15}  # columns
    (tmp_path / "b.json").write_text(json.dumps(rows))
    assert load_labelled_texts(tmp_path / "b.json").labels == ("oh no", "oh yes")
