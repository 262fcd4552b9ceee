"""The distribution of the values of a step: a mixture of Laplace distributions, whose parameters a network gives.

    w = softmax(a),   b_kc = exp(s_kc)
    p(u) = sum_k w_k prod_c (1 / (2 b_kc)) exp(-|u_c - m_kc| / b_kc)
    surprise = -log p(u)

The product is over the channels that were observed. Several components tell a value that may follow, such as the next
phase of a machine, from one that may not, although both are far from the last value (mixture density networks,
Bishop 1994).
"""

import math

import keras
import tensorflow as tf

from nlpseq.layers.label_loss import RowLoss

NARROWEST, WIDEST = -4.0, 3.0  # of s: the scale of a component stays within e^-4 and e^3


def parameters(channels: int, components: int) -> int:
    """Number of parameters of the distribution of a step."""
    return components * (1 + 2 * channels)


def surprise(outputs: tf.Tensor, values: tf.Tensor, observed: tf.Tensor) -> tf.Tensor:
    """-log p of values, 0 where no channel was observed.

    Args:
        outputs: Parameters a, m and s, float `(..., parameters)`.
        values: u, float `(..., channels)`.
        observed: 1 where a value was observed, else 0, float `(..., channels)`.

    Returns:
        float32 `(...)`.
    """
    outputs = tf.cast(outputs, tf.float32)
    channels = values.shape[-1]
    count = outputs.shape[-1] // (1 + 2 * channels)
    weights, rest = outputs[..., :count], outputs[..., count:]
    shape = tf.concat([tf.shape(outputs)[:-1], [count, 2 * channels]], axis=0)
    centre, scale = tf.split(tf.reshape(rest, shape), 2, axis=-1)  # (..., components, channels)
    scale = tf.clip_by_value(scale, NARROWEST, WIDEST)
    distance = tf.abs(tf.expand_dims(values, -2) - centre) * tf.exp(-scale)
    logs = -(distance + scale + math.log(2.0)) * tf.expand_dims(observed, -2)
    total = _log_sum(tf.nn.log_softmax(weights) + tf.reduce_sum(logs, axis=-1))
    return tf.where(tf.reduce_any(observed > 0, axis=-1), -total, 0.0)


def _log_sum(terms):
    """log sum exp over the last axis, of finite terms, in ops that all formats have."""
    largest = tf.stop_gradient(tf.reduce_max(terms, axis=-1, keepdims=True))
    return tf.math.log(tf.reduce_sum(tf.exp(terms - largest), axis=-1)) + largest[..., 0]


@keras.saving.register_keras_serializable("nlpseq")
class MeanSurprise(RowLoss):
    """The mean surprise per step and channel, over the channels that were observed.

    The targets are the values and what was observed, float `(batch, time, 2 * channels)`; the predictions are the
    parameters of `surprise`. Sample weights are a number, `(batch,)` or `(batch, 1)`.
    """

    def call(self, y_true, y_pred):
        values, observed = tf.split(tf.cast(y_true, tf.float32), 2, axis=-1)
        total = tf.reduce_sum(surprise(y_pred, values, observed), axis=-1)
        return total / tf.maximum(tf.reduce_sum(observed, axis=(-2, -1)), 1.0)
