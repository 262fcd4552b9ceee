"""What tasks of one label a token minimise and measure; a label of -1 is padding."""

import keras
import tensorflow as tf

from nlpseq.tasks.embeddings import factors
from nlpseq.tasks.linear_cross_entropy import linear_cross_entropy


@keras.saving.register_keras_serializable("nlpseq")
class SequenceLikelihood(keras.losses.Loss):
    """The negative log-likelihood of a CRF, the mean over the tokens of a batch.

    Args:
        crf: the `nlpseq.layers.CRF`.
    """

    def __init__(self, crf, name="sequence_likelihood", **kwargs):
        super().__init__(name=name, **kwargs)
        self.crf = crf

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = tf.greater_equal(y_true, 0)
        losses = -self.crf.log_likelihood(y_true, y_pred, mask, training=True)
        if sample_weight is not None:
            losses *= tf.cast(sample_weight, losses.dtype)
        return mean_over_tokens(losses, mask)


@keras.saving.register_keras_serializable("nlpseq")
class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross-entropy with label smoothing (Szegedy et al. 2016), the mean over the tokens of a batch.

        q_k = (1 - smoothing) [k = y] + smoothing / K        loss = - sum_k q_k log p_k

    Args:
        smoothing: the share of the target that goes to all K classes alike. Default 0.
    """

    def __init__(self, smoothing=0.0, name="smoothed_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = tf.greater_equal(y_true, 0)
        labels = tf.cast(tf.where(mask, y_true, 0), tf.int32)
        weights = tf.cast(mask, tf.float32)
        if sample_weight is not None:
            sample_weight = tf.cast(sample_weight, tf.float32)
            weights *= sample_weight[:, tf.newaxis] if len(sample_weight.shape) == 1 else sample_weight
        made_of = factors(y_pred)
        if made_of is not None:
            return mean_over_tokens(linear_cross_entropy(*made_of, labels, weights, self.smoothing), mask)
        losses = smoothed_cross_entropy(y_pred, labels, self.smoothing)
        return mean_over_tokens(tf.where(mask, losses * weights, 0.0), mask)

    def get_config(self):
        return {**super().get_config(), "smoothing": self.smoothing}


def smoothed_cross_entropy(logits, labels, smoothing=0.0):
    """The loss of `SmoothedCrossEntropy` at each step, `(batch, time)`.

    Args:
        logits: float32 `(batch, time, classes)`.
        labels: int32 `(batch, time)`, of at least 0.
        smoothing: as of the class.
    """
    losses = (1 - smoothing) * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if smoothing:
        losses -= smoothing * tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
    return losses


def mean_over_tokens(losses, mask):
    """The sum of losses of any shape over the number of tokens in the mask.

    As Keras does, it is divided by the number of replicas, whose gradients are added.
    """
    tokens = tf.maximum(tf.reduce_sum(tf.cast(mask, losses.dtype)), 1.0)
    return tf.reduce_sum(losses) / tokens / tf.distribute.get_strategy().num_replicas_in_sync


class TokenAccuracy(keras.metrics.Metric):
    """The share of tokens that get their tag; labels of -1 do not count.

    Args:
        decide: function of emissions and mask to tags.
    """

    def __init__(self, decide, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.decide = decide
        self.right = self.add_variable((), "zeros", name="right")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = tf.greater_equal(y_true, 0)
        right = mask & tf.equal(self.decide(y_pred, mask), y_true)
        self.right.assign_add(tf.reduce_sum(tf.cast(right, tf.float32)))
        self.count.assign_add(tf.reduce_sum(tf.cast(mask, tf.float32)))

    def result(self):
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.right), tf.convert_to_tensor(self.count))
