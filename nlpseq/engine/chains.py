"""Dynamic programs over linear chains: sums over all tag sequences, and the best sequences.

The score of a sequence y_1 ... y_T of a chain is

    s(y) = b_{y_1} + sum_t e_t(y_t) + sum_{t>1} A_{y_{t-1}, y_t} + f_{y_T}

with emissions e `(batch, time, tags)`, transitions A `(tags, tags)`, and scores b and f
of the first and of the last tag `(tags,)`. Masked steps are skipped, as if they did not
exist; a chain of no steps has one sequence, the empty one, with score 0. Impossible tags
and transitions have the score `IMPOSSIBLE`, minus infinity. All sums of exponentials are
computed from the largest term, so that scores of any size are exact.
"""

import functools
import math
from typing import NamedTuple

import tensorflow as tf

from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec, scan_steps

IMPOSSIBLE = -math.inf


class Potentials(NamedTuple):
    """The scores of a chain that do not depend on the input.

    Attributes:
        transitions: A `(tags, tags)`, from the row to the column.
        first, last: b and f, `(tags,)`.
    """

    transitions: tf.Tensor
    first: tf.Tensor
    last: tf.Tensor


def score(tags: tf.Tensor, emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials) -> tf.Tensor:
    """`s(y)`, `(batch,)`, of the tags, int32 `(batch, time)`."""
    emitted = tf.gather(emissions, tags, batch_dims=2)
    first = tf.where(_not_first(mask), 0.0, tf.gather(potentials.first, tags))
    last = tf.where(_is_last(mask), tf.gather(potentials.last, tags), 0.0)
    steps = tf.reduce_sum(tf.where(mask, emitted + first + last, 0.0), axis=1)
    # The transitions, without the masked steps in between.
    order = tf.argsort(tf.cast(~mask, tf.int32), axis=1, stable=True)
    tags, mask = tf.gather(tags, order, batch_dims=1), tf.gather(mask, order, batch_dims=1)
    pairs = tags[:, :-1] * emissions.shape[-1] + tags[:, 1:]
    transitions = tf.gather(tf.reshape(potentials.transitions, [-1]), pairs)
    return steps + tf.reduce_sum(tf.where(mask[:, 1:], transitions, 0.0), axis=1)


def log_partition(emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials, training: bool = False) -> tf.Tensor:
    """`log Z = log sum_y exp s(y)`, `(batch,)`, with its gradients by forward-backward.

    The gradient with respect to a score is the expected number of times that it is used; where
    no sequence is possible, log Z is `IMPOSSIBLE` and its gradients are zero.

    Raises:
        NotImplementedError: a second derivative is computed.
    """
    loops = _loops(should_compile("auto", training, emissions), emissions.shape[-1])

    @custom_gradient
    def partition(*sources):
        emissions, transitions, first, last = map(tf.stop_gradient, sources)
        potentials = Potentials(transitions, first, last)
        alpha, end = loops.forward(emissions, mask, potentials)
        total = _total(end + last, mask)

        def gradient(d_total):
            weight = tf.where(total > IMPOSSIBLE, d_total, 0.0)[:, tf.newaxis]
            beta, d_transitions = loops.backward(emissions, mask, potentials, alpha, total, weight)
            d_emissions = weight[..., tf.newaxis] * _marginals(alpha, beta, mask, total)
            is_first = tf.cast(mask & ~_not_first(mask), d_emissions.dtype)
            d_first = tf.einsum("bti,bt->i", d_emissions, is_first)
            d_last = _marginals(end[:, tf.newaxis], last, tf.reduce_any(mask, axis=1, keepdims=True), total)[:, 0]
            return d_emissions, d_transitions, d_first, tf.reduce_sum(weight * d_last, axis=0)

        return total, first_only(gradient, sources, "run the forward algorithm in tf.scan")

    return partition(emissions, *potentials)


def marginals(emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials) -> tf.Tensor:
    """`P(y_t = i)`, `(batch, time, tags)`; zero at masked steps, and where no sequence is possible."""
    loops = _loops(False, emissions.shape[-1])
    alpha, end = loops.forward(emissions, mask, potentials)
    total = _total(end + potentials.last, mask)
    beta, _ = loops.backward(emissions, mask, potentials, alpha, total, tf.zeros_like(total)[:, tf.newaxis])
    return _marginals(alpha, beta, mask, total)


