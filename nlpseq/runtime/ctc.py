"""Searches for connectionist temporal classification as `nlpseq.decoding`, which documents them, with arrays of NumPy.

The blank is class 0.
"""

from typing import NamedTuple

import numpy as np

NEVER = np.float32(-1e30)  # log-probability of what no path reaches; sums of it are still finite
POSSIBLE = -1e29  # scores above it are those of paths
BLANK = 0
FACTOR, INCREMENT = np.int64(6364136223846793005), np.int64(1442695040888963407)  # of the names of prefixes


class Transcript(NamedTuple):
    """The best texts of each sound, the best first; fewer than asked for if there are no more.

    Attributes:
        ids: A list of lists of ids for each sound.
        scores: A list of numbers for each sound.
        steps: For each id the step at which it begins, in lists as `ids`.
    """

    ids: list[list[list[int]]]
    scores: list[list[float]]
    steps: list[list[list[int]]]


class Language(NamedTuple):
    """N-grams and bonuses of a search, as of `nlpseq.decoding.Fusion`.

    Attributes:
        bonuses: Float32 `(classes,)`, what each label adds to the score.
        weight: Of the log-probabilities.
        scores, following, end: As of `nlpseq.decoding.NgramModel`; None for bonuses alone, and for no end.
    """

    bonuses: np.ndarray
    weight: float = 0.0
    scores: np.ndarray | None = None
    following: np.ndarray | None = None
    end: int | None = None

    @classmethod
    def of(cls, tables: dict[str, np.ndarray]) -> "Language":
        """The language model in the tables of a recognizer."""
        if "scores" not in tables:
            return cls(tables["bonuses"])
        end = int(tables["end"])
        return cls(
            tables["bonuses"],
            float(tables["weight"]),
            tables["scores"],
            tables["following"],
            None if end < 0 else end,
        )

    def added(self, contexts: np.ndarray) -> np.ndarray:
        """What each class adds after contexts `(...)`, float32 `(..., classes)`."""
        if self.scores is None:
            return np.broadcast_to(self.bonuses, (*contexts.shape, len(self.bonuses)))
        return self.bonuses + np.float32(self.weight) * log_softmax(self.scores[contexts])

    def after(self, contexts: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The contexts after labels."""
        return contexts if self.following is None else self.following[contexts, labels]

    def ending(self, contexts: np.ndarray) -> np.ndarray:
        """What the end of a text adds after contexts, float32 `(...)`."""
        if self.scores is None or self.end is None:
            return np.zeros(contexts.shape, np.float32)
        return np.float32(self.weight) * log_softmax(self.scores[contexts])[..., self.end]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities over the last axis, float32."""
    moved = np.asarray(logits, np.float32)
    moved = moved - moved.max(axis=-1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True))


def greedy(logits: np.ndarray, lengths: np.ndarray) -> Transcript:
    """The labels of the most probable path.

    Args:
        logits: Float `(batch, time, classes)`.
        lengths: Number of real steps, int `(batch,)`.
    """
    scores = log_softmax(logits)
    best = scores.argmax(axis=-1)
    before = np.pad(best, [(0, 0), (1, 0)])[:, :-1]
    real = np.arange(best.shape[1]) < lengths[:, np.newaxis]
    begins = real & (best != BLANK) & (best != before)
    totals = np.where(real, scores.max(axis=-1), np.float32(0)).sum(axis=1)
    return Transcript(
        [[row[emitted].tolist()] for row, emitted in zip(best, begins)],
        [[total] for total in totals.tolist()],
        [[np.flatnonzero(emitted).tolist()] for emitted in begins],
    )


def beam_search(
    logits: np.ndarray, lengths: np.ndarray, beam_size: int = 8, n_best: int = 1, language: Language | None = None
) -> Transcript:
    """Keeps the `beam_size` best prefixes, each with the sum over its paths.

    Args:
        logits, lengths: As of `greedy`.
        beam_size, n_best: As of `nlpseq.decoding.ctc_beam_search`.
        language: Default None.
    """
    language = language or Language(np.zeros(logits.shape[2], np.float32))
    scores = log_softmax(logits)
    best = scores.max(axis=-1)
    scores -= best[..., np.newaxis]  # what prefixes are behind the best path: small sums, rounded finely
    real = np.arange(best.shape[1]) < lengths[:, np.newaxis]
    total = np.where(real, best, np.float32(0)).sum(axis=1)
    beam = _Beam.first(*logits.shape[:2], beam_size)
    for at in range(max([0, *lengths])):
        rows = np.flatnonzero(lengths > at)
        new = _extended(_Beam(*(values[rows] for values in beam)), scores[rows, at], at, language)
        for values, replaced in zip(beam, new):
            values[rows] = replaced
    return _ranked(beam, total, n_best, language)


