"""Scores of a tagger on a split."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from nlpseq import tag_schemes
from nlpseq.tasks.scores import FIGURES, averaged, scores_by_class

UNTAGGED = -1  # the tag of a token after the longest that the task reads


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence with the tags that it should have, and those that it got."""

    tokens: list
    expected: list
    predicted: list

    @property
    def wrong(self):
        """The number of wrong tags."""
        return sum(a != b for a, b in zip(self.expected, self.predicted))


@dataclass(frozen=True)
class TaggingResult:
    """Scores on one split.

    Attributes:
        metrics: "accuracy" of tokens; "sentence_accuracy", the share of sentences
            without a wrong tag; "unseen_accuracy" of tokens that training never shows.
            Where tags mark spans, "precision", "recall" and "f1" of spans, which are
            right where their type and both ends are (Tjong Kim Sang and De Meulder
            2003), the three as "macro_..." averages over types, of each type under
            "types", and "illegal_sentences", the number of those whose predicted tags
            break the scheme; else the three of tags, averaged and under "tags".
        confusion: counts `(tags, tags)`, a row for each expected tag.
        worst: the sentences with the most wrong tags, the worst first.
    """

    metrics: dict
    confusion: np.ndarray
    worst: list


def evaluate_tagger(task, sentences, known=(), scheme=None, worst=20):
    """Scores a `TokenTagger`.

    Args:
        task: the tagger.
        sentences: `nlpseq.data.Sentences`.
        known: the sentences of training, lists of tokens.
        scheme: "bio", "iob1" or "bioes" where the tags mark spans.
        worst: the number of worst sentences to keep.
    """
    predicted = _predicted(task, sentences)
    names = [*task.labels, "(none)"]  # the last is that of UNTAGGED
    tagged = [
        TaggedSentence(tokens, [names[i] for i in expected], [names[i] for i in got])
        for tokens, expected, got in zip(sentences.tokens, sentences.tags, predicted)
    ]
    expected, got = (np.fromiter(chain.from_iterable(tags), np.int32) for tags in (sentences.tags, predicted))
    right, known = expected == got, set(chain.from_iterable(known))
    unseen = np.array([token not in known for token in chain.from_iterable(sentences.tokens)], bool)
    metrics = {
        "accuracy": float(right.mean()),
        "sentence_accuracy": float(np.mean([sentence.wrong == 0 for sentence in tagged])),
        "unseen_accuracy": float(right[unseen].mean()) if unseen.any() else None,
        "unseen_tokens": int(unseen.sum()),
    }
    if scheme is None:
        tags = scores_by_class(expected, got, task.labels)
        metrics |= {**averaged(tags), "tags": tags}
    else:
        metrics |= span_scores(
            [sentence.expected for sentence in tagged], [sentence.predicted for sentence in tagged], scheme
        )
    order = sorted(tagged, key=lambda sentence: (-sentence.wrong, len(sentence.tokens)))
    return TaggingResult(
        metrics,
        confusion_matrix(expected, got, labels=range(len(task.labels))),
        [sentence for sentence in order[:worst] if sentence.wrong],
    )


def span_scores(expected, predicted, scheme):
    """The scores of spans, given lists of sentences that are lists of tags."""
    found = [
        {(at, start, end): kind for at, tags in enumerate(sentences)
         for kind, start, end in tag_schemes.spans(tags, scheme)}
        for sentences in (expected, predicted)
    ]  # fmt: skip
    kinds = sorted({*found[0].values(), *found[1].values()})
    numbers = {kind: number for number, kind in enumerate(kinds)}
    places = sorted({*found[0], *found[1]})
    gold, got = ([numbers.get(spans.get(place), -1) for place in places] for spans in found)
    types = scores_by_class(gold, got, kinds) if kinds else {}
    micro = precision_recall_fscore_support(
        gold, got, labels=list(numbers.values()), average="micro", zero_division=0.0
    )[:3] if kinds else (0.0, 0.0, 0.0)  # fmt: skip
    macro = averaged(types) if kinds else dict.fromkeys(FIGURES, 0.0)
    return {
        **{name: float(value) for name, value in zip(FIGURES, micro)},
        **{f"macro_{name}": value for name, value in macro.items()},
        "types": types,
        "illegal_sentences": sum(not tag_schemes.is_legal(tags, scheme) for tags in predicted),
    }


def _predicted(task, sentences):
    """The numbers of the tags that the task gives, in the order of the sentences."""
    numbers = {label: number for number, label in enumerate(task.labels)}
    order = np.argsort([len(tokens) for tokens in sentences.tokens], kind="stable")
    answers = task.predict_tokens([sentences.tokens[i] for i in order])["tags"]
    predicted = [None] * len(order)
    for at, tags in zip(order, answers):
        untagged = len(sentences.tokens[at]) - len(tags)
        predicted[at] = [*(numbers[tag] for tag in tags), *[UNTAGGED] * untagged]
    return predicted
