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

from nlpseq.cells.products import flatten_rows
from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec, scan_steps
from nlpseq.engine.scans import Scan

IMPOSSIBLE = -math.inf
LOWEST = -80.0  # whose exponential is a normal float32


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
    compiled = should_compile("auto", training, emissions)

    @custom_gradient
    def partition(*sources):
        emissions, transitions, first, last = map(tf.stop_gradient, sources)
        potentials = Potentials(transitions, first, last)
        alpha, end = _forward(emissions, mask, potentials, compiled)
        total = _total(end + last, mask)

        def gradient(d_total):
            weight = tf.where(total > IMPOSSIBLE, d_total, 0.0)[:, tf.newaxis]
            beta = _backward(emissions, mask, potentials, compiled)
            d_transitions = _pairs(emissions, mask, transitions, alpha, beta, total, weight)
            d_emissions = weight[..., tf.newaxis] * _marginals(alpha, beta, mask, total[:, tf.newaxis])
            is_first = tf.cast(mask & ~_not_first(mask), d_emissions.dtype)
            d_first = tf.reduce_sum(d_emissions * is_first[..., tf.newaxis], axis=[0, 1])
            not_empty = tf.reduce_any(mask, axis=1, keepdims=True)
            d_last = _marginals(end[:, tf.newaxis], last, not_empty, total[:, tf.newaxis])[:, 0]
            return d_emissions, d_transitions, d_first, tf.reduce_sum(weight * d_last, axis=0)

        return total, first_only(gradient, sources, "run the forward algorithm in tf.scan")

    return partition(emissions, *potentials)


