"""Sampling."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nlpseq.decoding.arguments import check
from nlpseq.decoding.contract import Decoded, Step
from nlpseq.decoding.single import decode_single
from nlpseq.errors import whole
from nlpseq.runtime.sampling import check_temperature, check_top_p


def sample(
    step: Callable[..., Step],
    states: Any,
    start,
    end,
    max_length,
    min_length=0,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    seed=0,
    first_row=0,
    padding: int = 0,
) -> Decoded:
    """Samples every token from the distribution of the model.

        q(v) ~ P(v | y_1 ... y_{t-1}, states) ^ (1 / temperature)

    over the `top_k` most probable tokens (Fan et al. 2018), and among these over the smallest
    set of most probable ones whose total q reaches `top_p` (Holtzman et al. 2020). A sample
    is determined by the seed, the index of the row and the step, on one machine; other rows
    of the batch do not change it. `temperature`, `top_k`, `top_p` and `seed` may be scalar
    tensors. `top_p` without `top_k` sorts the vocabulary at every step.

    Args:
        step: Step function, `step(tokens, states) -> Step` (see `Step`).
        states: Nest of tensors whose first dimension is the batch.
        start: int, or int32 `(batch,)`: the start token.
        end: int, the end token.
        max_length: int, or int32 scalar or `(batch,)`: the greatest length of a sequence,
            0 or more; a sequence of this length has no end token.
        min_length: int, or int32 scalar or `(batch,)`: the least length of a sequence,
            0 or more. Default 0.
        temperature: Positive float; below 1 it sharpens the distribution. Default 1.
        top_k: int of at least 0; 0 is no limit. Default 0.
        top_p: float above 0 and at most 1. Default 1, no limit.
        seed: int. Default 0.
        first_row: int, the index of the first row, so that rows sampled in several batches
            equal those sampled in one. Default 0.
        padding: int, the id of the padding. Default 0.

    Returns:
        `Decoded`, n = 1. Scores and log-probabilities are those of P, not of q.

    Raises:
        InputError: an argument is out of its range, if it is known statically.

    Example:

    >>> from nlpseq.decoding import Step
    >>> step = lambda tokens, states: Step(tf.tile([[0.0, 3.0, 2.0]], [len(tokens), 1]), states)
    >>> samples = sample(step, (), start=tf.constant([0, 0]), end=0, max_length=4, min_length=4, top_k=1)
    >>> samples.ids.numpy().tolist()
    [[[1, 1, 1, 1]], [[1, 1, 1, 1]]]
    """
    check_options(temperature, top_k, top_p, seed)
    temperature, top_p = (tf.cast(value, tf.float32) for value in (temperature, top_p))
    top_k, seed = tf.cast(top_k, tf.int32), tf.cast(seed, tf.int64)

    def pick(time, logits):
        key = tf.stack([seed, tf.cast(time, tf.int64)])
        uniforms = tf.random.stateless_uniform([first_row + tf.shape(logits)[0]], key)[first_row:]
        scaled = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature
        return tf.cond(
            (top_k == 0) & (top_p >= 1.0),
            lambda: _sample(scaled, 1.0, uniforms),
            lambda: _sample_top_k(scaled, top_k, top_p, uniforms),
        )

    return decode_single(pick, step, states, start, end, max_length, min_length, padding)


def _sample_top_k(logits, top_k, top_p, uniforms):
    """Tokens `(batch,)` among the `top_k` most probable, or all, sorted, if it is 0."""
    vocabulary = tf.shape(logits)[1]
    count = tf.where(top_k == 0, vocabulary, tf.minimum(top_k, vocabulary))
    logits, tokens = tf.math.top_k(logits, count)
    return tf.gather(tokens, _sample(logits, top_p, uniforms), batch_dims=1)


def _sample(logits, top_p, uniforms):
    """Indices `(batch,)` by inversion: where the cumulative probability exceeds a uniform number.

    An index belongs to the nucleus if the cumulative probability before it is below `top_p`.
    Uniform numbers are scaled to the mass of the nucleus, so that an index of probability 0
    is never sampled.
    """
    probabilities = tf.nn.softmax(logits)
    reached = tf.cumsum(probabilities, axis=-1)
    before = tf.cumsum(probabilities, axis=-1, exclusive=True)
    mass = tf.reduce_max(tf.where((before < top_p) & (probabilities > 0), reached, 0.0), axis=-1)
    passed = reached <= (uniforms * mass)[:, tf.newaxis]
    return tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)


def check_options(temperature=1.0, top_k=0, top_p=1.0, seed=0) -> None:
    """Raises an `InputError` for an option of `sample` that is out of its range, if it is known statically."""
    check(temperature, check_temperature)
    check(top_k, lambda value: whole("top_k", value, 0, tf.int32.max))
    check(top_p, check_top_p)
    check(seed, lambda value: whole("seed", value, tf.int64.min, tf.int64.max))
