"""The best sequences among those that a beam of hypotheses meets."""

from typing import NamedTuple

import tensorflow as tf

from nlpseq.decoding.arguments import check, prepared
from nlpseq.decoding.loop import Choice, decoded, search
from nlpseq.decoding.penalties import coverage_penalty as coverage_of
from nlpseq.decoding.penalties import length_penalty as penalty_of
from nlpseq.decoding.probabilities import log_total
from nlpseq.errors import InputError, in_range

NEVER = float("-inf")  # the score of what cannot be


def beam_search(
    step, states, start, end, max_length, min_length=0, beam_size=5, length_penalty=0.0,
    coverage_penalty=0.0, n_best=1, source_mask=None, padding=0,
):  # fmt: skip
    """Keeps the `beam_size` likeliest open hypotheses, and the `n_best` finished sequences.

        score(y) = log P(y) / lp(|y|) + cp                   (Wu et al. 2016, equation 14)
        lp(n) = ((5 + n) / 6) ^ length_penalty
        cp = coverage_penalty * sum_s log(min(sum_t a_ts, 1))

    |y| counts the symbols whose probability is in P, and so the end symbol; a_t is the
    attention of the step that gave the symbol t, over real source positions s.

    Each step ranks the continuations of all open hypotheses by log P. Those among the first
    `beam_size` that end are finished; the first `beam_size` of the others stay open. At
    `max_length` the open ones are finished as they are. The scores rank the finished.

    A sequence of the batch is done when no open hypothesis can beat its finished ones:
    log P only falls, lp only grows, and cp is never above 0, so no continuation of a hypothesis
    with log P = g scores above g / lp(max_length). As soon as that is no more than the score of
    the finished sequence in place `n_best`, going on would change nothing. This is exact for
    penalties of at least 0, the only ones allowed; and the tighter `max_length`, the sooner it
    comes.

    Args:
        step: Step function, `step(tokens, states) -> Step` (see `Step`), for
            `batch * beam_size` rows, those of a sequence side by side.
        states: Nest of tensors whose first dimension is the batch: the search repeats them
            for the hypotheses, and reorders them after each step.
        start: int, or int32 `(batch,)`: the symbol before the first.
        end: int, the symbol that ends a sequence.
        max_length: int, or int32 scalar or `(batch,)`: a sequence of as many ids ends there,
            without an end symbol.
        min_length: int, or int32 scalar or `(batch,)`: no end symbol before as many ids.
            Default 0.
        beam_size: Positive int; 1 without penalties is `greedy`. Default 5.
        length_penalty: float of at least 0, or scalar tensor. Default 0, lp = 1.
        coverage_penalty: float of at least 0; needs steps with attention. Default 0.
        n_best: int from 1 to `beam_size`, the number of sequences returned. Default 1.
        source_mask: Bool `(batch, source)`, True = real, for the coverage. Default None, all.
        padding: int, the id after the end. Default 0.

    Returns:
        `Decoded`, n = `n_best`. Where fewer sequences were found, the rest have the score
        -inf and the length 0.

    Raises:
        InputError: a number out of its range; a coverage penalty where steps have no attention.

    Example:

    >>> from nlpseq.decoding import Step
    >>> logits = tf.math.log([[0.0, 0.6, 0.4], [0.3, 0.4, 0.3], [0.9, 0.1, 0.0]])
    >>> step = lambda tokens, states: Step(tf.gather(logits, tokens), states)
    >>> found = beam_search(step, (), start=tf.constant([0]), end=0, max_length=5, beam_size=2, n_best=2)
    >>> found.ids.numpy().tolist(), found.lengths.numpy().tolist()
    ([[[2, 0], [1, 2]]], [[1, 2]])
    """
    in_range("beam_size", beam_size, 1)
    if not 1 <= n_best <= beam_size:
        raise InputError(f"n_best must be between 1 and the beam_size of {beam_size}, got {n_best}.")
    check(length_penalty, lambda value: in_range("length_penalty", value, 0))
    in_range("coverage_penalty", coverage_penalty, 0)
    start, end, max_length, min_length = prepared(states, start, end, max_length, min_length)
    alpha = tf.cast(length_penalty, tf.float32)
    rules = _Rules(end, max_length, min_length, beam_size, alpha, coverage_penalty, source_mask)

    def choose(time, logits, attention, carry):
        return _choose(rules, time, logits, attention, *carry)

    repeated = tf.nest.map_structure(lambda each: tf.repeat(each, beam_size, axis=0), states)
    carry = _first_beam(max_length, beam_size), _first_finished(max_length, n_best)
    most = tf.reduce_max(max_length)
    (_, finished), history = search(step, repeated, tf.repeat(start, beam_size), choose, carry, most)
    return _traced(history, finished, beam_size, padding)