def best(emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials, count: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
    """The `count` best sequences (Viterbi 1967; list Viterbi for more than one).

    Returns:
        `(tags, scores)`: int32 `(batch, count, time)`, 0 at masked steps; and `s(y)`
        `(batch, count)`, best first. If there are fewer sequences than `count`, the other
        scores are `IMPOSSIBLE`, and the tags beside them mean nothing.
    """
    time = tf.shape(emissions)[1]
    emissions, mask = tf.pad(emissions, [[0, 0], [0, 1], [0, 0]]), tf.pad(mask, [[0, 0], [0, 1]])
    # A state is a tag and the rank of a path to it: (batch, tags * count).
    batch, tags = tf.shape(emissions)[0], emissions.shape[-1]
    states = tags * count
    layout = Layout(1, preallocate=False)
    spec, steps = StepSpec(None, 0, layout), layout.steps(emissions)
    incoming = tf.repeat(tf.transpose(potentials.transitions), count, axis=1)  # to, from and rank
    first_rank = tf.where(tf.range(states) % count == 0, 0.0, IMPOSSIBLE)  # one path to each first tag
    identity = tf.tile(tf.range(states)[tf.newaxis], [batch, 1])

    def step(at, slices, carry):
        scores, pointers = carry
        emitted, real, inner = slices
        top, origin = tf.math.top_k(scores[:, tf.newaxis] + incoming, count)
        moved = tf.reshape(top + emitted[..., tf.newaxis], [batch, states])
        started = tf.repeat(potentials.first + emitted, count, axis=1) + first_rank
        real, inner = real[:, tf.newaxis], inner[:, tf.newaxis]
        pointer = tf.where(inner, tf.reshape(origin, [batch, states]), identity)
        scores = tf.where(real, tf.where(inner, moved, started), scores)
        return scores, pointers.write(at, pointer)

    carry = (tf.zeros([batch, states]), tf.TensorArray(tf.int32, size=steps))
    scores, pointers = scan_steps(spec, step, carry, (emissions, mask, _not_first(mask)))
    not_empty = tf.reduce_any(mask, axis=1, keepdims=True)
    empty = tf.where(tf.range(states) == 0, 0.0, IMPOSSIBLE)
    scores = tf.where(not_empty, scores + tf.repeat(potentials.last, count), empty)
    scores, end = tf.math.top_k(scores, count)

    def follow(at, slices, carry):
        state, path = carry
        pointer, real = slices
        tag = tf.where(real[:, tf.newaxis], state // count, 0)
        return tf.gather(pointer, state, batch_dims=1), path.write(at, tag)

    path = tf.TensorArray(tf.int32, size=steps, element_shape=[None, count])
    pointers = tf.ensure_shape(layout.finish(pointers, steps, reverse=False), [None, None, states])
    _, path = scan_steps(spec, follow, (end, path), (pointers, mask), backward=True)
    path = layout.finish(path, steps, reverse=True)  # (batch, time, count)
    return tf.transpose(path, [0, 2, 1])[..., :time], scores


class _Loops(NamedTuple):
    forward: tf.types.experimental.GenericFunction
    backward: tf.types.experimental.GenericFunction


@functools.cache
def _loops(xla, tags):
    """Both passes for a number of tags, which stays static, compiled with XLA or not."""
    layout = Layout(1, preallocate=xla)
    options = {"jit_compile": xla or None, "autograph": False, "reduce_retracing": not xla}
    return _Loops(*(tf.function(functools.partial(loop, layout), **options) for loop in (_forward, _backward)))


def _forward(layout, emissions, mask, potentials):
    """alpha `(batch, time, tags)`, the log of the sum over all paths to each tag; and its last value."""
    steps = layout.steps(emissions)

    def step(at, slices, carry):
        alpha, written = carry
        emitted, real, inner = slices
        arrived = tf.reduce_logsumexp(alpha[:, :, tf.newaxis] + potentials.transitions, axis=1)
        new = tf.where(inner[:, tf.newaxis], arrived, potentials.first)
        alpha = tf.where(real[:, tf.newaxis], new + emitted, alpha)
        return alpha, layout.write(written, at, alpha)

    start = tf.zeros([tf.shape(emissions)[0], emissions.shape[-1]])
    carry = (start, layout.empty(steps, start, tf.float32))
    sequences = (emissions, mask, _not_first(mask))
    end, written = scan_steps(StepSpec(None, 0, layout), step, carry, sequences)
    return layout.finish(written, steps, reverse=False), end


def _backward(layout, emissions, mask, potentials, alpha, total, weight):
    """beta `(batch, time, tags)`, the log of the sum over all paths from each tag to the end.

    With it the number of uses of each transition, `(tags, tags)`, that is expected with a weight for each row.
    """
    steps, total = layout.steps(emissions), _finite(total)[:, tf.newaxis]
    before = layout.previous(tf.zeros_like(alpha[:, 0]), alpha, reverse=False)

    def step(at, slices, carry):
        beta, counts, written = carry
        emitted, inner, alpha = slices
        written = layout.write(written, at, beta)
        scores = potentials.transitions + (emitted + beta)[:, tf.newaxis]  # (batch, from, to)
        largest = _finite(tf.reduce_max(scores, axis=2))
        shares = tf.exp(scores - largest[..., tf.newaxis])
        inner = inner[:, tf.newaxis]
        uses = tf.where(inner, weight * tf.exp(alpha + largest - total), 0.0)
        beta = tf.where(inner, tf.math.log(tf.reduce_sum(shares, axis=2)) + largest, beta)
        return beta, counts + tf.reduce_sum(uses[..., tf.newaxis] * shares, axis=0), written

    end = tf.tile(potentials.last[tf.newaxis], [tf.shape(emissions)[0], 1])
    carry = (end, tf.zeros_like(potentials.transitions), layout.empty(steps, end, tf.float32))
    sequences = (emissions, _not_first(mask), before)
    _, counts, written = scan_steps(StepSpec(None, 0, layout), step, carry, sequences, backward=True)
    return layout.finish(written, steps, reverse=True), counts


def _total(scores, mask):
    """log Z from the scores at the end of each chain."""
    return tf.where(tf.reduce_any(mask, axis=1), tf.reduce_logsumexp(scores, axis=-1), 0.0)


def _marginals(alpha, beta, mask, total):
    """`P(y_t = i)`, `(batch, time, tags)`."""
    probabilities = tf.exp(alpha + beta - _finite(total)[:, tf.newaxis, tf.newaxis])
    return tf.where(mask[..., tf.newaxis], probabilities, 0.0)


def _finite(scores):
    """The scores, zero for impossible ones, whose differences would not be numbers."""
    return tf.where(scores > IMPOSSIBLE, scores, 0.0)


def _not_first(mask):
    """Whether a step is real and not the first real one."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True) > 0)


def _is_last(mask):
    """Whether a step is the last real one."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True, reverse=True) == 0)