def marginals(emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials) -> tf.Tensor:
    """`P(y_t = i)`, `(batch, time, tags)`; zero at masked steps, and where no sequence is possible."""
    alpha, _ = _forward(emissions, mask, potentials, compiled=False, scan=_scaled_forward_scan)
    scores = alpha + _backward(emissions, mask, potentials, compiled=False, scan=_scaled_backward_scan)
    return _marginals(scores, 0.0, mask, tf.reduce_logsumexp(scores, axis=-1))


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
    layout = Layout(1)
    spec, steps = StepSpec(None, 0, layout), layout.steps(emissions)
    incoming = tf.repeat(tf.transpose(potentials.transitions), count, axis=1)  # to, from and rank
    first_rank = tf.where(tf.range(states) % count == 0, 0.0, IMPOSSIBLE)  # one path to each first tag
    identity = tf.tile(tf.range(states)[tf.newaxis], [batch, 1])

    def step(at, slices, carry):
        scores, offsets, pointers = carry  # scores are counted from the largest, as in `_scaled`
        emitted, real, inner = slices
        top, origin = tf.math.top_k(scores[:, tf.newaxis] + incoming, count)
        moved = tf.reshape(top + emitted[..., tf.newaxis], [batch, states])
        started = tf.repeat(potentials.first + emitted, count, axis=1) + first_rank
        real, inner = real[:, tf.newaxis], inner[:, tf.newaxis]
        pointer = tf.where(inner, tf.reshape(origin, [batch, states]), identity)
        scores = tf.where(real, tf.where(inner, moved, started), scores)
        largest = _largest(scores)
        return scores - largest, offsets + largest, pointers.write(at, pointer)

    carry = (tf.zeros([batch, states]), tf.zeros([batch, 1]), tf.TensorArray(tf.int32, size=steps))
    scores, offsets, pointers = scan_steps(spec, step, carry, (emissions, mask, _not_first(mask)))
    not_empty = tf.reduce_any(mask, axis=1, keepdims=True)
    empty = tf.where(tf.range(states) == 0, 0.0, IMPOSSIBLE)
    scores = tf.where(not_empty, scores + tf.repeat(potentials.last, count), empty)
    scores, end = tf.math.top_k(scores, count)
    scores += offsets

    def follow(at, slices, carry):
        state, path = carry
        pointer, real = slices
        tag = tf.where(real[:, tf.newaxis], state // count, 0)
        return tf.gather(pointer, state, batch_dims=1), path.write(at, tag)

    path = tf.TensorArray(tf.int32, size=steps, element_shape=[None, count])
    pointers = tf.ensure_shape(layout.finish(pointers, reverse=False), [None, None, states])
    _, path = scan_steps(spec, follow, (end, path), (pointers, mask), backward=True)
    path = layout.finish(path, reverse=True)  # (batch, time, count)
    return tf.transpose(path, [0, 2, 1])[..., :time], scores


def _forward(emissions, mask, potentials, compiled, scan=None):
    """alpha `(batch, time, tags)`, the log of the sum over all paths to each tag; and its last value."""
    sequences, start = [emissions, mask, _not_first(mask)], tf.zeros([tf.shape(emissions)[0], emissions.shape[-1]])
    constants = [potentials.transitions, potentials.first]
    return _run(scan or _forward_scan, sequences, start, constants, compiled=compiled)


def _backward(emissions, mask, potentials, compiled, scan=None):
    """beta `(batch, time, tags)`, the log of the sum over all paths from each tag to the end."""
    end = tf.tile(potentials.last[tf.newaxis], [tf.shape(emissions)[0], 1])
    sequences, moves = [emissions, _not_first(mask)], tf.transpose(potentials.transitions)
    return _run(scan or _backward_scan, sequences, end, [moves], reverse=True, compiled=compiled)[0]


def _run(scan, sequences, start, constants, reverse=False, compiled=False):
    """The loop; one that is not compiled has a masked step behind the others, since TensorFlow stacks no empty list."""
    if compiled:
        return scan(sequences, start, constants, reverse=reverse, compiled=True)
    layout, steps = Layout(1), tf.shape(sequences[0])[1]
    outputs, final = scan([layout.pad(sequence, 1) for sequence in sequences], start, constants, reverse=reverse)
    return layout.first(outputs, steps), final


def _log_product(rows, matrix):
    """`log(exp(rows) @ exp(matrix))`, `(batch, tags)`, exact for scores of any size."""
    return tf.reduce_logsumexp(rows[:, :, tf.newaxis] + matrix, axis=1)


def _fast_log_product(rows, matrix):
    """As `_log_product`, by a product of matrices unless an exponential of a possible score would vanish."""
    top, heads = _largest(rows), _finite(tf.reduce_max(matrix, axis=0, keepdims=True))
    rows, matrix = rows - top, matrix - heads

    def product():
        return tf.math.log(tf.exp(rows) @ tf.exp(matrix))

    fits = tf.reduce_min(_finite(rows)) + tf.reduce_min(_finite(matrix)) > LOWEST
    return tf.cond(fits, product, lambda: _log_product(rows, matrix)) + top + heads


def _forward_step(alpha, slices, constants, log_product=_log_product):
    emitted, real, inner = slices
    moves, first = constants
    new = tf.where(inner[:, tf.newaxis], log_product(alpha, moves), first)
    alpha = tf.where(real[:, tf.newaxis], new + emitted, alpha)
    return alpha, alpha


def _backward_step(beta, slices, constants, log_product=_log_product):
    emitted, inner = slices
    return tf.where(inner[:, tf.newaxis], log_product(emitted + beta, *constants), beta), beta


def _scaled(step):
    """A step whose scores are counted from the largest, so that rounding does not grow with the length of a chain."""

    def scaled(scores, slices, constants):
        new, output = step(scores, slices, constants)
        return new - _largest(new), output - _largest(output)

    return scaled


# Exports hold the scaled scans: their step has no condition, which other formats would have to convert.
_forward_scan = Scan(functools.partial(_forward_step, log_product=_fast_log_product))
_backward_scan = Scan(functools.partial(_backward_step, log_product=_fast_log_product))
_scaled_forward_scan, _scaled_backward_scan = Scan(_scaled(_forward_step)), Scan(_scaled(_backward_step))


def _total(scores, mask):
    """log Z from the scores at the end of each chain."""
    return tf.where(tf.reduce_any(mask, axis=1), tf.reduce_logsumexp(scores, axis=-1), 0.0)


def _marginals(alpha, beta, mask, total):
    """`P(y_t = i)`, `(batch, time, tags)`, from totals `(batch, time)` or `(batch, 1)`."""
    probabilities = tf.exp(alpha + beta - _finite(total)[..., tf.newaxis])
    return tf.where(mask[..., tf.newaxis], probabilities, 0.0)


def _finite(scores):
    """The scores, zero for impossible ones, whose differences would not be numbers."""
    return tf.where(scores > IMPOSSIBLE, scores, 0.0)


def _largest(scores):
    """The largest score of each row, `(batch, 1)`, zero if all are impossible."""
    return _finite(tf.reduce_max(scores, axis=-1, keepdims=True))


def _pairs(emissions, mask, transitions, alpha, beta, total, weight):
    """The expected number of uses of each transition, `(tags, tags)`.

    It is a product of matrices, unless an exponential would be too large; then it is computed from one tag at a time.
    """
    before = Layout(1).previous(tf.zeros_like(alpha[:, 0]), alpha, reverse=False)
    rest = emissions + beta - _finite(total)[:, tf.newaxis, tf.newaxis]
    weight = tf.where(_not_first(mask), weight, 0.0)[..., tf.newaxis]
    tops = _largest(before), _largest(rest)
    scale = tf.where(weight != 0, sum(tops), 0.0)

    def product():
        left = tf.exp(tf.where(weight != 0, before - tops[0], IMPOSSIBLE))
        right = weight * tf.exp(tf.where(weight != 0, rest - tops[1] + scale, IMPOSSIBLE))
        # Not tf.einsum, by which TensorFlow keeps memory for each number of steps.
        return tf.exp(transitions) * tf.matmul(flatten_rows(left), flatten_rows(right), transpose_a=True)

    def uses(pair):
        score, moves = pair  # (batch, time) of one tag, and (tags,) from it
        shares = tf.where(weight != 0, tf.exp(score[..., tf.newaxis] + moves + rest), 0.0)
        return tf.reduce_sum(weight * shares, axis=[0, 1])

    def by_tags():
        return tf.map_fn(uses, (tf.transpose(before, [2, 0, 1]), transitions), fn_output_signature=tf.float32)

    # Where this holds, what vanishes in a factor is less than exp(LOWEST / 2) of a use.
    return tf.cond(tf.reduce_max(scale) + tf.reduce_max(tf.abs(_finite(transitions))) < -LOWEST / 2, product, by_tags)


def _not_first(mask):
    """Whether a step is real and not the first real one."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True) > 0)


def _is_last(mask):
    """Whether a step is the last real one."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True, reverse=True) == 0)
