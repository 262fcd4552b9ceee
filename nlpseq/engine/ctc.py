"""Dynamic program of connectionist temporal classification (Graves et al. 2006): sums over all alignments.

The labels l_1 ... l_U of a sequence are extended by blanks, l' = b l_1 b l_2 ... l_U b, S = 2U + 1 positions. A path
moves from one position to the same, the next, or over a blank between two different labels:

    alpha_t(s) = log(exp alpha_{t-1}(s) + exp alpha_{t-1}(s-1) + [l'_s not in (b, l'_{s-2})] exp alpha_{t-1}(s-2))
                 + log y_t(l'_s)                                                    (equations 6 and 7)
    beta_{t-1}(s) = the same sum of beta_t + log y_t over the positions that follow s    (equations 10 and 11)
    log P(l | x) = log(exp alpha_T(S) + exp alpha_T(S-1))                                (equation 8)

Everything is computed with logarithms, from the largest term, so that probabilities of any size are exact.
Impossible positions have the score `NEVER`, a number so low that sums of it are still finite.
"""

from typing import NamedTuple

import tensorflow as tf

from nlpseq.engine.compilation import should_compile
from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.scans import Scan

NEVER = -1e30
POSSIBLE = -1e29  # scores above it are those of paths


class Extended(NamedTuple):
    """Labels with blanks between them.

    Attributes:
        ids: int32 `(batch, positions)`, the blank at even positions and behind the labels.
        skips: bool `(batch, positions)`, whether a path may come from two positions before.
        last: int32 `(batch,)`, number of the last position.
    """

    ids: tf.Tensor
    skips: tf.Tensor
    last: tf.Tensor


def log_likelihood(
    logits: tf.Tensor, mask: tf.Tensor, labels: tf.Tensor, blank: int = 0, training: bool = False
) -> tf.Tensor:
    """`log P(l | x)`, float32 `(batch,)`, with its gradient by forward-backward; minus infinity for no path.

    The gradient with respect to the logits is the expected number of times that the paths visit a class, less its
    probability (equation 15); it is zero where no path is possible.

    Args:
        logits: Float32 `(batch, time, classes)`.
        mask: Bool `(batch, time)`, True for real steps, which come before the others.
        labels: int32 `(batch, most labels)`, negative for padding at the end; compiled for each number of columns
            that is known statically.
        blank: The class of the blank. Default 0.
        training: Whether "auto" compiles. Default False.

    Raises:
        NotImplementedError: a second derivative is computed.
    """
    extended, mask = extend(tf.convert_to_tensor(labels, tf.int32), blank), tf.convert_to_tensor(mask)
    compiled = extended.ids.shape[1] is not None and should_compile("auto", training, logits)

    @custom_gradient
    def likelihood(logits):
        logits = tf.stop_gradient(logits)
        log_probabilities = tf.nn.log_softmax(logits)
        sequences = _sequences(log_probabilities, mask, extended)
        alpha, final = _forward_scan(sequences, _start(extended), compiled=compiled)
        total = tf.reduce_logsumexp(final + _end(extended), axis=-1)
        possible = ~(total <= POSSIBLE)  # NaN is no sign of missing paths

        def gradient(d_total):
            beta, _ = _backward_scan(sequences, _end(extended), reverse=True, compiled=compiled)
            visits = tf.exp(alpha + beta - tf.where(possible, total, 0.0)[:, tf.newaxis, tf.newaxis])
            classes = tf.one_hot(extended.ids, logits.shape[-1] or tf.shape(logits)[-1])
            expected = tf.matmul(visits, classes)  # (batch, time, classes)
            weight = tf.where(possible, d_total, 0.0)[:, tf.newaxis, tf.newaxis]
            counted = mask[..., tf.newaxis] & (weight != 0)
            return (tf.where(counted, weight * (expected - tf.exp(log_probabilities)), 0.0),)

        result = tf.where(possible, total, float("-inf"))
        return result, first_only(gradient, [logits], "use tf.nn.ctc_loss")

    return likelihood(logits)


def extend(labels: tf.Tensor, blank: int = 0) -> Extended:
    """The labels, int32 `(batch, most labels)`, negative for padding, with blanks between them."""
    real = labels >= 0
    ids = tf.where(real, labels, blank)
    shape = [tf.shape(ids)[0], None if ids.shape[1] is None else 2 * ids.shape[1] + 1]
    between = tf.reshape(tf.stack([tf.fill(tf.shape(ids), blank), ids], axis=2), [tf.shape(ids)[0], -1])
    positions = tf.ensure_shape(tf.pad(between, [[0, 0], [0, 1]], constant_values=blank), [None, shape[1]])
    before = tf.pad(positions, [[0, 0], [2, 0]], constant_values=blank)[:, :-2]
    skips = (positions != blank) & (positions != before)
    return Extended(positions, tf.ensure_shape(skips, positions.shape), 2 * tf.reduce_sum(tf.cast(real, tf.int32), 1))


def _sequences(log_probabilities, mask, extended):
    """What the loops read at each step: the scores of the positions, whether the step is real, and the skips."""
    emitted = tf.gather(log_probabilities, extended.ids, axis=2, batch_dims=1)
    steps = tf.shape(emitted)[1]
    skips = tf.repeat(extended.skips[:, tf.newaxis], steps, axis=1)
    return [tf.ensure_shape(emitted, [None, None, extended.ids.shape[1]]), mask, skips]


def _start(extended):
    """The scores before the first step: the path stands on the first blank."""
    first = tf.range(tf.shape(extended.ids)[1]) == 0
    return tf.ensure_shape(tf.where(first, 0.0, NEVER) + tf.zeros_like(extended.ids, tf.float32), extended.ids.shape)


def _end(extended):
    """The scores behind the last step: the path ends on the last label or the last blank."""
    position, last = tf.range(tf.shape(extended.ids)[1]), extended.last[:, tf.newaxis]
    ends = (position == last) | (position == last - 1)
    return tf.ensure_shape(tf.where(ends, 0.0, NEVER), extended.ids.shape)


def _forward_step(alpha, slices, constants):
    emitted, real, skips = slices
    one, two = _moved(alpha, 1), tf.where(skips, _moved(alpha, 2), NEVER)
    alpha = tf.where(real[:, tf.newaxis], _log_sum(alpha, one, two) + emitted, alpha)
    return alpha, alpha


def _backward_step(beta, slices, constants):
    emitted, real, skips = slices
    score = beta + emitted
    one, two = _moved(score, -1), _moved(tf.where(skips, score, NEVER), -2)
    return tf.where(real[:, tf.newaxis], _log_sum(score, one, two), beta), beta


_forward_scan, _backward_scan = Scan(_forward_step), Scan(_backward_step)


def _moved(scores, by):
    """The scores of the position `by` before each one, `(batch, positions)`."""
    if by > 0:
        return tf.pad(scores, [[0, 0], [by, 0]], constant_values=NEVER)[:, :-by]
    return tf.pad(scores, [[0, 0], [0, -by]], constant_values=NEVER)[:, -by:]


def _log_sum(one, two, three):
    """`log(exp one + exp two + exp three)`."""
    largest = tf.maximum(tf.maximum(one, two), three)
    return largest + tf.math.log(tf.exp(one - largest) + tf.exp(two - largest) + tf.exp(three - largest))
