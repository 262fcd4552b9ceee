"""Scores against counts made by hand."""

import numpy as np
import pytest

from nlpseq.data import Examples
from nlpseq.evaluation import evaluate_classifier


class Oracle:
    """Stands for a task: gives each text the scores that are written in it."""

    labels = ["a", "b", "c"]

    def predict_text(self, texts):
        return {"scores": np.array([[float(x) for x in text.split()] for text in texts])}


ROWS = [
    ("0.9 0.1 0.0", 0),
    ("0.8 0.1 0.1", 1),  # a mistake
    ("0.2 0.7 0.1", 1),
    ("0.1 0.6 0.30", 0),  # a mistake
    ("0.0 0.95 0.050", 0),  # the surest mistake
]


def result():
    texts = np.array([text.encode() for text, _ in ROWS], object)
    return evaluate_classifier(Oracle(), Examples(texts, np.array([label for _, label in ROWS])))


def test_figures():
    metrics = result().metrics
    assert metrics["accuracy"] == pytest.approx(2 / 5)
    a, b, c = (metrics["classes"][label] for label in "abc")
    assert (a["precision"], a["recall"], a["support"]) == (pytest.approx(1 / 2), pytest.approx(1 / 3), 3)
    assert (b["precision"], b["recall"]) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert a["f1"] == pytest.approx(2 / 5)
    assert c == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert metrics["f1"] == pytest.approx((a["f1"] + b["f1"]) / 3)


def test_a_class_may_have_the_name_of_a_figure():
    class Named(Oracle):
        labels = ["accuracy", "macro avg", "$a_$"]

    texts = np.array([text.encode() for text, _ in ROWS], object)
    by_name = evaluate_classifier(Named(), Examples(texts, np.array([label for _, label in ROWS])))
    assert list(by_name.metrics["classes"].values()) == list(result().metrics["classes"].values())


def test_confusion_has_a_row_for_each_expected_class():
    assert result().confusion.tolist() == [[1, 2, 0], [1, 1, 0], [0, 0, 0]]


def test_the_surest_mistakes_come_first():
    mistakes = result().mistakes
    assert [m.score for m in mistakes] == [0.95, 0.8, 0.6]
    assert (mistakes[1].expected, mistakes[1].predicted) == ("b", "a")
    assert mistakes[0].text == ROWS[4][0]
