"""Scores of a tagger on a split."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq import tag_schemes
from nlpseq.tasks.scores import FIGURES, averaged, confused, confusion, counts_by_class, figures, scores_by_class

if TYPE_CHECKING:
    from nlpseq.tasks.tagging.data import Sentences
    from nlpseq.tasks.tagging.model import TokenTagger

UNTAGGED = -1  # the tag of tokens beyond `max_tokens`, which the task does not read
NO_TAG = "(none)"  # its name


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence with its expected and its predicted tags."""

    tokens: list[str]
    expected: list[str]
    predicted: list[str]

    @property
    def wrong(self) -> int:
        """The number of wrong tags."""
        return sum(a != b for a, b in zip(self.expected, self.predicted))


@dataclass(frozen=True)
class TaggingResult:
    """Scores on one split.

    Attributes:
        metrics: "accuracy" of tokens; "sentence_accuracy", the share of sentences without a
            wrong tag; "unseen_accuracy" and "unseen_tokens", accuracy and number of the tokens
            that do not occur in training. If the tags follow a span scheme: "precision",
            "recall" and "f1" of spans, which are correct if their type and both ends are
            (Tjong Kim Sang and De Meulder 2003); their averages over types, "macro_...";
            the scores of each type in "types"; and "illegal_sentences", the number of
            sentences whose predicted tags violate the scheme. Otherwise the averages over
            tags, and the scores of each tag in "tags".
            Tags that training never shows are tags too, and wrong.
        names: The tags of the confusion matrix: those of the task, and those that training never shows.
        confusion: Counts `(tags, tags)`, a row for each expected tag.
        worst: Sentences in descending order of the number of wrong tags.
    """

    metrics: dict[str, Any]
    names: list[str]
    confusion: np.ndarray
    worst: list[TaggedSentence]


def evaluate_tagger(
    task: "TokenTagger",
    sentences: "Sentences",
    known: Iterable[Sequence[str]] = (),
    scheme: str | None = None,
    worst: int = 20,
) -> TaggingResult:
    """Evaluates a `TokenTagger`.

    Args:
        task: The tagger.
        sentences: The split.
        known: The training sentences, lists of tokens. Default none.
        scheme: "bio", "iob1" or "bioes" if the tags follow a span scheme. Default None.
        worst: Maximum number of worst sentences to keep. Default 20.
    """
    predicted = _predicted(task, sentences)
    names = [*task.labels, *sentences.unseen, NO_TAG]  # the last is that of UNTAGGED
    tagged = [
        TaggedSentence(tokens, [names[i] for i in expected], [names[i] for i in output])
        for tokens, expected, output in zip(sentences.tokens, sentences.tags, predicted)
    ]
    expected, predicted = (np.fromiter(chain.from_iterable(tags), np.int32) for tags in (sentences.tags, predicted))
    right, known = expected == predicted, set(chain.from_iterable(known))
    unseen = np.array([token not in known for token in chain.from_iterable(sentences.tokens)], bool)
    metrics = {
        "accuracy": float(right.mean()),
        "sentence_accuracy": float(np.mean([sentence.wrong == 0 for sentence in tagged])),
        "unseen_accuracy": float(right[unseen].mean()) if unseen.any() else None,
        "unseen_tokens": int(unseen.sum()),
    }
    if scheme is None:
        tags = scores_by_class(expected, predicted, names[:-1])
        metrics |= {**averaged(tags), "tags": tags}
    else:
        outside = [["O" if tag == NO_TAG else tag for tag in sentence.predicted] for sentence in tagged]
        metrics |= span_scores([sentence.expected for sentence in tagged], outside, scheme)
    order = sorted(tagged, key=lambda sentence: (-sentence.wrong, len(sentence.tokens)))
    shown = confused(expected, len(names) - 1)
    return TaggingResult(
        metrics,
        [names[number] for number in shown],
        confusion(expected, predicted, shown),
        [sentence for sentence in order[:worst] if sentence.wrong],
    )


def span_scores(expected: Sequence[list[str]], predicted: Sequence[list[str]], scheme: str) -> dict[str, Any]:
    """The scores of spans, as in `TaggingResult.metrics`, given the tags of sentences."""
    spans_of_both = [
        {(number, start, end): kind for number, tags in enumerate(sentences)
         for kind, start, end in tag_schemes.spans(tags, scheme)}
        for sentences in (expected, predicted)
    ]  # fmt: skip
    kinds = sorted({*spans_of_both[0].values(), *spans_of_both[1].values()})
    numbers = {kind: number for number, kind in enumerate(kinds)}
    places = sorted({*spans_of_both[0], *spans_of_both[1]})
    gold, output = ([numbers[spans[place]] if place in spans else -1 for place in places] for spans in spans_of_both)
    types = scores_by_class(gold, output, kinds) if kinds else {}
    micro = figures(*(counts.sum() for counts in counts_by_class(gold, output, len(kinds))))
    macro = averaged(types) if kinds else dict.fromkeys(FIGURES, 0.0)
    return {
        **dict(zip(FIGURES, micro)),
        **{f"macro_{name}": value for name, value in macro.items()},
        "types": types,
        "illegal_sentences": sum(not tag_schemes.is_legal(tags, scheme) for tags in predicted),
    }


def _predicted(task, sentences):
    """The indices of the predicted tags, in the order of the sentences."""
    numbers = {label: number for number, label in enumerate(task.labels)}
    order = np.argsort([len(tokens) for tokens in sentences.tokens], kind="stable")
    answers = task.predict_tokens([sentences.tokens[i] for i in order])["tags"]
    predicted: list[list[int]] = [[]] * len(order)
    for index, tags in zip(order, answers):
        untagged = len(sentences.tokens[index]) - len(tags)
        predicted[index] = [*(numbers[tag] for tag in tags), *[UNTAGGED] * untagged]
    return predicted
