"""Dynamic programs over linear chains: sums over all tag sequences, and the best sequences.

The score of a sequence y_1 ... y_T of a chain is

    s(y) = b_{y_1} + sum_t e_t(y_t) + sum_{t>1} A_{y_{t-1}, y_t} + f_{y_T}

with emissions e `(batch, time, tags)`, transitions A `(tags, tags)`, and scores b and f
of the first and of the last tag `(tags,)`. Masked steps are skipped, as if they did not
exist; a chain of no steps has one sequence, the empty one, with score 0. Impossible tags
and transitions have the score `IMPOSSIBLE`.
"""

from typing import NamedTuple

import tensorflow as tf

from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.layout import Layout
from nlpseq.engine.loops import StepSpec, scan_steps
from nlpseq.engine.scans import Scan

IMPOSSIBLE = -1e4
SMALLEST, LARGEST = 1e-37, 80.0  # the smallest argument of a logarithm, the largest exponent


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

    The gradient with respect to a score is the expected number of times that it is used.

    Raises:
        NotImplementedError: a second derivative is computed.
    """
    compiled = should_compile("auto", training, emissions)

    @custom_gradient
    def partition(*sources):
        emissions, transitions, first, last = map(tf.stop_gradient, sources)
        potentials = Potentials(transitions, first, last)
        alpha, end = _forward(emissions, mask, potentials, compiled)
        not_empty = tf.reduce_any(mask, axis=1)
        total = tf.where(not_empty, tf.reduce_logsumexp(end + last, axis=-1), 0.0)

        def gradient(d_total):
            beta = _backward(emissions, mask, potentials, compiled)
            weight = d_total[:, tf.newaxis]
            d_emissions = weight[..., tf.newaxis] * _marginals(alpha, beta, mask, total)
            is_first = tf.cast(mask & ~_not_first(mask), d_emissions.dtype)
            last_marginals = tf.where(not_empty[:, tf.newaxis], tf.exp(end + last - total[:, tf.newaxis]), 0.0)
            d_transitions = _pairs(emissions, mask, transitions, alpha, beta, total, weight)
            d_first = tf.einsum("bti,bt->i", d_emissions, is_first)
            return d_emissions, d_transitions, d_first, tf.reduce_sum(weight * last_marginals, axis=0)

        return total, first_only(gradient, sources, "run the forward algorithm in tf.scan")

    return partition(emissions, *potentials)


def marginals(emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials) -> tf.Tensor:
    """`P(y_t = i)`, `(batch, time, tags)`; zero at masked steps."""
    alpha, end = _forward(emissions, mask, potentials, compiled=False)
    total = tf.reduce_logsumexp(end + potentials.last, axis=-1)
    return _marginals(alpha, _backward(emissions, mask, potentials, compiled=False), mask, total)


def best(emissions: tf.Tensor, mask: tf.Tensor, potentials: Potentials, count: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
    """The `count` best sequences (Viterbi 1967; list Viterbi for more than one).

    Returns:
        `(tags, scores)`: int32 `(batch, count, time)`, 0 at masked steps; and `s(y)`
        `(batch, count)`, best first. If there are fewer sequences than `count`, the other
        scores are `IMPOSSIBLE` or less.
    """
    time = tf.shape(emissions)[1]
    emissions, mask = tf.pad(emissions, [[0, 0], [0, 1], [0, 0]]), tf.pad(mask, [[0, 0], [0, 1]])
    # A state is a tag and the rank of a path to it: (batch, tags * count).
    batch, tags = tf.shape(emissions)[0], emissions.shape[-1]
    states = tags * count
    layout = Layout(1)
    spec, steps = StepSpec(None, 0, layout), layout.steps(emissions)
    incoming = tf.repeat(tf.transpose(potentials.transitions), count, axis=1)  # to, from and rank
    first_rank = tf.where(tf.range(states) % count == 0, 0.0, 2 * IMPOSSIBLE)  # one path to each first tag
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
    empty = tf.where(tf.range(states) == 0, 0.0, 2 * IMPOSSIBLE)
    scores = tf.where(not_empty, scores + tf.repeat(potentials.last, count), empty)
    scores, end = tf.math.top_k(scores, count)

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


def _forward(emissions, mask, potentials, compiled):
    """alpha `(batch, time, tags)`, the log of the sum over all paths to each tag; and its last value."""
    sequences, start = [emissions, mask, _not_first(mask)], tf.zeros([tf.shape(emissions)[0], emissions.shape[-1]])
    return _forward_scan(sequences, start, [tf.exp(potentials.transitions), potentials.first], compiled=compiled)


def _backward(emissions, mask, potentials, compiled):
    """beta `(batch, time, tags)`, the log of the sum over all paths from each tag to the end."""
    end = tf.tile(potentials.last[tf.newaxis], [tf.shape(emissions)[0], 1])
    moves = tf.exp(tf.transpose(potentials.transitions))
    return _backward_scan([emissions, _not_first(mask)], end, [moves], reverse=True, compiled=compiled)[0]


def _forward_step(alpha, slices, constants):
    emitted, real, inner = slices
    moves, first = constants
    new = tf.where(inner[:, tf.newaxis], _log_product(alpha, moves), first)
    alpha = tf.where(real[:, tf.newaxis], new + emitted, alpha)
    return alpha, alpha


def _backward_step(beta, slices, constants):
    emitted, inner = slices
    return tf.where(inner[:, tf.newaxis], _log_product(emitted + beta, *constants), beta), beta


_forward_scan, _backward_scan = Scan(_forward_step), Scan(_backward_step)


def _log_product(rows, matrix):
    """`log(exp(rows) @ matrix)`, `(batch, tags)`, each row scaled by its largest value."""
    largest = tf.reduce_max(rows, axis=-1, keepdims=True)
    product = tf.matmul(tf.exp(rows - largest), matrix)
    return tf.math.log(tf.maximum(product, SMALLEST)) + largest


def _marginals(alpha, beta, mask, total):
    """`P(y_t = i)`, `(batch, time, tags)`."""
    probabilities = tf.exp(alpha + beta - total[:, tf.newaxis, tf.newaxis])
    return tf.where(mask[..., tf.newaxis], probabilities, 0.0)


def _pairs(emissions, mask, transitions, alpha, beta, total, weight):
    """The expected number of uses of each transition, `(tags, tags)`: one product over all steps."""
    layout = Layout(1)
    before = layout.previous(tf.zeros_like(alpha[:, 0]), alpha, reverse=False)
    largest = tf.reduce_max(before, axis=-1, keepdims=True)
    rest = emissions + beta + largest - total[:, tf.newaxis, tf.newaxis]
    weight = tf.where(_not_first(mask), weight, 0.0)[..., tf.newaxis]
    counts = tf.einsum("bti,btj->ij", tf.exp(before - largest), weight * tf.exp(tf.minimum(rest, LARGEST)))
    return counts * tf.exp(transitions)


def _not_first(mask):
    """Whether a step is real and not the first real one."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True) > 0)


def _is_last(mask):
    """Whether a step is the last real one."""
    real = tf.cast(mask, tf.int32)
    return mask & (tf.cumsum(real, axis=1, exclusive=True, reverse=True) == 0)
