"""Whether two models of a task give the same answers."""

import difflib
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlpseq.errors import InputError

FAR = 1e9  # the difference from what is missing, or is not a number


@dataclass(frozen=True)
class Tolerance:
    """How far a model may be from the exported one.

    Attributes:
        decisions: Least share of equal decisions, such as labels.
        words: The same of the words of sentences: one that differs changes those after it.
        scores: Greatest mean difference of a score, in parts of its magnitude; for `everywhere` the greatest of all.
        everywhere: Whether every score, and all else, must agree.
    """

    decisions: float
    words: float
    scores: float
    everywhere: bool = False


TOLERANCES = {
    "none": Tolerance(1.0, 1.0, 1e-5, everywhere=True),
    "float16": Tolerance(0.99, 0.98, 0.01),
    "int8": Tolerance(0.95, 0.9, 0.05),
}


def compare(
    inputs: Mapping[str, Any],
    expected: Sequence[dict],
    answers: Sequence[dict],
    kind: Any,
    tolerance: Tolerance,
) -> dict[str, float]:
    """Compares answers with those of the SavedModel.

    Args:
        inputs: What was asked, by what the error calls it.
        expected, answers: Those of both models.
        kind: `nlpseq.tasks.answers.Answers`; its `decisions`, `sentences` and `magnitude` are used.
        tolerance: What is accepted.

    Returns:
        `texts`, their number; `decisions`, the share of equal ones, of sentences that of their words; `scores`, the
        greatest difference of a score in parts of its magnitude.

    Raises:
        InputError: they differ by more; the first answer that differs is named.
    """
    shares, differences = [], []
    alike = _same_words if kind.sentences else operator.eq
    for (called, example), right, computed in zip(inputs.items(), expected, answers, strict=True):
        for name in set(kind.decisions) & set(right):
            expected_values, actual = (np.atleast_1d(np.array(answer[name], object)) for answer in (right, computed))
            shares += (
                [alike(a, b) for a, b in zip(expected_values, actual)]
                if len(expected_values) == len(actual)
                else [False] * max(len(expected_values), 1)
            )
        difference = 0.0
        for name in right:
            expected_values, actual = np.array([*_scores(right[name], computed.get(name))], float).reshape(-1, 2).T
            parts = _difference(expected_values, actual) / kind.magnitude(name, expected_values, example)
            difference = np.max(np.nan_to_num(parts), initial=difference)
        differences.append(float(difference))
        if tolerance.everywhere and not _alike(right, computed):
            raise InputError(
                f"the converted model answers {called} otherwise than the exported one: it is not written."
            )
        if tolerance.everywhere and differences[-1] > tolerance.scores:
            raise InputError(
                f"the converted model disagrees with the exported one on {called} (a score differs by "
                f"{difference:.1e} of its magnitude, at most {tolerance.scores:.0e} is accepted): it is not written."
            )
    share, difference = float(np.mean(shares or [True])), max(differences, default=0.0)
    mean = float(np.mean(differences or [0.0]))
    least, counted = (tolerance.words, "words") if kind.sentences else (tolerance.decisions, "decisions")
    if share < least or mean > tolerance.scores:
        raise InputError(
            f"the converted model disagrees with the exported one: {share:.1%} of its {counted} are the same, at least "
            f"{least:.0%} is accepted, and scores differ by {mean:.1e} on average, at most "
            f"{tolerance.scores:.0e} is accepted: it is not written; choose another `quantize`."
        )
    return {"texts": len(expected), "decisions": share, "scores": difference}


def _same_words(expected, actual):
    """The share of the words of two sentences that stand in the same order in both."""
    return difflib.SequenceMatcher(None, expected.split(), actual.split(), autojunk=False).ratio()


def _difference(expected, actual):
    """The differences of scores, `FAR` from what is not a number; 0 where neither is one."""
    same = (expected == actual) | (np.isnan(expected) & np.isnan(actual))
    with np.errstate(invalid="ignore"):
        difference = np.abs(expected - actual)
    return np.where(same, 0.0, np.where(np.isfinite(difference), difference, FAR))


def _scores(expected, actual) -> Iterator[tuple[float, float]]:
    """The pairs of floats at the same places of two answers; a missing one is far from any."""
    if isinstance(expected, float):
        yield expected, actual if isinstance(actual, (int, float)) else expected + FAR
    elif isinstance(expected, dict):
        for name, value in expected.items():
            yield from _scores(value, actual.get(name) if isinstance(actual, dict) else None)
    elif isinstance(expected, list):
        others = actual if isinstance(actual, list) and len(actual) == len(expected) else [None] * len(expected)
        for pair in zip(expected, others):
            yield from _scores(*pair)


def _alike(expected: Any, actual: Any) -> bool:
    """Whether two answers are equal but for their floats."""
    if isinstance(expected, float):
        return isinstance(actual, (int, float))
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and expected.keys() == actual.keys()
            and all(_alike(expected[k], actual[k]) for k in expected)
        )
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and all(map(_alike, expected, actual))
    return expected == actual
