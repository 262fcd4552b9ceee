"""Dynamic programs over linear chains: sums over all tag sequences, and the best ones.

The score of a sequence y_1 ... y_T of a chain is

    s(y) = b_{y_1} + sum_t e_t(y_t) + sum_{t>1} A_{y_{t-1}, y_t} + f_{y_T}

with emissions e `(batch, time, tags)`, transitions A `(tags, tags)`, and scores b and f
of the first and of the last tag `(tags,)`. Steps that a mask leaves out are as if they
were not there; a chain of no steps has one sequence, the empty one, of score 0.
Impossible tags and transitions have the score `IMPOSSIBLE`.
"""

import functools
from typing import NamedTuple

import tensorflow as tf

from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import Rule, over_time

IMPOSSIBLE = -1e4
SMALLEST, LARGEST = 1e-37, 80.0  # of what is logged, and of an exponent


class Potentials(NamedTuple):
    """The scores of a chain that do not depend on the input.

    Attributes:
        transitions: A `(tags, tags)`, from the row to the column.
        first, last: b and f, `(tags,)`.
    """

    transitions: tf.Tensor
    first: tf.Tensor
    last: tf.Tensor


def score(tags, emissions, mask, potentials):
    """`s(y)`, `(batch,)`, of the tags, int32 `(batch, time)`."""
    emitted = tf.gather(emissions, tags, batch_dims=2)
    started = tf.where(_inner(mask), 0.0, tf.gather(potentials.first, tags))
    ended = tf.where(_ends(mask), tf.gather(potentials.last, tags), 0.0)
    steps = tf.reduce_sum(tf.where(mask, emitted + started + ended, 0.0), axis=1)
    # The transitions: without the steps between that are not real.
    order = tf.argsort(tf.cast(~mask, tf.int32), axis=1, stable=True)
    tags, mask = (tf.gather(each, order, batch_dims=1) for each in (tags, mask))
    pairs = tags[:, :-1] * emissions.shape[-1] + tags[:, 1:]
    moved = tf.gather(tf.reshape(potentials.transitions, [-1]), pairs)
    return steps + tf.reduce_sum(tf.where(mask[:, 1:], moved, 0.0), axis=1)


def log_partition(emissions, mask, potentials, training=False):
    """`log Z = log sum_y exp s(y)`, `(batch,)`, with its gradients by forward-backward.

    The gradient with respect to a score is the expected number of times that it is used.
    """
    loops = _loops(should_compile("auto", training, emissions), emissions.shape[-1])

    @tf.custom_gradient
    def partition(*sources):
        emissions, transitions, first, last = map(tf.stop_gradient, sources)
        potentials = Potentials(transitions, first, last)
        alpha, end = loops.forward(emissions, mask, potentials)
        some = tf.reduce_any(mask, axis=1)
        total = tf.where(some, tf.reduce_logsumexp(end + last, axis=-1), 0.0)

        def gradient(d_total):
            after = loops.backward(emissions, mask, potentials)
            weight = d_total[:, tf.newaxis]
            found = weight[..., tf.newaxis] * _marginals(alpha, after, mask, total)
            starts = tf.cast(mask & ~_inner(mask), found.dtype)
            ended = tf.where(some[:, tf.newaxis], tf.exp(end + last - total[:, tf.newaxis]), 0.0)
            d_transitions = _pairs(emissions, mask, transitions, alpha, after, total, weight)
            d_first = tf.einsum("bti,bt->i", found, starts)
            return found, d_transitions, d_first, tf.reduce_sum(weight * ended, axis=0)

        return total, first_only(gradient, sources, "run the forward algorithm in tf.scan")

    return partition(emissions, *potentials)


def marginals(emissions, mask, potentials):
    """`P(y_t = i)`, `(batch, time, tags)`; zero at steps that the mask leaves out."""
    loops = _loops(False, emissions.shape[-1])
    alpha, end = loops.forward(emissions, mask, potentials)
    total = tf.reduce_logsumexp(end + potentials.last, axis=-1)
    return _marginals(alpha, loops.backward(emissions, mask, potentials), mask, total)


