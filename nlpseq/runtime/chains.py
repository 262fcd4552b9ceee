"""The best sequences and the marginals of linear-chain CRFs in NumPy: see `nlpseq.engine.chains`."""

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


def best(emissions: np.ndarray, lengths: np.ndarray, potentials: Potentials) -> np.ndarray:
    """The best sequences of tags (Viterbi 1967).

    Args:
        emissions: float32 `(batch, time, tags)`.
        lengths: How many steps of each sequence are real, int `(batch,)`.
        potentials: As above.

    Returns:
        int `(batch, time)`; what stands at padded steps means nothing.
    """
    transitions, first, last = potentials
    batch, steps, tags = emissions.shape
    scores, rows = first + emissions[:, 0], np.arange(batch)
    pointers, itself = np.zeros((steps, batch, tags), np.int64), np.arange(tags)
    for step in range(1, steps):
        moves = scores[:, :, np.newaxis] + transitions
        real = (step < lengths)[:, np.newaxis]
        pointers[step] = np.where(real, moves.argmax(axis=1), itself)
        scores = np.where(real, moves.max(axis=1) + emissions[:, step], scores)
        scores = scores - scores.max(axis=1, keepdims=True)  # the same sequences from smaller numbers
    best_tags = np.zeros((batch, steps), np.int64)
    best_tags[:, -1] = (scores + last).argmax(axis=1)
    for step in reversed(range(1, steps)):
        best_tags[:, step - 1] = pointers[step, rows, best_tags[:, step]]
    return best_tags


def marginals(emissions: np.ndarray, lengths: np.ndarray, potentials: Potentials) -> np.ndarray:
    """`P(y_t = i)`, float64 `(batch, time, tags)`, by the forward-backward algorithm; arguments as of `best`."""
    emissions = emissions.astype(np.float64)
    transitions, first, last = (np.asarray(part, np.float64) for part in potentials)
    steps = emissions.shape[1]
    alpha, beta = np.zeros_like(emissions), np.zeros_like(emissions)
    alpha[:, 0] = first + emissions[:, 0]
    for step in range(1, steps):
        alpha[:, step] = _log_product(alpha[:, step - 1], transitions) + emissions[:, step]
    beta[:, -1] = last
    for step in reversed(range(steps - 1)):
        following = emissions[:, step + 1] + beta[:, step + 1]
        inner = (step + 1 < lengths)[:, np.newaxis]
        beta[:, step] = np.where(inner, _log_product(following, transitions.T), last)
    return softmax(alpha + beta)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis; zeros where all scores are minus infinity."""
    shares = np.exp(scores - _largest(scores))
    totals = shares.sum(axis=-1, keepdims=True)
    return shares / np.where(totals > 0, totals, 1)


def _log_product(rows, matrix):
    """`log(exp(rows) @ exp(matrix))`, `(batch, tags)`, exact for scores of any size."""
    terms = rows[:, :, np.newaxis] + matrix
    largest = terms.max(axis=1)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return largest + np.log(np.exp(terms - largest[:, np.newaxis]).sum(axis=1))


def _largest(scores):
    """The greatest score of each row; 0 where all are minus infinity."""
    largest = scores.max(axis=-1, keepdims=True)
    return np.where(np.isfinite(largest), largest, 0.0)
