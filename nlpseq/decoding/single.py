"""One sequence a row, one symbol after the other: what greedy search and sampling share."""

from typing import NamedTuple

import tensorflow as tf

from nlpseq.decoding.arguments import prepared
from nlpseq.decoding.loop import Choice, decoded, search
from nlpseq.decoding.probabilities import log_probability


class _Path(NamedTuple):
    """Sequences so far, each `(batch,)`."""

    open: tf.Tensor
    lengths: tf.Tensor
    log_probabilities: tf.Tensor


def single(pick, step, states, start, end, max_length, min_length, padding):
    """Follows `pick(time, logits) -> tokens`, int32 `(batch,)`, where logits of -inf are forbidden."""
    start, end, max_length, min_length = prepared(states, start, end, max_length, min_length)

    def choose(time, logits, attention, path):
        too_short = (time < min_length)[:, tf.newaxis]
        is_end = tf.range(tf.shape(logits)[1]) == end
        tokens = pick(time, tf.where(too_short & is_end, float("-inf"), logits))
        gained = tf.where(path.open, log_probability(logits, tokens), 0.0)
        longer = path.open & (tokens != end)
        lengths = path.lengths + tf.cast(longer, tf.int32)
        path = _Path(longer & (lengths < max_length), lengths, path.log_probabilities + gained)
        return Choice(tokens, None, path.open, path)

    path = _Path(max_length > 0, tf.zeros_like(start), tf.zeros_like(start, tf.float32))
    most = tf.reduce_max(max_length)
    path, history = search(step, states, start, choose, path, most)
    attention = None if history.attention is None else history.attention[:, :, tf.newaxis]
    lengths, scores = path.lengths[:, tf.newaxis], path.log_probabilities[:, tf.newaxis]
    return decoded(history.tokens[..., tf.newaxis], attention, lengths, scores, scores, padding)
