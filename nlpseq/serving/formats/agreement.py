"""Whether two models of a task give the same answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlpseq.errors import InputError

FAR = 1e9  # the difference from what is missing, or is no number


@dataclass(frozen=True)
class Tolerance:
    """How far a model may be from the exported one.

    Attributes:
        decisions: Least share of equal decisions, such as labels.
        scores: Greatest mean difference of a score, in parts of its magnitude; for `everywhere` the greatest of all.
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
    inputs: Mapping[str, Any],
    expected: Sequence[dict],
    answers: Sequence[dict],
    decisions: Sequence[str],
    tolerance: Tolerance,
    magnitude: Callable[[str, np.ndarray, Any], np.ndarray],
) -> dict[str, float]:
    """Compares answers with those of the SavedModel.

    Args:
        inputs: What was asked, by what the error calls it.
        expected, answers: Those of both models.
        decisions: Names of the decisions in an answer.
        tolerance: What is accepted.
        magnitude: As of `nlpseq.tasks.answers.Answers`.

    Returns:
        `texts`, their number; `decisions`, the share of equal ones; `scores`, the greatest difference of a score in
        parts of its magnitude.

    Raises:
        InputError: they differ by more; the first answer that differs is named.
    """
    shares, differences = [], []
    for (called, example), right, given in zip(inputs.items(), expected, answers, strict=True):
        for name in set(decisions) & set(right):
            wanted, got = (np.atleast_1d(np.array(answer[name], object)) for answer in (right, given))
            shares += (
                [a == b for a, b in zip(wanted, got)] if len(wanted) == len(got) else [False] * max(len(wanted), 1)
            )
        difference = 0.0
        for name in right:
            wanted, got = np.array([*_scores(right[name], given.get(name))], float).reshape(-1, 2).T
            parts = _difference(wanted, got) / magnitude(name, wanted, example)
            difference = np.max(np.nan_to_num(parts), initial=difference)
        differences.append(float(difference))
        if tolerance.everywhere and not _alike(right, given):
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
    if share < tolerance.decisions or mean > tolerance.scores:
        raise InputError(
            f"the converted model disagrees with the exported one: {share:.1%} of its decisions are the same, at least "
            f"{tolerance.decisions:.0%} is accepted, and scores differ by {mean:.1e} on average, at most "
            f"{tolerance.scores:.0e} is accepted: it is not written; choose another `quantize`."
        )
    return {"texts": len(expected), "decisions": share, "scores": difference}


def _difference(wanted, got):
    """The differences of scores, `FAR` from what is no number; 0 where neither is one."""
    same = (wanted == got) | (np.isnan(wanted) & np.isnan(got))
    with np.errstate(invalid="ignore"):
        difference = np.abs(wanted - got)
    return np.where(same, 0.0, np.where(np.isfinite(difference), difference, FAR))


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
