"""Labels: names that a task takes, and examples that have others."""

from dataclasses import replace

import numpy as np
import pytest

from nlpseq.errors import InputError
from nlpseq.tasks import SequenceClassifier, TextClassifier, TokenTagger
from tests.tasks.tiny import labelled_texts, new_classifier, new_tagger, sentences, tokens, words

KINDS = {
    "texts": lambda labels: TextClassifier(words(), labels),
    "tags": lambda labels: TokenTagger(tokens(), labels),
    "clips": lambda labels: SequenceClassifier(labels, frame=(2,)),
}
WRONG = [
    ("ab", "a list of strings"), ([0, 1], "a list of strings"), (None, "a list of strings"), (["", "b"], "not empty"),
    (["0", "1", "0"], "got twice: 0"), ([], "or more names"),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels, message", WRONG, ids=str)
def test_labels_that_are_no_names(kind, labels, message):
    with pytest.raises(InputError, match=f"`labels` must .*{message}"):
        KINDS[kind](labels)


def test_classes_are_two_or_more():
    for kind in ("texts", "clips"):
        with pytest.raises(InputError, match="2 or more names"):
            KINDS[kind](["only"])
    assert TextClassifier(words(), ["only"], multi_label=True).labels == ["only"]


def test_examples_with_other_labels():
    examples, tagged = labelled_texts(), sentences()
    with pytest.raises(InputError, match="have the label 7, and the task has"):
        new_classifier().prepare(replace(examples, labels=np.full(len(examples), 7)))
    tags = [np.full(len(row), -2) for row in tagged.tags]
    with pytest.raises(InputError, match="have the label -2, and the task has"):
        new_tagger().prepare(replace(tagged, tags=tags))
