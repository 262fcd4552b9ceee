"""How far back an input still changes the output."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlpseq.diagnostics import reading
from nlpseq.errors import in_range


@dataclass(frozen=True)
class MemoryHorizon:
    """The result of `memory_horizon`.

    Attributes:
        perturbation, gradient: Float64 `(lags,)`, the mean effect of the step at each lag, lag 0 being the last step;
            the largest is 1.
        by_perturbation, by_gradient: The greatest lag with an effect of at least `share`, in steps.
    """

    perturbation: np.ndarray
    gradient: np.ndarray
    by_perturbation: int
    by_gradient: int


def memory_horizon(task: Any, examples: Iterable[Any], share: float = 0.1) -> MemoryHorizon:
    """How far back from the end of an example an input still changes the answer of a trained task.

        perturbation_l = mean over examples of |s - s without the step at lag l|
        gradient_l = mean over examples of |ds/dx_{T-l} . x_{T-l}|

    Both are divided by their maximum. The score s and what is read of a step, x, are those of `saliency`. Where a
    task reads in both directions, or over the maximum of all steps, the lag is only the distance from the end.

    Args:
        task: A task of `nlpseq.tasks` that has `look`, built.
        examples: Examples, texts; their number of steps may differ.
        share: Effects from this share of the largest count, above 0 and up to 1. Default 0.1.

    Returns:
        `MemoryHorizon`.

    Raises:
        InputError: there are no examples, or `share` is outside its range.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], units=4, bidirectional=False, pooling="last")
    >>> memory_horizon(task, ["good film", "bad film"]).perturbation.shape
    (2,)

    Reference:
        Khandelwal, He, Qi and Jurafsky (2018), Sharp nearby, fuzzy far away, for perturbation; Pascanu, Mikolov and
        Bengio (2013), On the difficulty of training recurrent neural networks, for the gradient.
    """
    in_range("share", share, 1e-9, 1)
    rows = []
    for look in reading.look_at_each(task, examples):
        _, (gradients,) = reading.presence_gradients(task, look, np.ones((1, len(look.steps))))
        rows.append([np.abs(effect)[::-1] for effect in (reading.effects_of_removal(task, look), gradients)])
    perturbation, gradient = (_mean_by_lag([row[number] for row in rows]) for number in (0, 1))
    return MemoryHorizon(perturbation, gradient, *(_last(effect, share) for effect in (perturbation, gradient)))


def _mean_by_lag(effects):
    """The mean over the examples that have the lag, divided by the largest."""
    longest = max(map(len, effects))
    sums, counts = np.zeros(longest), np.zeros(longest)
    for effect in effects:
        sums[: len(effect)] += effect
        counts[: len(effect)] += 1
    means = sums / counts
    return means / (means.max() or 1.0)


def _last(effect, share):
    return int(np.flatnonzero(effect >= share).max(initial=0))
