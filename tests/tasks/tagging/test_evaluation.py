"""Scores of tags and spans against counts made by hand, and against an independent scorer."""

import numpy as np
import pytest
import tensorflow as tf

from nlpseq.data import Sentences
from nlpseq.evaluation import evaluate_tagger
from nlpseq.tag_schemes import convert
from nlpseq.tasks.tagging.evaluation import span_scores
from nlpseq.tasks.tagging.metrics import SpanF1

LABELS = ["O", "B-X", "I-X", "B-Y", "I-Y"]
EXPECTED = [["B-X", "I-X", "O", "B-Y"], ["O", "O"], ["B-Y", "B-Y", "O"]]
PREDICTED = [["B-X", "I-X", "O", "B-X"], ["O", "O"], ["B-Y", "I-Y", "I-X"]]
TOKENS = [["Ada", "Li", "met", "Rome"], ["so", "."], ["Bonn", "Rome", "it"]]


class Oracle:
    """Stands for a task: gives sentences the tags that are predicted above, and reads four tokens."""

    labels = LABELS

    def predict_tokens(self, sentences):
        return {"tags": [PREDICTED[TOKENS.index(tokens[:4])][:4] for tokens in sentences]}


def result(scheme="bio", tokens=TOKENS, expected=EXPECTED):
    numbers = [[LABELS.index(tag) for tag in tags] for tags in expected]
    return evaluate_tagger(Oracle(), Sentences(tokens, numbers), [["Ada", "met"], ["."]], scheme)


def test_tokens_and_sentences():
    metrics = result().metrics
    assert metrics["accuracy"] == pytest.approx(6 / 9)
    assert metrics["sentence_accuracy"] == pytest.approx(1 / 3)
    assert metrics["unseen_tokens"] == 6
    assert metrics["unseen_accuracy"] == pytest.approx(3 / 6)


def test_spans_as_the_script_of_conll_counts_them():
    metrics = result().metrics  # expected X(0,2) Y(3,4) | Y(0,1) Y(1,2); got X(0,2) X(3,4) | Y(0,2) X(2,3)
    assert (metrics["precision"], metrics["recall"], metrics["f1"]) == (1 / 4, 1 / 4, 1 / 4)
    assert metrics["types"]["X"] == {
        "precision": pytest.approx(1 / 3), "recall": 1.0, "f1": pytest.approx(1 / 2), "support": 1
    }  # fmt: skip
    assert metrics["types"]["Y"]["support"] == 3 and metrics["types"]["Y"]["f1"] == 0
    assert metrics["macro_f1"] == pytest.approx(1 / 4)
    assert metrics["illegal_sentences"] == 1


def test_tags_that_mark_no_spans():
    metrics = result(scheme=None).metrics
    assert metrics["tags"]["O"] == {
        "precision": 1.0, "recall": pytest.approx(3 / 4), "f1": pytest.approx(6 / 7), "support": 4
    }  # fmt: skip
    assert "types" not in metrics and "illegal_sentences" not in metrics


def test_tokens_that_the_task_does_not_reach_are_wrong():
    longer = result(tokens=[[*TOKENS[0], "now"], *TOKENS[1:]], expected=[[*EXPECTED[0], "O"], *EXPECTED[1:]])
    assert longer.metrics["accuracy"] == pytest.approx(6 / 10)
    assert longer.worst[1].predicted[-1] == "(none)"
    spans = ("precision", "recall", "f1", "types", "illegal_sentences")
    assert [longer.metrics[name] for name in spans] == [result().metrics[name] for name in spans]  # no spans there


def test_no_spans_at_all():
    numbers = result(tokens=[TOKENS[1]], expected=[EXPECTED[1]]).metrics
    assert numbers["f1"] == numbers["macro_f1"] == 0 and numbers["types"] == {}


def test_the_worst_sentences_come_first():
    worst = result().worst
    assert [sentence.wrong for sentence in worst] == [2, 1]
    assert worst[0].tokens == TOKENS[2]


def test_confusion_has_a_row_for_each_expected_tag():
    counts = result().confusion
    assert counts.sum() == 9 and counts[LABELS.index("B-Y"), LABELS.index("I-Y")] == 1


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_spans_against_an_independent_scorer(scheme):
    scorer = pytest.importorskip("nervaluate", reason="nervaluate needs Python 3.11")
    rng = np.random.default_rng(7)
    expected, predicted = (
        [convert(rng.choice(LABELS, size=12).tolist(), "bio", "bio") for _ in range(40)] for _ in range(2)
    )
    for i in range(0, 40, 2):  # half of them nearly right
        predicted[i] = [*expected[i][:9], *predicted[i][9:]]
    tags = [[convert(row, "bio", scheme) for row in rows] for rows in (expected, predicted)]
    ours = span_scores(*tags, scheme)
    theirs = scorer.Evaluator(expected, predicted, tags=["X", "Y"], loader="list").evaluate()
    for name in ("precision", "recall", "f1"):
        assert ours[name] == pytest.approx(getattr(theirs["overall"]["strict"], name))
        for kind in "XY":
            assert ours["types"][kind][name] == pytest.approx(getattr(theirs["entities"][kind]["strict"], name))


BIOES = ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in "XY")]


@pytest.mark.parametrize("scheme, labels", [("bio", LABELS), ("bioes", BIOES)])
def test_f1_in_training_is_that_of_the_evaluation(scheme, labels):
    rng = np.random.default_rng(0)
    metric = f1_metric(labels)
    expected, predicted = [], []
    for _ in range(2):  # batches
        gold = rng.integers(0, len(labels), (30, 7))
        output = np.where(rng.random(gold.shape) < 0.7, gold, rng.integers(0, len(labels), gold.shape))
        lengths = rng.integers(1, 8, 30)
        metric.update_state(np.where(np.arange(7) < lengths[:, None], gold, -1), tf.one_hot(output, len(labels)))
        for tags, sentences in ((gold, expected), (output, predicted)):
            sentences += [[labels[i] for i in row[:length]] for row, length in zip(tags, lengths)]
    f1 = span_scores(expected, predicted, scheme)["f1"]
    assert 0.1 < f1 < 0.9
    assert float(metric.result()) == pytest.approx(f1)


def test_weights_count_sentences_as_often():
    rng = np.random.default_rng(1)
    gold, output = rng.integers(0, len(LABELS), (2, 20, 6))
    often, weighted, repeated = rng.integers(0, 4, 20), f1_metric(), f1_metric()
    weighted.update_state(gold, tf.one_hot(output, len(LABELS)), sample_weight=often)
    repeated.update_state(np.repeat(gold, often, 0), tf.one_hot(np.repeat(output, often, 0), len(LABELS)))
    assert 0 < float(weighted.result()) < 1
    assert float(weighted.result()) == pytest.approx(float(repeated.result()))


def f1_metric(labels=LABELS):
    return SpanF1(labels, lambda emissions, mask: tf.argmax(emissions, -1, tf.int32))