class _Rules(NamedTuple):
    """What stays the same over time."""

    end: tf.Tensor
    max_length: tf.Tensor
    min_length: tf.Tensor
    beam_size: int
    length_penalty: tf.Tensor
    coverage_penalty: float
    source_mask: tf.Tensor | None


class _Beam(NamedTuple):
    """The open hypotheses, the likeliest first; log P = -inf is none.

    Attributes:
        log_probabilities: `(batch, beam_size)`.
        coverage: The sum of attention, `(batch, beam_size, source)`; zeros with a source
            of 1 before the first step, and where nothing asks for it.
    """

    log_probabilities: tf.Tensor
    coverage: tf.Tensor


class _Finished(NamedTuple):
    """The best finished sequences, the best first, each `(batch, n_best)`; score -inf is none.

    Attributes:
        scores, log_probabilities: float32.
        lengths: int32, without the end symbol.
        slots: int32, the place in the beam of the hypothesis, after as many steps.
    """

    scores: tf.Tensor
    log_probabilities: tf.Tensor
    lengths: tf.Tensor
    slots: tf.Tensor


def _first_beam(max_length, beam_size):
    """One hypothesis for each sequence; none where nothing may come."""
    first = (max_length > 0)[:, tf.newaxis] & (tf.range(beam_size) == 0)
    return _Beam(tf.where(first, 0.0, NEVER), tf.zeros([tf.shape(max_length)[0], beam_size, 1]))


def _first_finished(max_length, n_best):
    """The empty sequence where nothing may come; none elsewhere."""
    empty = (max_length == 0)[:, tf.newaxis] & (tf.range(n_best) == 0)
    scores, zeros = tf.where(empty, 0.0, NEVER), tf.zeros_like(empty, tf.int32)
    return _Finished(scores, scores, zeros, zeros)


def _choose(rules, time, logits, attention, beam, finished):
    """One step of all hypotheses."""
    size = rules.beam_size
    log_probabilities, tokens, parents = _continuations(rules, time, logits, beam)
    ended = tokens == rules.end
    penalties, coverage = _coverage(rules, attention, beam)

    ends = tf.where(ended, log_probabilities, NEVER)[:, :size]
    finished = _offered(rules, time, finished, ends, time, parents[:, :size], parents[:, :size], penalties)

    stay, places = tf.math.top_k(tf.where(ended, NEVER, log_probabilities), size)
    tokens, parents = (tf.gather(each, places, batch_dims=1) for each in (tokens, parents))
    cut = tf.where((rules.max_length == time + 1)[:, tf.newaxis], stay, NEVER)
    slots = tf.zeros_like(parents) + tf.range(size)
    finished = _offered(rules, time, finished, cut, time + 1, slots, parents, penalties)

    bound = stay[:, 0] / penalty_of(rules.max_length, rules.length_penalty)
    going = (time + 1 < rules.max_length) & (bound > finished.scores[:, -1])
    stay = tf.where(going[:, tf.newaxis], stay, NEVER)
    if rules.coverage_penalty:
        coverage = tf.gather(coverage, parents, batch_dims=1)
    rows = tf.range(tf.shape(parents)[0])[:, tf.newaxis] * size + parents
    tokens, rows = (tf.reshape(each, [-1]) for each in (tokens, rows))
    return Choice(tokens, rows, going, (_Beam(stay, coverage), finished))


