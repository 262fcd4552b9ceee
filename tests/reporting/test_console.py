"""What the terminal shows of an answer of each kind of task."""

import json

import pytest

from nlpseq.serving import Metadata
from nlpseq.tasks import answers_class

TAGS = {"tokens": ["Ada", "Li", "met", "Rome"], "tags": ["B-PER", "I-PER", "O", "B-LOC"], "scores": [0.5, 1, 1, 1]}
SPANS = [{"type": "PER", "start": 0, "end": 2}, {"type": "LOC", "start": 3, "end": 4}]
TRANSLATION = {"translation": "der Text", "score": -0.1}
SCORES = {"tokens": ["a"], "log_probabilities": [-1.5], "total": -1.5, "perplexity": 4.48, "unknown": 0}


class Answered:
    """Stands for an export: answers every text alike."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, texts):
        return [self.answer for _ in texts]


def respond(kind, answer, **options):
    """What `nlpseq predict` writes of an answer: to standard output, and to standard error."""
    answers = answers_class(kind)(Metadata(kind, [], {}, {}, {}, {}))
    out, notes = [], []
    answers.respond(Answered(answer), [["the\ntext"]], out.append, notes.append, **options)
    return "".join(out), notes


@pytest.mark.parametrize("kind, answer, shown", [
    ("classification", {"label": "a", "scores": {"a": 0.75, "b": 0.25}}, "a\t0.7500\tthe text\n"),
    ("tagging", TAGS, "Ada   B-PER  0.5000\nLi    I-PER  1.0000\nmet   O      1.0000\nRome  B-LOC  1.0000\n\n"),
    ("tagging", {**TAGS, "spans": SPANS}, "[PER Ada Li] met [LOC Rome]\nAda   B-PER  0.5000\n"),
    ("tagging", {"tokens": [], "tags": [], "scores": []}, "\n"),
    ("translation", TRANSLATION, "der Text\n"),
    ("language_model", SCORES, "-1.5000\tperplexity 4.48\tthe text\n"),
    ("language_model", {**SCORES, "unknown": 2, "truncated_to": 1000},
     "-1.5000\tperplexity 4.48\ttruncated to 1,000 tokens\t2 unknown\tthe text\n"),
])  # fmt: skip
def test_answers(kind, answer, shown):
    options = {"score": True} if kind == "language_model" else {}
    assert respond(kind, answer, **options)[0].startswith(shown)
    assert json.loads(respond(kind, answer, as_json=True, **options)[0]) == {"text": "the\ntext", **answer}


def test_a_truncated_text_is_noted():
    out, notes = respond("translation", {**TRANSLATION, "truncated_to": 99})
    assert out == "der Text\n" and notes == ["only the first 99 tokens of the text were read"]


@pytest.mark.parametrize("kind, labels, details, row, answer", [
    ("classification", ["a", "b"], {}, {"label": "a", "scores": [0.7, 0.3]},
     {"label": "a", "scores": {"a": 0.7, "b": 0.3}}),
    ("tagging", [], {"scheme": "bio"},
     {"tokens": [*TAGS["tokens"], ""], "tags": [*TAGS["tags"], ""], "scores": [0.5, 1, 1, 1, 0], "length": 4},
     {**TAGS, "spans": SPANS}),
    ("tagging", [], {"scheme": None}, {**TAGS, "length": 4}, TAGS),
    ("translation", [], {"max_tokens": 12}, {**TRANSLATION, "truncated": False}, TRANSLATION),
    ("translation", [], {"max_tokens": 12}, {**TRANSLATION, "truncated": True}, {**TRANSLATION, "truncated_to": 11}),
    ("language_model", [], {"max_tokens": 1},
     {**SCORES, "tokens": ["a", ""], "log_probabilities": [-1.5, 0], "length": 1, "truncated": True},
     {**SCORES, "truncated_to": 1}),
])  # fmt: skip
def test_rows_of_an_export_are_read(kind, labels, details, row, answer):
    assert answers_class(kind)(Metadata(kind, labels, details, {}, {}, {})).read(row) == answer