class _Beam(NamedTuple):
    """The prefixes of a beam, all `(batch, beam_size, ...)`, as of `nlpseq.decoding.ctc`; and contexts of n-grams."""

    blank: np.ndarray
    label: np.ndarray
    fused: np.ndarray
    ids: np.ndarray
    steps: np.ndarray
    lengths: np.ndarray
    last: np.ndarray
    names: np.ndarray
    parents: np.ndarray
    contexts: np.ndarray

    @classmethod
    def first(cls, batch, time, size):
        """The empty prefix, and slots that no path reaches, with names that no prefix has."""
        scores, numbers = np.zeros((3, batch, size), np.float32), np.zeros((5, batch, size), np.int64)
        blank, label, fused = scores
        blank[:, 1:], label[:] = NEVER, NEVER
        lengths, last, names, parents, contexts = numbers
        last[:] = -1
        names += np.arange(size)
        parents -= 1 + np.arange(size)
        ids, steps = np.zeros((2, batch, size, time), np.int32)
        return cls(blank, label, fused, ids, steps, lengths, last, names, parents, contexts)


def _extended(beam, scores, at, language):
    """The beam after a step with the log-probabilities `scores` `(batch, classes)`."""
    batch, size = beam.blank.shape
    classes = scores.shape[1]
    rows, slots = np.arange(batch)[:, np.newaxis], np.arange(size)
    last, longest = np.maximum(beam.last, 0), beam.lengths > 0
    total, emitted = _log_sum(beam.blank, beam.label), scores[rows, last]
    longer = total[..., np.newaxis] + scores[:, np.newaxis]
    longer[rows, slots, last] = np.where(longest, beam.blank, total) + emitted
    longer[..., BLANK] = NEVER
    label = beam.label + np.where(longest, emitted, np.float32(0))

    # A prefix that another one becomes with its last label: its paths come together, and the longer one is dropped.
    row, child, parent = np.nonzero(beam.parents[:, :, np.newaxis] == beam.names[:, np.newaxis])
    arriving = longer[row, parent, last[row, child]]
    later = arriving > label[row, child]  # where most of the paths to a label begin it
    beam.steps[row[later], child[later], beam.lengths[row[later], child[later]] - 1] = at
    label[row, child] = _log_sum(label[row, child], arriving)
    longer[row, parent, last[row, child]] = NEVER

    added = language.added(beam.contexts)
    stay = total + scores[:, BLANK : BLANK + 1]
    continued = longer + beam.fused[..., np.newaxis] + added
    ranks = np.concatenate([_log_sum(stay, label) + beam.fused, continued.reshape(batch, -1)], axis=1)
    chosen = np.argsort(-ranks, axis=1, kind="stable")[:, :size]
    is_new, pair = chosen >= size, np.maximum(chosen - size, 0)
    parents, labels = np.where(is_new, pair // classes, chosen), np.where(is_new, pair % classes, 0)
    old = _Beam(*(values[rows, parents] for values in beam))
    row, slot = np.nonzero(is_new)
    old.ids[row, slot, old.lengths[row, slot]] = labels[row, slot]
    old.steps[row, slot, old.lengths[row, slot]] = at
    return old._replace(
        blank=np.where(is_new, NEVER, stay[rows, parents]),
        label=np.where(is_new, longer[rows, parents, labels], label[rows, parents]),
        fused=old.fused + np.where(is_new, added[rows, parents, labels], np.float32(0)),
        lengths=old.lengths + is_new,
        last=np.where(is_new, labels, old.last),
        names=np.where(is_new, (old.names + labels + 1) * FACTOR + INCREMENT, old.names),
        parents=np.where(is_new, old.names, old.parents),
        contexts=np.where(is_new, language.after(old.contexts, labels), old.contexts),
    )


def _ranked(beam, total, n_best, language):
    scores = _log_sum(beam.blank, beam.label) + beam.fused + language.ending(beam.contexts)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :n_best]
    slots = [[slot for slot in places if row[slot] > POSSIBLE] for row, places in zip(scores, order)]
    ids, steps = (
        [[row[slot, : lengths[slot]].tolist() for slot in places]
         for row, lengths, places in zip(values, beam.lengths, slots)]
        for values in (beam.ids, beam.steps)
    )  # fmt: skip
    return Transcript(ids, [(row[places] + best).tolist() for row, places, best in zip(scores, slots, total)], steps)


def _log_sum(one, other):
    largest = np.maximum(one, other)
    return largest + np.log(np.exp(one - largest) + np.exp(other - largest))
