"""Length and coverage penalty of beam search.

score(y) = log P(y) / lp(|y|) + cp                       (Wu et al. 2016, equation 14)
lp(n) = ((5 + n) / 6) ^ alpha
cp = beta sum_s log(min(sum_t a_ts, 1))
"""

import tensorflow as tf

from nlpseq.runtime.beam import LEAST_COVERAGE


def length_penalty(count, alpha) -> tf.Tensor:
    """lp of a number of tokens."""
    return tf.pow((5.0 + tf.cast(count, tf.float32)) / 6.0, alpha)


def coverage_penalty(coverage, source_mask, beta) -> tf.Tensor:
    """cp `(batch, beam_size)` from summed attention `(batch, beam_size, source)`."""
    covered = tf.math.log(tf.clip_by_value(coverage, LEAST_COVERAGE, 1.0))
    return beta * tf.reduce_sum(tf.where(source_mask[:, tf.newaxis], covered, 0.0), axis=-1)
