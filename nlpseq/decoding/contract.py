"""What a search takes, a step function, and what it returns.

A step function is `step(tokens, states) -> Step`: it reads one symbol a row and gives the
logits of the next. The rows are the sequences of a batch, or with a beam search
`batch * beam_size`, the hypotheses of a sequence side by side. A row never moves to
another sequence, so what belongs to a sequence and never changes, such as the memory of
an attention, is best left out of the states and closed over: with logits of shape
`(rows, vocabulary)` and a memory `(batch, source, features)`, queries reshaped to
`(batch, -1, size)` meet their own memory, and nothing is repeated or reordered.
"""

from typing import Any, NamedTuple

import tensorflow as tf


class Step(NamedTuple):
    """What a step function returns for tokens, int32 `(rows,)`, and states.

    Attributes:
        logits: Float `(rows, vocabulary)`, of the symbol that follows.
        states: What the next step takes: the structure, shapes and dtypes of the states
            that came in, tensors whose first dimension is the rows.
        attention: Float `(rows, source)`, what the step attended to, or None.

    Example:

    >>> bigrams = tf.constant([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 2.0, 0.0]])
    >>> step = lambda tokens, states: Step(tf.gather(bigrams, tokens), states)
    >>> step(tf.constant([2]), ()).logits.numpy().tolist()
    [[1.0, 2.0, 0.0]]
    """

    logits: tf.Tensor
    states: Any
    attention: tf.Tensor | None = None


class Decoded(NamedTuple):
    """What a search found: n sequences for each of the batch, the best first.

    Attributes:
        ids: int32 `(batch, n, length)`, without start and end symbol; after the end of a
            sequence, padding. `length` is that of the longest.
        lengths: int32 `(batch, n)`. A sequence that met its greatest length before an end
            symbol came is as it was then.
        scores: float32 `(batch, n)`: what the search ranks by. Of `greedy` and `sample`,
            `log_probabilities`.
        log_probabilities: float32 `(batch, n)`, log P of the ids, and of the end symbol
            where it came.
        attention: float32 `(batch, n, length, source)`, that of the step which gave each
            id, zeros after the end; None where the steps have none.

    Example:

    >>> from nlpseq.decoding import greedy
    >>> step = lambda tokens, states: Step(tf.one_hot(tokens + 1, 4), states)
    >>> greedy(step, (), start=tf.constant([0, 1]), end=3, max_length=9).ids.numpy().tolist()
    [[[1, 2]], [[2, 0]]]
    """

    ids: tf.Tensor
    lengths: tf.Tensor
    scores: tf.Tensor
    log_probabilities: tf.Tensor
    attention: tf.Tensor | None
