"""Greedy search."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nlpseq.decoding.contract import Decoded, Step
from nlpseq.decoding.single import decode_single


def greedy(step: Callable[..., Step], states: Any, start, end, max_length, min_length=0, padding: int = 0) -> Decoded:
    """Takes the most probable token at each step.

        y_t = argmax_v P(v | y_1 ... y_{t-1}, states)

    Args:
        step: Step function, `step(tokens, states) -> Step` (see `Step`).
        states: Nest of tensors whose first dimension is the batch.
        start: int, or int32 `(batch,)`: the start token.
        end: int, the end token.
        max_length: int, or int32 scalar or `(batch,)`: the greatest length of a sequence,
            0 or more; a sequence of this length has no end token.
        min_length: int, or int32 scalar or `(batch,)`: the least length of a sequence,
            0 or more. Default 0.
        padding: int, the id of the padding. Default 0.

    Returns:
        `Decoded`, n = 1; the scores are the log-probabilities.

    Raises:
        InputError: a length is negative; `min_length` is above `max_length`.

    Example:

    >>> from nlpseq.decoding import Step
    >>> step = lambda tokens, states: Step(tf.one_hot(tokens + 1, 4), states)
    >>> greedy(step, (), start=tf.constant([0, 1]), end=3, max_length=9).ids.numpy().tolist()
    [[[1, 2]], [[2, 0]]]
    """

    def pick(time, logits):
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    return decode_single(pick, step, states, start, end, max_length, min_length, padding)
