"""The best sequences and the marginals of linear-chain CRFs in NumPy, as `nlpseq.engine.chain_decoding` finds them."""

from typing import NamedTuple

import numpy as np

FORBIDDEN = np.float32(-1e30)  # in the place of minus infinity, whose differences are not numbers


class Potentials(NamedTuple):
    """The scores of a chain that do not depend on the input, minus infinity where something is impossible.

    Attributes:
        transitions: float32 `(tags, tags)`, from the row to the column.
        first, last: Of the first and the last tag, float32 `(tags,)`.
    """

    transitions: np.ndarray
    first: np.ndarray
    last: np.ndarray


def best_and_marginals(
    emissions: np.ndarray, lengths: np.ndarray, potentials: Potentials
) -> tuple[np.ndarray, np.ndarray]:
    """The best sequences (Viterbi 1967), and `P(y_t = i)` by the forward-backward algorithm.

    Args:
        emissions: float32 `(batch, time, tags)`, of at least one step.
        lengths: How many steps of each sequence are real, int `(batch,)`.
        potentials: As above.

    Returns:
        int `(batch, time)`, and float32 `(batch, time, tags)`; what they have at padded steps means nothing.
    """
    transitions, first, last = (np.maximum(part, FORBIDDEN) for part in potentials)
    emissions = (emissions - emissions.max(axis=-1, keepdims=True)).swapaxes(0, 1)  # (time, batch, tags)
    steps = np.arange(len(emissions))[:, np.newaxis]
    mirrored = np.where(steps < lengths, lengths - 1 - steps, steps)[..., np.newaxis]
    inputs = np.stack([emissions, np.take_along_axis(emissions, mirrored, axis=0), emissions], axis=1)
    matrices = np.stack([transitions, transitions.T, transitions])[:, np.newaxis]
    states, pointers = _run(inputs, matrices, np.stack([first, last, first])[:, np.newaxis])
    after = np.take_along_axis(states[:, 1], mirrored, axis=0)
    rows = np.arange(len(lengths))
    tags = (states[np.maximum(lengths - 1, 0), 2, rows] + last).argmax(axis=-1)
    path = np.zeros(emissions.shape[:2], np.int64)
    for step in reversed(range(len(emissions))):
        path[step] = tags
        tags = np.where(step < lengths, pointers[step, rows, tags], tags)
    return path.T, softmax(states[:, 0] + after - emissions).swapaxes(0, 1)


def _run(inputs, matrices, starts):
    """The states of all steps, forward, backward and Viterbi `(time, 3, batch, tags)`; pointers to the tag before."""
    states, pointers = np.empty_like(inputs), np.zeros((len(inputs), *inputs.shape[2:]), np.int64)
    states[0] = starts + inputs[0]
    for step in range(1, len(inputs)):
        terms = states[step - 1][..., np.newaxis] + matrices  # (3, batch, from, to)
        largest = terms.max(axis=2)
        state = largest + inputs[step]
        state[:2] += np.log(np.exp(terms[:2] - largest[:2, :, np.newaxis]).sum(axis=2))
        states[step] = state - state.max(axis=-1, keepdims=True)  # the same results from smaller numbers
        pointers[step] = terms[2].argmax(axis=1)
    return states, pointers


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)
