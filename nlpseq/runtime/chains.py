"""The best sequence and the marginals of a linear-chain CRF, for one sequence: see `nlpseq.engine.chains`."""

from typing import NamedTuple

import numpy as np


class Potentials(NamedTuple):
    """The scores of a chain that do not depend on the input, minus infinity where something is impossible.

    Attributes:
        transitions: float32 `(tags, tags)`, from the row to the column.
        first, last: Of the first and the last tag, float32 `(tags,)`.
    """

    transitions: np.ndarray
    first: np.ndarray
    last: np.ndarray


def best(emissions: np.ndarray, potentials: Potentials) -> np.ndarray:
    """The best sequence of tags, int `(time,)`, of emissions float32 `(time, tags)` (Viterbi 1967)."""
    transitions, first, last = potentials
    if not len(emissions):
        return np.zeros(0, np.int32)
    scores, pointers = first + emissions[0], []
    for emitted in emissions[1:]:
        moves = scores[:, np.newaxis] + transitions
        pointers.append(moves.argmax(axis=0))
        scores = moves.max(axis=0) + emitted
    tags = [int((scores + last).argmax())]
    for pointer in reversed(pointers):
        tags.append(int(pointer[tags[-1]]))
    return np.array(tags[::-1], np.int32)


def marginals(emissions: np.ndarray, potentials: Potentials) -> np.ndarray:
    """`P(y_t = i)`, float64 `(time, tags)`, by the forward-backward algorithm."""
    emissions = emissions.astype(np.float64)
    transitions, first, last = (np.asarray(part, np.float64) for part in potentials)
    steps = len(emissions)
    alpha, beta = np.zeros_like(emissions), np.zeros_like(emissions)
    for step in range(steps):
        into = _log_sum(alpha[step - 1][:, np.newaxis] + transitions, 0) if step else first
        alpha[step] = into + emissions[step]
    for step in reversed(range(steps)):
        beta[step] = _log_sum(transitions + emissions[step + 1] + beta[step + 1], 1) if step + 1 < steps else last
    total = _log_sum(alpha + beta, 1)[:, np.newaxis]
    return np.exp(alpha + beta - np.where(np.isfinite(total), total, 0.0))


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def _log_sum(scores, axis):
    """log sum exp over an axis; minus infinity where all are."""
    largest = scores.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return np.squeeze(largest, axis) + np.log(np.exp(scores - largest).sum(axis=axis))
