"""Symbols drawn at random, each by its probability."""

import math

import numpy as np
import tensorflow as tf

from nlpseq.decoding.arguments import check
from nlpseq.decoding.single import single
from nlpseq.errors import InputError, in_range


def sample(
    step, states, start, end, max_length, min_length=0, temperature=1.0, top_k=0, top_p=1.0, seed=0,
    first_row=0, padding=0,
):  # fmt: skip
    """Draws each symbol by its probability.

        q(v) ~ P(v | y_1 ... y_{t-1}, states) ^ (1 / temperature)

    over the `top_k` likeliest symbols (Fan et al. 2018), and of those over the fewest, the
    likeliest first, whose q reaches `top_p` (Holtzman et al. 2020). The same seed draws the
    same on one machine: a draw depends on the seed, the place of the row and the step, not
    on the other rows of the batch. `temperature`, `top_k`, `top_p` and `seed` may be scalar
    tensors. `top_p` without `top_k` sorts the vocabulary at each step.

    Args:
        step: Step function, `step(tokens, states) -> Step` (see `Step`).
        states: Nest of tensors whose first dimension is the batch.
        start: int, or int32 `(batch,)`: the symbol before the first.
        end: int, the symbol that ends a sequence.
        max_length: int, or int32 scalar or `(batch,)`: a sequence of as many ids ends there,
            without an end symbol.
        min_length: int, or int32 scalar or `(batch,)`: no end symbol before as many ids.
            Default 0.
        temperature: Positive float; below 1 likely symbols become likelier. Default 1.
        top_k: int of at least 0; 0 is all symbols. Default 0.
        top_p: float above 0 and up to 1. Default 1.
        seed: int. Default 0.
        first_row: int, the number of the first row: rows that are drawn in several
            batches are drawn as in one if each says where it begins. Default 0.
        padding: int, the id after the end. Default 0.

    Returns:
        `Decoded`, n = 1. Scores and log-probabilities are those of P, not of q.

    Raises:
        InputError: a number out of its range, where it is known before the graph runs.

    Example:

    >>> from nlpseq.decoding import Step
    >>> step = lambda tokens, states: Step(tf.tile([[0.0, 3.0, 2.0]], [len(tokens), 1]), states)
    >>> drawn = sample(step, (), start=tf.constant([0, 0]), end=0, max_length=4, min_length=4, top_k=1)
    >>> drawn.ids.numpy().tolist()
    [[[1, 1, 1, 1]], [[1, 1, 1, 1]]]
    """
    check_options(temperature, top_k, top_p, seed)
    temperature, top_p = (tf.cast(each, tf.float32) for each in (temperature, top_p))
    top_k, seed = tf.cast(top_k, tf.int32), tf.cast(seed, tf.int64)

    def pick(time, logits):
        key = tf.stack([seed, tf.cast(time, tf.int64)])
        uniforms = tf.random.stateless_uniform([first_row + tf.shape(logits)[0]], key)[first_row:]
        scaled = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature
        return tf.cond(
            (top_k == 0) & (top_p >= 1.0),
            lambda: _drawn(scaled, 1.0, uniforms),
            lambda: _drawn_of_the_likeliest(scaled, top_k, top_p, uniforms),
        )

    return single(pick, step, states, start, end, max_length, min_length, padding)


def _drawn_of_the_likeliest(logits, top_k, top_p, uniforms):
    """Tokens `(batch,)` of the `top_k` likeliest, or of all in their order where it is 0."""
    vocabulary = tf.shape(logits)[1]
    count = tf.where(top_k == 0, vocabulary, tf.minimum(top_k, vocabulary))
    logits, tokens = tf.math.top_k(logits, count)
    return tf.gather(tokens, _drawn(logits, top_p, uniforms), batch_dims=1)


def _drawn(logits, top_p, uniforms):
    """Places `(batch,)` where the cumulated probability passes uniform numbers.

    A place counts while the probability before it is below `top_p`; the number is below
    the probability of all that count, so that no place of probability 0 is drawn.
    """
    probabilities = tf.nn.softmax(logits)
    reached = tf.cumsum(probabilities, axis=-1)
    before = tf.cumsum(probabilities, axis=-1, exclusive=True)
    mass = tf.reduce_max(tf.where((before < top_p) & (probabilities > 0), reached, 0.0), axis=-1)
    passed = reached <= (uniforms * mass)[:, tf.newaxis]
    return tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)


def check_options(temperature=1.0, top_k=0, top_p=1.0, seed=0):
    """Raises an `InputError` for the first that is out of its range, if it is known already."""
    check(temperature, _check_temperature)
    check(top_k, lambda value: in_range("top_k", int(value), 0, tf.int32.max))
    check(top_p, _check_top_p)
    check(seed, lambda value: in_range("seed", int(value), tf.int64.min, tf.int64.max))


def _check_temperature(value):
    if not np.finfo(np.float32).tiny <= value < math.inf:
        raise InputError(f"temperature must be above 0 and finite, got {value}: for the likeliest symbols use greedy.")


def _check_top_p(value):
    if not 0 < value <= 1:
        raise InputError(f"top_p must be above 0 and at most 1, got {value}: 1 keeps all symbols.")
