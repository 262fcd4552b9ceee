"""What the terminal shows of an answer."""

import json

import pytest

from nlpseq.reporting import print_answer

TAGS = {"tokens": ["Ada", "Li", "met", "Rome"], "tags": ["B-PER", "I-PER", "O", "B-LOC"], "scores": [0.5, 1, 1, 1]}
SPANS = [{"type": "PER", "start": 0, "end": 2}, {"type": "LOC", "start": 3, "end": 4}]


@pytest.mark.parametrize("task, answer, shown", [
    ("classification", {"label": "a", "scores": {"a": 0.75, "b": 0.25}}, ["a\t0.7500\tthe text"]),
    ("tagging", TAGS, ["Ada   B-PER  0.5000", "Li    I-PER  1.0000", "met   O      1.0000",
                       "Rome  B-LOC  1.0000", ""]),
    ("tagging", {**TAGS, "spans": SPANS}, ["[PER Ada Li] met [LOC Rome]", "Ada   B-PER  0.5000"]),
    ("tagging", {"tokens": [], "tags": [], "scores": []}, [""]),
    ("translation", {"translation": "der Text", "score": -0.1}, ["der Text"]),
])  # fmt: skip
def test_answers(capsys, task, answer, shown):
    print_answer("the\ntext", answer, task)
    assert capsys.readouterr().out.splitlines()[: len(shown)] == shown
    print_answer("the\ntext", answer, task, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"text": "the\ntext", **answer}


def test_a_text_that_was_cut_is_noted(capsys):
    print_answer("long", {"translation": "lang", "score": -1.0, "cut_to_pieces": 99}, "translation")
    captured = capsys.readouterr()
    assert captured.out == "lang\n" and "only the first 99 pieces" in captured.err
