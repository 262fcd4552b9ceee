"""Beam search as `nlpseq.decoding.beam_search`, which documents it, with arrays of NumPy."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

NEVER = np.float64(-np.inf)  # of sums, which are float64
LEAST_COVERAGE = 1e-10  # of a position without attention, for a finite logarithm


class Decoded(NamedTuple):
    """The best sequences, the best first.

    Attributes:
        ids: A list of `n_best` lists of ids for each source, without start and end.
        scores: float32 `(batch, n_best)`.
        attention: For each id the weights `(source,)`, in lists as `ids`; None without attention.
    """

    ids: list[list[list[int]]]
    scores: np.ndarray
    attention: list[list[list[np.ndarray]]] | None


def beam_search(
    step: Callable,
    states: list[np.ndarray],
    *,
    start: int,
    end: int,
    max_length: np.ndarray,
    beam_size: int,
    n_best: int = 1,
    length_penalty: float = 0.0,
    coverage_penalty: float = 0.0,
    source_mask: np.ndarray | None = None,
) -> Decoded:
    """Keeps the `beam_size` most probable open hypotheses and the `n_best` finished sequences.

    Args:
        step: `(tokens, states) -> (logits, states, attention or None)` for `batch * beam_size` rows.
        states: First states, one row for each source.
        start, end: Ids.
        max_length: int `(batch,)`.
        length_penalty, coverage_penalty, source_mask: As of `nlpseq.decoding.beam_search`.
    """
    batch, size = len(max_length), beam_size
    states = [np.repeat(state, size, axis=0) for state in states]
    tokens = np.full(batch * size, start, np.int32)
    open_scores = np.where((max_length > 0)[:, None] & (np.arange(size) == 0), 0.0, NEVER)
    finished = _Finished.first(max_length, n_best)
    coverage: Any = np.zeros((batch, size, 1), np.float32)
    history, attended = [], []
    first_rows = np.arange(batch)[:, None] * size
    for time in range(max(1, max_length.max(initial=0))):
        logits, states, attention = step(tokens, states)
        values, ids, parents = _continuations(logits, open_scores, size)
        ended, penalties = ids == end, np.zeros((batch, size), np.float32)
        if attention is not None:
            attended.append(attention.reshape(batch, size, -1))
            if coverage_penalty:
                coverage = coverage + attended[-1]
                penalties = np.float32(coverage_penalty) * _log_coverage(coverage, source_mask)
        divisor = _divisor(time + 1, length_penalty)
        ends = np.where(ended, values, NEVER)[:, :size]
        finished = finished.insert(ends, divisor, time, parents[:, :size], parents[:, :size], penalties)
        best, (ids, parents) = _top(np.where(ended, NEVER, values), size, ids, parents)
        stopped = np.where((max_length == time + 1)[:, None], best, NEVER)
        slots = np.zeros_like(parents) + np.arange(size)
        finished = finished.insert(stopped, divisor, time + 1, slots, parents, penalties)
        bound = best[:, 0] / _divisor(1.0 * max_length, length_penalty)
        is_open = (time + 1 < max_length) & (bound > finished.scores[:, -1])
        open_scores = np.where(is_open[:, None], best, NEVER)
        if coverage_penalty:
            coverage = np.take_along_axis(coverage, parents[..., None], axis=1)
        rows = (first_rows + parents).ravel()
        states, tokens = [state[rows] for state in states], ids.ravel().astype(np.int32)
        history.append((ids, parents))
        if not is_open.any():
            break
    return _backtrace(history, attended, finished)


def _divisor(length, length_penalty):
    return ((5.0 + np.float32(length)) / np.float32(6.0)) ** np.float32(length_penalty)


def _log_coverage(coverage, source_mask):
    """The sum over the source of the logarithms of the coverage, `(batch, beam)`."""
    logs = np.log(np.clip(coverage, LEAST_COVERAGE, 1.0))
    mask = np.ones_like(coverage[:, 0], bool) if source_mask is None else source_mask
    return np.where(mask[:, None], logs, 0).sum(axis=-1)


class _Finished(NamedTuple):
    """The best finished sequences, `(batch, n_best)`: scores, lengths without the end, slots in the beam."""

    scores: np.ndarray
    lengths: np.ndarray
    slots: np.ndarray

    @classmethod
    def first(cls, max_length, n_best):
        """The empty sequence if `max_length` is 0; none otherwise."""
        empty = (max_length == 0)[:, None] & (np.arange(n_best) == 0)
        zeros = np.zeros(empty.shape, np.int64)
        return cls(np.where(empty, 0.0, NEVER), zeros, zeros)

    def insert(self, log_probabilities, divisor, length, slots, parents, penalties):
        """With those of candidates that are among the best."""
        scores = log_probabilities / divisor + np.take_along_axis(penalties, parents, axis=1)
        lengths = np.full(scores.shape, length)
        columns = [np.concatenate(pair, axis=1) for pair in zip(self, (scores, lengths, slots))]
        best, rest = _top(columns[0], self.scores.shape[1], *columns[1:])
        return _Finished(best, *rest)


def _top(values, count, *others):
    """The `count` greatest values of each row, the earlier of equal ones first, and the entries beside them."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(values, order, axis=1), [np.take_along_axis(other, order, axis=1) for other in others]


def _continuations(logits, open_scores, size):
    """The `2 * size` most probable continuations of each source: log P, tokens, parents."""
    batch, count = len(open_scores), min(2 * size, logits.shape[1])
    places = np.argpartition(-logits, count - 1, axis=1)[:, :count]
    places.sort(axis=1)  # of equal logits the lower id comes first
    best, (tokens,) = _top(np.take_along_axis(logits, places, axis=1), count, places)
    largest = best[:, :1]
    totals = np.log(np.exp(logits - largest).sum(axis=1)) + largest[:, 0]
    values = (best + (open_scores.ravel() - totals)[:, None]).reshape(batch, size * count)
    tokens = tokens.reshape(batch, size * count)
    parents = np.tile(np.repeat(np.arange(size), count), (batch, 1))
    values, (tokens, parents) = _top(values, 2 * size, tokens, parents)
    return values, tokens, parents


def _backtrace(history, attended, finished):
    """Follows the finished sequences back through the beam."""
    ids, attention = [], []
    for row, (scores, lengths, slots) in enumerate(zip(*finished)):
        for_source, weights = [], []
        for score, length, slot in zip(scores, lengths, slots):
            tokens, weighted = [], []
            for time in reversed(range(length if score > NEVER else 0)):
                token, parent = (int(values[row, slot]) for values in history[time])
                tokens.append(token)
                weighted += [attended[time][row, parent]] if attended else []
                slot = parent
            for_source.append(tokens[::-1])
            weights.append(weighted[::-1])
        ids.append(for_source)
        attention.append(weights)
    return Decoded(ids, finished.scores.astype(np.float32), attention if attended else None)
