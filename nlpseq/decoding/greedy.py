"""The likeliest symbol at each step."""

import tensorflow as tf

from nlpseq.decoding.single import single


def greedy(step, states, start, end, max_length, min_length=0, padding=0):
    """Takes the likeliest symbol at each step.

        y_t = argmax_v P(v | y_1 ... y_{t-1}, states)

    Args:
        step: Step function, `step(tokens, states) -> Step` (see `Step`).
        states: Nest of tensors whose first dimension is the batch.
        start: int, or int32 `(batch,)`: the symbol before the first.
        end: int, the symbol that ends a sequence.
        max_length: int, or int32 scalar or `(batch,)`: a sequence of as many ids ends there,
            without an end symbol.
        min_length: int, or int32 scalar or `(batch,)`: no end symbol before as many ids.
            Default 0.
        padding: int, the id after the end. Default 0.

    Returns:
        `Decoded`, n = 1; the scores are the log-probabilities.

    Raises:
        InputError: a negative length; a `min_length` above `max_length`.

    Example:

    >>> from nlpseq.decoding import Step
    >>> step = lambda tokens, states: Step(tf.one_hot(tokens + 1, 4), states)
    >>> greedy(step, (), start=tf.constant([0, 1]), end=3, max_length=9).ids.numpy().tolist()
    [[[1, 2]], [[2, 0]]]
    """

    def pick(time, logits):
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    return single(pick, step, states, start, end, max_length, min_length, padding)
