"""Beam search."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import check_shape
from nlpseq.decoding.arguments import SEARCH, check, prepare
from nlpseq.decoding.contract import Decoded, Step
from nlpseq.decoding.loop import Choice, decoded, search
from nlpseq.decoding.penalties import coverage_penalty as coverage_of
from nlpseq.decoding.penalties import length_penalty as penalty_of
from nlpseq.decoding.probabilities import log_total
from nlpseq.errors import InputError, in_range

CERTAIN, NEVER = np.float64(0), np.float64("-inf")  # log P of the empty and of an impossible hypothesis


def beam_search(
    step: Callable[..., Step],
    states: Any,
    start,
    end,
    max_length,
    min_length=0,
    beam_size: int = 5,
    length_penalty=0.0,
    coverage_penalty: float = 0.0,
    n_best: int = 1,
    source_mask: tf.Tensor | None = None,
    padding: int = 0,
) -> Decoded:
    """Keeps the `beam_size` most probable open hypotheses and the `n_best` finished sequences.

        score(y) = log P(y) / lp(|y|) + cp                   (Wu et al. 2016, equation 14)
        lp(n) = ((5 + n) / 6) ^ length_penalty
        cp = coverage_penalty * sum_s log(min(sum_t a_ts, 1))

    |y| counts the tokens whose probability is in P, the end token included; a_t is the
    attention of the step that predicted token t, over real source positions s.

    Every step ranks the continuations of all open hypotheses by log P. Those among the first
    `beam_size` that end with `end` are finished; the first `beam_size` of the others stay
    open. At `max_length` open hypotheses are finished without an end token. Finished
    sequences are ranked by score.

    The search of a batch entry stops when no open hypothesis can enter its `n_best`: log P
    never increases, lp never decreases and cp <= 0, so that no continuation of a hypothesis
    with log P = g can score above g / lp(max_length). This bound is exact, because penalties
    must not be negative; a tight `max_length` makes the search stop earlier.

    log P is summed in float64: in float32, a sum of -300 has steps of 3e-5, which would order hypotheses
    whose logits differ by less.

    Args:
        step: Step function, `step(tokens, states) -> Step` (see `Step`), for
            `batch * beam_size` rows, those of one sequence adjacent.
        states: Nest of tensors whose first dimension is the batch; they are repeated for
            the hypotheses, and reordered after every step.
        start: int, or int32 `(batch,)`: the start token.
        end: int, the end token.
        max_length: int, or int32 scalar or `(batch,)`: the greatest length of a sequence,
            0 or more; a sequence of this length has no end token.
        min_length: int, or int32 scalar or `(batch,)`: the least length of a sequence,
            0 or more. Default 0.
        beam_size: Positive int; 1 without penalties is `greedy`. Default 5.
        length_penalty: float of at least 0, or scalar tensor. Default 0, lp = 1.
        coverage_penalty: float of at least 0; above 0 it requires steps with attention. Default 0.
        n_best: int from 1 to `beam_size`, the number of sequences returned. Default 1.
        source_mask: Bool `(batch, source)`, True = real, for the coverage. Default None, all real.
        padding: int, the id of the padding. Default 0.

    Returns:
        `Decoded`, n = `n_best`. If there are fewer sequences, the others have score -inf and
        length 0.

    Raises:
        InputError: an argument is out of its range; `coverage_penalty` without attention.

    Example:

    >>> from nlpseq.decoding import Step
    >>> logits = tf.math.log([[0.0, 0.6, 0.4], [0.3, 0.4, 0.3], [0.9, 0.1, 0.0]])
    >>> step = lambda tokens, states: Step(tf.gather(logits, tokens), states)
    >>> decoded = beam_search(step, (), start=tf.constant([0]), end=0, max_length=5, beam_size=2, n_best=2)
    >>> decoded.ids.numpy().tolist(), decoded.lengths.numpy().tolist()
    ([[[2, 0], [1, 2]]], [[1, 2]])
    """
    in_range("beam_size", beam_size, 1)
    if not 1 <= n_best <= beam_size:
        raise InputError(f"`n_best` must be between 1 and `beam_size` = {beam_size}, got {n_best}.")
    check(length_penalty, lambda value: in_range("length_penalty", value, 0))
    in_range("coverage_penalty", coverage_penalty, 0)
    start, end, max_length, min_length = prepare(states, start, end, max_length, min_length)
    if source_mask is not None:
        source_mask = tf.cast(source_mask, bool)
        check_shape(source_mask, [tf.shape(start)[0], None], "source_mask", "(batch, source)", SEARCH)
    alpha = tf.cast(length_penalty, tf.float32)
    options = _Options(end, max_length, min_length, beam_size, alpha, coverage_penalty, source_mask)

    def choose(time, logits, attention, carry):
        return _choose(options, time, logits, attention, *carry)

    repeated = tf.nest.map_structure(lambda state: tf.repeat(state, beam_size, axis=0), states)
    carry = _first_beam(max_length, beam_size), _first_finished(max_length, n_best)
    max_steps = tf.reduce_max(max_length)
    (_, finished), history = search(step, repeated, tf.repeat(start, beam_size), choose, carry, max_steps)
    return _backtrace(history, finished, beam_size, padding)


class _Options(NamedTuple):
    """Constants of the search."""

    end: tf.Tensor
    max_length: tf.Tensor
    min_length: tf.Tensor
    beam_size: int
    length_penalty: tf.Tensor
    coverage_penalty: float
    source_mask: tf.Tensor | None


class _Beam(NamedTuple):
    """The open hypotheses, the most probable first; log P = -inf marks an empty slot.

    Attributes:
        log_probabilities: float64 `(batch, beam_size)`.
        coverage: The sum of attention, `(batch, beam_size, source)`; `(batch, beam_size, 1)`
            zeros before the first step and without coverage penalty.
    """

    log_probabilities: tf.Tensor
    coverage: tf.Tensor


class _Finished(NamedTuple):
    """The best finished sequences, the best first, all `(batch, n_best)`; score -inf marks an empty slot.

    Attributes:
        scores, log_probabilities: float64.
        lengths: int32, without the end token.
        slots: int32, index in the beam of the hypothesis after `lengths` steps.
    """

    scores: tf.Tensor
    log_probabilities: tf.Tensor
    lengths: tf.Tensor
    slots: tf.Tensor


def _first_beam(max_length, beam_size):
    """One empty hypothesis per batch entry; none if `max_length` is 0."""
    first = (max_length > 0)[:, tf.newaxis] & (tf.range(beam_size) == 0)
    return _Beam(tf.where(first, CERTAIN, NEVER), tf.zeros([tf.shape(max_length)[0], beam_size, 1]))


def _first_finished(max_length, n_best):
    """The empty sequence if `max_length` is 0; none otherwise."""
    empty = (max_length == 0)[:, tf.newaxis] & (tf.range(n_best) == 0)
    scores, zeros = tf.where(empty, CERTAIN, NEVER), tf.zeros_like(empty, tf.int32)
    return _Finished(scores, scores, zeros, zeros)


def _choose(options, time, logits, attention, beam, finished):
    """Extends all hypotheses by one token."""
    size = options.beam_size
    log_probabilities, tokens, parents = _continuations(options, time, logits, beam)
    ended = tokens == options.end
    penalties, coverage = _coverage(options, attention, beam)

    ends = tf.where(ended, log_probabilities, NEVER)[:, :size]
    finished = _insert(options, time, finished, ends, time, parents[:, :size], parents[:, :size], penalties)

    remaining, indices = tf.math.top_k(tf.where(ended, NEVER, log_probabilities), size)
    tokens, parents = (tf.gather(values, indices, batch_dims=1) for values in (tokens, parents))
    stopped = tf.where((options.max_length == time + 1)[:, tf.newaxis], remaining, NEVER)
    slots = tf.zeros_like(parents) + tf.range(size)
    finished = _insert(options, time, finished, stopped, time + 1, slots, parents, penalties)

    bound = remaining[:, 0] / _divisor(options, options.max_length)
    is_open = (time + 1 < options.max_length) & (bound > finished.scores[:, -1])
    remaining = tf.where(is_open[:, tf.newaxis], remaining, NEVER)
    if options.coverage_penalty:
        coverage = tf.gather(coverage, parents, batch_dims=1)
    rows = tf.range(tf.shape(parents)[0])[:, tf.newaxis] * size + parents
    tokens, rows = (tf.reshape(values, [-1]) for values in (tokens, rows))
    return Choice(tokens, rows, is_open, (_Beam(remaining, coverage), finished))


def _continuations(options, time, logits, beam):
    """The `2 * beam_size` most probable continuations: log P, tokens, parents. At most half of them end.

    They are among the most probable ones of every row, so that only those are scored.
    """
    size = options.beam_size
    count = tf.minimum(2 * size, tf.shape(logits)[1])
    logits, tokens, totals = _top(logits, count)
    batch = tf.shape(beam.log_probabilities)[0]
    logits, totals = (tf.cast(values, tf.float64) for values in (logits, totals))
    totals = tf.reshape(beam.log_probabilities, [-1]) - totals
    too_short = tf.repeat(time < options.min_length, size)[:, tf.newaxis]
    forbidden = too_short & (tokens == options.end)
    values = tf.where(forbidden, NEVER, logits + totals[:, tf.newaxis])
    values, tokens = (tf.reshape(array, [batch, size * count]) for array in (values, tokens))
    values, indices = tf.math.top_k(values, 2 * size)
    return values, tf.gather(tokens, indices, batch_dims=1), indices // count


def _top(logits, count):
    """The `count` greatest logits of every row, their tokens, and log sum exp of the row."""
    values, tokens = tf.math.top_k(logits, count)
    return values, tokens, log_total(logits, values[:, 0])


def _coverage(options, attention, beam):
    """cp of every hypothesis with the attention of this step, and its coverage."""
    if not options.coverage_penalty:
        return tf.zeros_like(beam.log_probabilities, tf.float32), beam.coverage
    if attention is None:
        raise InputError("`coverage_penalty` requires attention: the step function returns none.")
    batch, source = tf.shape(beam.coverage)[0], tf.shape(attention)[1]
    coverage = beam.coverage + tf.reshape(attention, [batch, options.beam_size, source])
    mask = tf.ones([batch, source], bool) if options.source_mask is None else options.source_mask
    check_shape(mask, [None, attention.shape[1]], "source_mask", "(batch, source)", SEARCH)
    return coverage_of(coverage, mask, options.coverage_penalty), coverage


def _insert(options, time, finished, log_probabilities, length, slots, parents, penalties):
    """Merges candidates of `time + 1` tokens into the finished sequences and keeps the best."""
    scores = log_probabilities / _divisor(options, time + 1)
    scores += tf.cast(tf.gather(penalties, parents, batch_dims=1), tf.float64)
    candidates = _Finished(scores, log_probabilities, tf.zeros_like(slots) + length, slots)
    merged = _Finished(*(tf.concat(pair, axis=1) for pair in zip(finished, candidates)))
    scores, indices = tf.math.top_k(merged.scores, tf.shape(finished.scores)[1])
    rest = (tf.gather(values, indices, batch_dims=1) for values in merged[1:])
    return _Finished(scores, *rest)


def _divisor(options, count):
    """lp of a number of tokens, float64."""
    return tf.cast(penalty_of(count, options.length_penalty), tf.float64)


def _backtrace(history, finished, size, padding):
    """Follows the finished sequences back through the beam, from the last token to the first."""
    lengths = tf.where(finished.scores > NEVER, finished.lengths, 0)
    time, batch = tf.shape(history.tokens)[0], tf.shape(lengths)[0]
    shape = [time, batch, size]
    tokens, parents = (tf.reshape(values, shape) for values in (history.tokens, history.parents % size))

    def back(slots, step):
        position, parents = step
        return tf.where(position < lengths, tf.gather(parents, slots, batch_dims=1), slots)

    # The slots before and after every step. A scan with `reverse` writes from the end, which tf2onnx ignores.
    steps = tf.range(time)[::-1], tf.reverse(parents, [0])
    before = tf.reverse(tf.scan(back, steps, finished.slots), [0])
    after = tf.concat([before[1:], finished.slots[tf.newaxis]], axis=0)
    attention = history.attention
    if attention is not None:
        attention = tf.reshape(attention, [*shape, tf.shape(attention)[-1]])
        attention = tf.gather(attention, before, batch_dims=2)
    tokens = tf.gather(tokens, after, batch_dims=2)
    scores = (tf.cast(values, tf.float32) for values in (finished.scores, finished.log_probabilities))
    return decoded(tokens, attention, lengths, *scores, padding)
