"""The energies of additive attention, with a gradient that holds one memory position at a time."""

import tensorflow as tf

from nlpseq import engine


def additive_energy(queries, keys, vector, training=False):
    """e_ts = v . tanh(q_t + k_s), of every query and every position (Bahdanau et al. 2015, A.1.2).

    With h_ts = tanh(q_t + k_s) and the gradients d_ts of the energies

        dq_t = v * sum_s d_ts (1 - h_ts^2)      dk_s = v * sum_t d_ts (1 - h_ts^2)
        dv = sum_ts d_ts h_ts

    in which h is made again, position by position, instead of being kept: it is `units` times
    as large as the energies. Compiled as the engine is.

    Args:
        queries: q, float `(batch, steps, units)`.
        keys: k, float `(batch, source, units)`.
        vector: v, float `(units,)`.
        training: whether a gradient will be wanted.

    Returns:
        e `(batch, steps, source)`, of the type of the queries.
    """

    @tf.custom_gradient
    def energies(queries, keys, vector):
        compiled = engine.should_compile("auto", training, queries)
        fixed = [tf.stop_gradient(each) for each in (queries, keys, vector)]  # no tape need look in
        found = (_compiled_energies if compiled else _energies)(*fixed)

        def gradient(upstream):
            compiled = engine.should_compile("auto", True, queries)
            return (_compiled_gradients if compiled else _gradients)(queries, keys, vector, upstream)

        return found, gradient

    return energies(queries, keys, vector)


def _energies(queries, keys, vector):
    hidden = tf.tanh(queries[:, :, tf.newaxis] + keys[:, tf.newaxis])
    return tf.tensordot(hidden, vector, 1)


@tf.function(jit_compile=True)
def _compiled_energies(queries, keys, vector):
    hidden = tf.tanh(queries[:, :, tf.newaxis] + keys[:, tf.newaxis])
    return tf.reduce_sum(hidden * vector, axis=-1)  # which XLA makes without holding `hidden`


def _gradients(queries, keys, vector, upstream):
    dtype = queries.dtype if queries.dtype.size >= 4 else tf.float32
    by_position = queries, tf.transpose(keys, [1, 0, 2]), vector, tf.transpose(upstream, [2, 0, 1])
    found = _wide_gradients(*(tf.cast(each, dtype) for each in by_position))
    return [tf.cast(each, like.dtype) for each, like in zip(found, (queries, keys, vector))]


_compiled_gradients = tf.function(_gradients, jit_compile=True)


def _wide_gradients(queries, keys, vector, upstream):
    """The gradients, in a type of four bytes or more, of keys `(source, batch, units)` and an upstream `(source, batch, steps)`."""

    def position(number, d_queries, d_keys, d_vector):
        hidden = tf.tanh(queries + keys[number][:, tf.newaxis])
        slopes = upstream[number][..., tf.newaxis]
        inner = slopes * (1 - hidden * hidden)
        d_key = tf.reduce_sum(inner, axis=1)
        return (
            number + 1,
            d_queries + inner,
            tf.tensor_scatter_nd_update(d_keys, [[number]], d_key[tf.newaxis]),
            d_vector + tf.reduce_sum(slopes * hidden, axis=[0, 1]),
        )

    zeros = [tf.zeros_like(each) for each in (queries, keys, vector)]
    count = tf.shape(keys)[0]
    _, d_queries, d_keys, d_vector = tf.while_loop(lambda number, *_: number < count, position, (0, *zeros))
    return d_queries * vector, tf.transpose(d_keys, [1, 0, 2]) * vector, d_vector