def best(emissions, mask, potentials, count=1):
    """The `count` best sequences (Viterbi 1967; list Viterbi for more than one).

    Returns:
        `(tags, scores)`: int32 `(batch, count, time)`, 0 at steps that the mask leaves
        out; and `s(y)` `(batch, count)`, best first. Where there are fewer sequences
        than `count`, the scores of the rest are `IMPOSSIBLE` or less.
    """
    time = tf.shape(emissions)[1]
    emissions, mask = tf.pad(emissions, [[0, 0], [0, 1], [0, 0]]), tf.pad(mask, [[0, 0], [0, 1]])
    # A state is a tag and the rank of a way to it: (batch, tags * count).
    batch, tags = tf.shape(emissions)[0], emissions.shape[-1]
    states = tags * count
    layout = Layout(1, in_place=False)
    rule, steps = Rule(None, 0, layout), layout.steps(emissions)
    moves = tf.repeat(tf.transpose(potentials.transitions), count, axis=1)  # to, from and rank
    only = tf.where(tf.range(states) % count == 0, 0.0, 2 * IMPOSSIBLE)  # one way to begin
    stay = tf.tile(tf.range(states)[tf.newaxis], [batch, 1])

    def step(at, slices, carry):
        scores, pointers = carry
        emitted, real, inner = slices
        top, origin = tf.math.top_k(scores[:, tf.newaxis] + moves, count)
        moved = tf.reshape(top + emitted[..., tf.newaxis], [batch, states])
        begun = tf.repeat(potentials.first + emitted, count, axis=1) + only
        real, inner = real[:, tf.newaxis], inner[:, tf.newaxis]
        pointer = tf.where(inner, tf.reshape(origin, [batch, states]), stay)
        scores = tf.where(real, tf.where(inner, moved, begun), scores)
        return scores, pointers.write(at, pointer)

    carry = (tf.zeros([batch, states]), tf.TensorArray(tf.int32, size=steps))
    sequences = (emissions, mask, _inner(mask))
    scores, pointers = over_time(rule, step, carry, sequences)
    some = tf.reduce_any(mask, axis=1, keepdims=True)
    empty = tf.where(tf.range(states) == 0, 0.0, 2 * IMPOSSIBLE)
    scores = tf.where(some, scores + tf.repeat(potentials.last, count), empty)
    scores, end = tf.math.top_k(scores, count)

    def back(at, slices, carry):
        state, found = carry
        pointer, real = slices
        tag = tf.where(real[:, tf.newaxis], state // count, 0)
        return tf.gather(pointer, state, batch_dims=1), found.write(at, tag)

    found = tf.TensorArray(tf.int32, size=steps, element_shape=[None, count])
    pointers = tf.ensure_shape(layout.written(pointers, steps), [None, None, states])
    _, found = over_time(rule, back, (end, found), (pointers, mask), back=True)
    return tf.transpose(found.stack(), [1, 2, 0])[..., :time], scores


class _Loops(NamedTuple):
    forward: tf.types.experimental.GenericFunction
    backward: tf.types.experimental.GenericFunction


@functools.cache
def _loops(xla, tags):
    """The two passes for a number of tags, which stays known, compiled with XLA or not."""
    layout = Layout(1, in_place=xla)
    options = {"jit_compile": xla or None, "autograph": False, "reduce_retracing": not xla}
    return _Loops(*(tf.function(functools.partial(each, layout), **options) for each in (_forward, _backward)))


def _forward(layout, emissions, mask, potentials):
    """alpha `(batch, time, tags)`, the log of the sum over all ways to each tag; and its end."""
    moves, steps = tf.exp(potentials.transitions), layout.steps(emissions)

    def step(at, slices, carry):
        alpha, written = carry
        emitted, real, inner = slices
        new = tf.where(inner[:, tf.newaxis], _log_product(alpha, moves), potentials.first)
        alpha = tf.where(real[:, tf.newaxis], new + emitted, alpha)
        return alpha, layout.write(written, at, alpha)

    start = tf.zeros([tf.shape(emissions)[0], emissions.shape[-1]])
    carry = (start, layout.empty(steps, start, tf.float32))
    sequences = (emissions, mask, _inner(mask))
    end, written = over_time(Rule(None, 0, layout), step, carry, sequences)
    return layout.written(written, steps), end


def _backward(layout, emissions, mask, potentials):
    """beta `(batch, time, tags)`, the log of the sum over all ways from each tag to the end."""
    moves, steps = tf.exp(tf.transpose(potentials.transitions)), layout.steps(emissions)

    def step(at, slices, carry):
        beta, written = carry
        emitted, inner = slices
        written = layout.write(written, at, beta)
        return tf.where(inner[:, tf.newaxis], _log_product(emitted + beta, moves), beta), written

    end = tf.tile(potentials.last[tf.newaxis], [tf.shape(emissions)[0], 1])
    carry = (end, layout.empty(steps, end, tf.float32))
    sequences = (emissions, _inner(mask))
    _, written = over_time(Rule(None, 0, layout), step, carry, sequences, back=True)
    return layout.written(written, steps)


def _log_product(rows, matrix):
    """`log(exp(rows) @ matrix)`, `(batch, tags)`, each row scaled by its largest."""
    largest = tf.reduce_max(rows, axis=-1, keepdims=True)
    product = tf.matmul(tf.exp(rows - largest), matrix)
    return tf.math.log(tf.maximum(product, SMALLEST)) + largest


def _marginals(alpha, beta, mask, total):
    """`P(y_t = i)`, `(batch, time, tags)`."""
    found = tf.exp(alpha + beta - total[:, tf.newaxis, tf.newaxis])
    return tf.where(mask[..., tf.newaxis], found, 0.0)


def _pairs(emissions, mask, transitions, alpha, beta, total, weight):
    """The expected number of each transition, `(tags, tags)`: one product over all steps."""
    layout = Layout(1, in_place=False)
    before = layout.shifted(tf.zeros_like(alpha[:, 0]), alpha, reverse=False)
    largest = tf.reduce_max(before, axis=-1, keepdims=True)
    rest = emissions + beta + largest - total[:, tf.newaxis, tf.newaxis]
    weight = tf.where(_inner(mask), weight, 0.0)[..., tf.newaxis]
    counts = tf.einsum("bti,btj->ij", tf.exp(before - largest), weight * tf.exp(tf.minimum(rest, LARGEST)))
    return counts * tf.exp(transitions)


def _inner(mask):
    """Whether a step is real and not the first."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True) > 0)


def _ends(mask):
    """Whether a step is the last that is real."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True, reverse=True) == 0)
