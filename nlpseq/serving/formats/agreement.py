"""Whether two models of a task give the same answers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlpseq.errors import InputError, shorten

FAR = 1e9  # the difference from what is missing, or is no number


@dataclass(frozen=True)
class Tolerance:
    """How far a model may be from the exported one.

    Attributes:
        decisions: Least share of equal decisions, such as labels.
        scores: Greatest mean difference of a score, relative to scores above 1; for `everywhere` the greatest of all.
        everywhere: Whether every score, and all else, must agree.
    """

    decisions: float
    scores: float
    everywhere: bool = False


TOLERANCES = {
    "none": Tolerance(1.0, 1e-5, everywhere=True),
    "float16": Tolerance(0.99, 0.01),
    "int8": Tolerance(0.95, 0.05),
}


def compare(
    inputs: Sequence,
    expected: Sequence[dict],
    answers: Sequence[dict],
    decisions: Sequence[str],
    tolerance: Tolerance,
    amplified: Mapping[str, float] = {},
) -> dict[str, float]:
    """Compares answers with those of the SavedModel.

    Args:
        inputs: What was asked, for the error.
        expected, answers: Those of both models.
        decisions: Names of the decisions in an answer.
        tolerance: What is accepted.
        amplified: As of `nlpseq.tasks.answers.Answers`. Default none.

    Returns:
        `texts`, their number; `decisions`, the share of equal ones; `scores`, the greatest difference of a score.

    Raises:
        InputError: they differ by more; the first answer that differs is named.
    """
    shares, differences, excesses = [], [], []
    for text, right, given in zip(inputs, expected, answers, strict=True):
        for name in set(decisions) & set(right):
            wanted, got = (np.atleast_1d(np.array(answer[name], object)) for answer in (right, given))
            shares += (
                [a == b for a, b in zip(wanted, got)] if len(wanted) == len(got) else [False] * max(len(wanted), 1)
            )
        pairs = [
            (_difference(a, b), amplified.get(name, 1.0))
            for name in right
            for a, b in _scores(right[name], given.get(name))
        ]
        differences.append(max((difference for difference, _ in pairs), default=0.0))
        excesses.append(max((difference / factor for difference, factor in pairs), default=0.0))
        if tolerance.everywhere and (excesses[-1] > tolerance.scores or not _alike(right, given)):
            raise InputError(
                f"the converted model disagrees with the exported one on {shorten(repr(text), 40)} (scores differ by "
                f"{differences[-1]:.1e}, at most {tolerance.scores:.0e} is accepted): it is not written."
            )
    share, difference = float(np.mean(shares or [True])), max(differences, default=0.0)
    mean = float(np.mean(excesses or [0.0]))
    if share < tolerance.decisions or mean > tolerance.scores:
        raise InputError(
            f"the converted model disagrees with the exported one: {share:.1%} of its decisions are the same, at least "
            f"{tolerance.decisions:.0%} is accepted, and scores differ by {mean:.1e} on average, at most "
            f"{tolerance.scores:.0e} is accepted: it is not written; choose another `quantize`."
        )
    return {"texts": len(expected), "decisions": share, "scores": difference}


def _difference(wanted: float, got: float) -> float:
    """The difference of two scores, relative if they are above 1; none if neither is a number."""
    if wanted == got or (math.isnan(wanted) and math.isnan(got)):
        return 0.0
    difference = abs(wanted - got) / max(1.0, abs(wanted))
    return difference if math.isfinite(difference) else FAR


def _scores(wanted, got) -> Iterator[tuple[float, float]]:
    """The pairs of floats at the same places of two answers; a missing one is far from any."""
    if isinstance(wanted, float):
        yield wanted, got if isinstance(got, (int, float)) else wanted + FAR
    elif isinstance(wanted, dict):
        for name, value in wanted.items():
            yield from _scores(value, got.get(name) if isinstance(got, dict) else None)
    elif isinstance(wanted, list):
        others = got if isinstance(got, list) and len(got) == len(wanted) else [None] * len(wanted)
        for pair in zip(wanted, others):
            yield from _scores(*pair)


def _alike(wanted: Any, got: Any) -> bool:
    """Whether two answers are equal but for their floats."""
    if isinstance(wanted, float):
        return isinstance(got, (int, float))
    if isinstance(wanted, dict):
        return isinstance(got, dict) and wanted.keys() == got.keys() and all(_alike(wanted[k], got[k]) for k in wanted)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(_alike, wanted, got))
    return wanted == got