def _continuations(rules, time, logits, beam):
    """The likeliest `2 * beam_size`: log P, tokens, parents. At most half of them end.

    The likeliest of all are among the likeliest of each row, so that only those need
    their probability.
    """
    size = rules.beam_size
    count = tf.minimum(2 * size, tf.shape(logits)[1])
    logits, tokens, totals = _likeliest(logits, count)
    batch = tf.shape(beam.log_probabilities)[0]
    totals = tf.reshape(beam.log_probabilities, [-1]) - totals
    too_short = tf.repeat(time < rules.min_length, size)[:, tf.newaxis]
    forbidden = too_short & (tokens == rules.end)
    values = tf.where(forbidden, NEVER, logits + totals[:, tf.newaxis])
    values, tokens = (tf.reshape(each, [batch, size * count]) for each in (values, tokens))
    values, places = tf.math.top_k(values, 2 * size)
    return values, tf.gather(tokens, places, batch_dims=1), places // count


def _likeliest(logits, count):
    """The `count` greatest logits of each row, their tokens, and `log sum exp` of the row."""
    values, tokens = tf.math.top_k(logits, count)
    return values, tokens, log_total(logits, values[:, 0])


def _coverage(rules, attention, beam):
    """cp of each hypothesis with the attention of this step, and its coverage."""
    if not rules.coverage_penalty:
        return tf.zeros_like(beam.log_probabilities), beam.coverage
    if attention is None:
        raise InputError("coverage_penalty needs attention, and the step function returns none.")
    batch, source = tf.shape(beam.coverage)[0], tf.shape(attention)[1]
    coverage = beam.coverage + tf.reshape(attention, [batch, rules.beam_size, source])
    mask = tf.ones([batch, source], bool) if rules.source_mask is None else rules.source_mask
    return coverage_of(coverage, mask, rules.coverage_penalty), coverage


def _offered(rules, time, finished, log_probabilities, length, slots, parents, penalties):
    """The best of the finished sequences and of more, which have `time + 1` symbols."""
    scores = log_probabilities / penalty_of(time + 1, rules.length_penalty)
    scores += tf.gather(penalties, parents, batch_dims=1)
    more = _Finished(scores, log_probabilities, tf.zeros_like(slots) + length, slots)
    both = _Finished(*(tf.concat(each, axis=1) for each in zip(finished, more)))
    scores, places = tf.math.top_k(both.scores, tf.shape(finished.scores)[1])
    rest = (tf.gather(each, places, batch_dims=1) for each in both[1:])
    return _Finished(scores, *rest)


def _traced(history, finished, size, padding):
    """Follows the finished sequences back through the beam, from their last symbols to the first."""
    lengths = tf.where(finished.scores > NEVER, finished.lengths, 0)
    time, batch = tf.shape(history.tokens)[0], tf.shape(lengths)[0]
    shape = [time, batch, size]
    tokens, parents = (tf.reshape(each, shape) for each in (history.tokens, history.parents % size))

    def back(slots, step):
        at, parents = step
        return tf.where(at < lengths, tf.gather(parents, slots, batch_dims=1), slots)

    # The slots before each step, and after it.
    before = tf.scan(back, (tf.range(time), parents), finished.slots, reverse=True)
    after = tf.concat([before[1:], finished.slots[tf.newaxis]], axis=0)
    attention = history.attention
    if attention is not None:
        attention = tf.reshape(attention, [*shape, tf.shape(attention)[-1]])
        attention = tf.gather(attention, before, batch_dims=2)
    tokens = tf.gather(tokens, after, batch_dims=2)
    return decoded(tokens, attention, lengths, finished.scores, finished.log_probabilities, padding)
