"""The step function that a search calls, and the result of a search.

A step function is `step(tokens, states) -> Step`: it reads one token per row and returns
the logits of the next. Rows are the sequences of a batch, in a beam search
`batch * beam_size` hypotheses, those of one sequence adjacent. Rows are reordered only
within a sequence. Constant tensors of a sequence, such as the memory of an attention, are
therefore best kept out of the states and captured by the function: with queries reshaped
to `(batch, -1, size)`, a memory `(batch, source, features)` is neither repeated nor
reordered.
"""

from typing import Any, NamedTuple

import tensorflow as tf


class Step(NamedTuple):
    """Result of a step function for tokens, int32 `(rows,)`, and states.

    Attributes:
        logits: Float `(rows, vocabulary)`, of the next token.
        states: The states of the next step, in the structure, shapes and dtypes of the
            states that were passed in; the first dimension of each tensor is the rows.
        attention: Float `(rows, source)`, the attention weights of the step, or None.

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
    """Result of a search: the n best sequences for each batch entry, the best first.

    Attributes:
        ids: int32 `(batch, n, length)`, without start and end token, padded to the length
            of the longest.
        lengths: int32 `(batch, n)`.
        scores: float32 `(batch, n)`, by which a beam search ranks; equal to
            `log_probabilities` in `greedy` and `sample`.
        log_probabilities: float32 `(batch, n)`, log P of the ids, and of the end token
            unless the sequence stopped at its greatest length.
        attention: float32 `(batch, n, length, source)`, of the step that predicted each
            id, zeros for padding; None if the steps return none.

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
