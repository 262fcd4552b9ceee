"""Decoding of one sequence per row, shared by greedy search and sampling."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from nlpseq.decoding.arguments import prepare
from nlpseq.decoding.contract import Decoded, Step
from nlpseq.decoding.loop import Choice, decoded, search
from nlpseq.decoding.probabilities import log_probability


class _Path(NamedTuple):
    """State of the sequences, all `(batch,)`."""

    open: tf.Tensor
    lengths: tf.Tensor
    log_probabilities: tf.Tensor


def decode_single(
    pick: Callable[..., tf.Tensor], step: Callable[..., Step], states: Any, start, end, max_length, min_length, padding
) -> Decoded:
    """Decodes the tokens that `pick(time, logits) -> tokens`, int32 `(batch,)`, selects.

    Args:
        pick: must not select tokens with logits of -inf.
        step, states, start, end, max_length, min_length, padding: as of `greedy`.
    """
    start, end, max_length, min_length = prepare(states, start, end, max_length, min_length)

    def choose(time, logits, attention, path):
        too_short = (time < min_length)[:, tf.newaxis]
        is_end = tf.range(tf.shape(logits)[1]) == end
        tokens = pick(time, tf.where(too_short & is_end, float("-inf"), logits))
        increase = tf.where(path.open, log_probability(logits, tokens), 0.0)
        continues = path.open & (tokens != end)
        lengths = path.lengths + tf.cast(continues, tf.int32)
        path = _Path(continues & (lengths < max_length), lengths, path.log_probabilities + increase)
        return Choice(tokens, None, path.open, path)

    path = _Path(max_length > 0, tf.zeros_like(start), tf.zeros_like(start, tf.float32))
    path, history = search(step, states, start, choose, path, tf.reduce_max(max_length))
    attention = None if history.attention is None else history.attention[:, :, tf.newaxis]
    lengths, scores = path.lengths[:, tf.newaxis], path.log_probabilities[:, tf.newaxis]
    return decoded(history.tokens[..., tf.newaxis], attention, lengths, scores, scores, padding)
