"""Texts with several labels, or none: how they are read, trained on, evaluated, and answered."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import accuracy_score, f1_score
from sklearn.naive_bayes import MultinomialNB

from nlpseq.data import Examples, load_labelled_texts
from nlpseq.errors import InputError
from nlpseq.evaluation import evaluate_classifier
from nlpseq.serving import Export
from nlpseq.tasks.classification.labels import separator_of
from nlpseq.tasks.classification.linear import NgramLogits
from recipes import sentiment
from tests.recipes import helpers
from tests.tasks import tiny

pytestmark = pytest.mark.usefixtures("portable")

ROWS = [("soup and bed", ["food", "room"]), ("soup", ["food"]), ("bed", ["room"]), ("a week", []),
        ("bed and noise", ["noise", "room"])] * 12  # fmt: skip


def new_task(**options):
    return tiny.randomized(tiny.TextClassifier(tiny.words(), tiny.LABELS, multi_label=True, units=4, **options))


@pytest.mark.parametrize("separator", ["|", "; ", ","])
def test_separated_labels_are_read_like_lists(tmp_path, separator):
    listed, separated = tmp_path / "a.jsonl", tmp_path / "b.tsv"
    listed.write_text("".join(json.dumps({"text": text, "label": labels}) + "\n" for text, labels in ROWS))
    lines = ["text\tlabels", *(f"{text}\t{separator.join(labels)}" for text, labels in ROWS)]
    separated.write_text("\n".join(lines) + "\n")
    data = load_labelled_texts(str(listed)), load_labelled_texts(str(separated))
    for split in ("train", "validation", "test"):
        one, other = (getattr(source, split) for source in data)
        assert one.texts.tolist() == other.texts.tolist() and one.labels.tolist() == other.labels.tolist()
    assert data[0].labels == data[1].labels == ("food", "noise", "room") and data[0].multi_label
    assert any("several labels in a cell, separated by" in note for note in data[1].notes)
    assert any("1.20 on average" in note for note in data[0].notes)


@pytest.mark.parametrize("written", [str, json.dumps, lambda labels: str(np.array(labels))])
def test_lists_as_text_are_lists(tmp_path, written):
    rows = [(text, labels) for text, labels in ROWS if labels]
    path = tmp_path / "a.tsv"
    path.write_text("text\tlabels\n" + "".join(f"{text}\t{written(labels)}\n" for text, labels in rows))
    data, listed = load_labelled_texts(path), load_labelled_texts(rows)
    assert data.labels == ("food", "noise", "room") and data.train.labels.tolist() == listed.train.labels.tolist()


def test_a_matrix_of_0_and_1_has_a_column_for_each_label():
    texts, ids = [f"text {i}" for i in range(60)], [i % 3 for i in range(60)]
    data = load_labelled_texts((texts, np.eye(3)[ids]))
    assert data.labels == ("0", "1", "2") and not data.multi_label
    assert [int(text.split()[1]) % 3 for text in data.train.texts] == data.train.labels.tolist()
    matrix = [[1, i % 2, i % 3 > 0] for i in range(60)]
    data = load_labelled_texts((texts, matrix))
    assert data.train.labels.tolist() == [matrix[int(text.split()[1])] for text in data.train.texts]


def test_several_columns_of_0_and_1_are_labels(tmp_path):
    rows = [(f"text {i}", i % 2, 1.0 if i % 3 else 0.0, i) for i in range(60)]
    path = tmp_path / "a.csv"
    path.write_text("text,rude,loud,id\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    data = load_labelled_texts(path, label="loud,rude")
    assert data.labels == ("loud", "rude") and data.multi_label
    actual = [int(text.split()[1]) for text in data.train.texts]
    assert data.train.labels.tolist() == [[int(i % 3 > 0), i % 2] for i in actual]
    with pytest.raises(InputError, match="line 4, column 'id': expected 0 or 1"):
        load_labelled_texts(path, label=("loud", "id"))


@pytest.mark.parametrize("cells, expected", [
    (["a", "b", "a;b"], ";"), (["Arts, Crafts", "Music", "Arts, Dance"], None), (["3,5", "4,0", "4,5", "3,0"], None),
    (["1,2", "1,2,3", "2", "3,1"], ","), ([["a"], None, 3], None),
])  # fmt: skip
def test_separators_are_those_of_labels_that_recur(cells, expected):
    assert separator_of(cells) == expected


def test_one_label_for_each_text_is_no_list():
    texts = [(f"text {number}", ["ab"[number % 2]]) for number in range(40)]
    assert not load_labelled_texts(texts).multi_label
    cells = [("one", "a|b"), ("two", "a"), ("three", "b")] * 20
    assert load_labelled_texts(cells, label_separator="none").labels == ("a", "a|b", "b")


def test_labels_are_those_above_their_thresholds_in_the_order_of_their_scores():
    task = new_task(thresholds=[-0.5, 0.2, 4.0])
    logits = task(tf.constant(tiny.TEXTS)).numpy()
    answer = task.predict_text(tiny.TEXTS)
    np.testing.assert_allclose(answer["scores"], 1 / (1 + np.exp(-logits)), rtol=1e-4)
    for row, labels in zip(logits, answer["labels"]):
        assigned = [number for number in np.argsort(-row) if row[number] >= [-0.5, 0.2, 4.0][number]]
        assert labels == [tiny.LABELS[number] for number in assigned]
    assert len(set(map(len, answer["labels"]))) > 1
    assert task.predict_text([])["labels"] == []


def test_scores_on_a_split_with_a_label_that_training_never_shows():
    class Oracle:
        labels = ["a", "b"]

        def predict_text(self, texts):
            return {
                "labels": [["a"], [], ["a", "b"], []],
                "scores": np.array([[0.9, 0.1], [0.2, 0.1], [0.8, 0.7], [0, 0]]),
            }

    expected = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]])
    predicted = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 0], [0, 0, 0]])
    texts = tiny.strings(["one", "two 2", "three 3", "fourth 4"])
    result = evaluate_classifier(Oracle(), Examples(texts, expected, ("c",)))
    for average in ("micro", "macro"):
        assert result.metrics[f"{average}_f1"] == pytest.approx(f1_score(expected, predicted, average=average))
    assert result.metrics["subset_accuracy"] == accuracy_score(expected, predicted) == 0.5
    assert result.metrics["classes"]["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert [(m.expected, m.predicted, m.score) for m in result.mistakes] == [
        ("a, c", "a, b", 1.0), ("b", "no label", pytest.approx(0.9)),
    ]  # fmt: skip


@pytest.mark.slow
def test_calibration_changes_scores_and_no_labels(tmp_path):
    task = new_task()
    labels = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 0]] * 8)
    examples = Examples(tiny.strings(tiny.TEXTS * 8), labels)
    task.choose_thresholds(examples)
    before = task.predict_text(tiny.TEXTS)
    actual = task.calibrate(examples)
    after = task.predict_text(tiny.TEXTS)
    assert after["labels"] == before["labels"] and actual.temperature != 1
    expected = 1 / (1 + np.exp(-task(tf.constant(tiny.TEXTS)) / actual.temperature))
    np.testing.assert_allclose(after["scores"], expected, rtol=1e-4)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras").predict_text(tiny.TEXTS)
    assert loaded["labels"] == after["labels"]
    np.testing.assert_allclose(loaded["scores"], after["scores"], rtol=1e-5)


def test_the_linear_classifier_starts_as_naive_bayes_for_each_label():
    rng = np.random.default_rng(0)
    presence = rng.random((40, 6)) < 0.4
    labels = (rng.random((40, 3)) < 0.4).astype(int)
    ids = tf.ragged.constant([[[word + 2] for word in np.flatnonzero(row)] for row in presence], ragged_rank=1)
    layer = NgramLogits([8], classes=3)
    layer.build()
    layer.adapt([(ids[:25], labels[:25]), (ids[25:], labels[25:])])
    layer.scale.assign(1.0)
    counts = np.concatenate([np.zeros((40, 2)), presence], axis=1)
    for label in range(3):
        shares = (np.bincount(labels[:, label]) + 1) / 42
        logs = MultinomialNB(class_prior=shares).fit(counts, labels[:, label]).predict_log_proba(counts)
        np.testing.assert_allclose(layer(ids.to_tensor(0))[:, label], logs[:, 1] - logs[:, 0], rtol=1e-3, atol=1e-4)


def test_a_task_of_one_label_refuses_several():
    examples = Examples(tiny.strings(["a"]), np.array([[1, 0, 1]]))
    with pytest.raises(InputError, match="set `multi_label` to True"):
        tiny.classifier().prepare(examples)
    with pytest.raises(InputError, match="set `multi_label` to False"):
        new_task().prepare(Examples(tiny.strings(["a"]), np.array([1])))


@pytest.mark.slow
def test_the_recipe_needs_no_flags(tmp_path, monkeypatch, capsys):
    path = tmp_path / "stays.csv"
    odd = [("soup and pool", ["food", "pool"])]
    for name, rows in (("stays", ROWS), ("test", ROWS[:8] + odd)):
        lines = ["text,labels", *(f"{text},{'|'.join(labels)}" for text, labels in rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    flags = ["--dataset", path, "--output", tmp_path / "out", "--units", 8, "--embedding-size", 8, "--epochs", 12]
    flags += ["--batch-size", 8, "--learning-rate", 0.02, "--class-weights", "balanced"]
    assert helpers.run(monkeypatch, sentiment, *flags, "--test-split", tmp_path / "test.csv") == 0
    shown = capsys.readouterr().out
    for part in ("class weights: noise ", "calibrated on", "test micro F1", "micro average", "'pool' (1)"):
        assert part in shown
    export = Export(tmp_path / "out")
    assert (export.path / "labels.png").is_file() and not (export.path / "confusion.png").exists()
    assert export.metrics["validation"]["micro_f1"] > 0.8 and export.metrics["test"]["classes"]["pool"]["f1"] == 0
    assert set(export.metadata.details["thresholds"]) == {"food", "noise", "room"}
    answers = export.predict(["soup and bed", "a week"])
    assert sorted(answers[0]["labels"]) == ["food", "room"] and answers[1]["labels"] == []
    assert export.answers.show("soup and bed", answers[0]).endswith("\tsoup and bed")
