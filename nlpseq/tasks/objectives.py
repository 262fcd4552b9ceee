"""Losses and metrics of tasks with a label for each token; the label -1 stands for padding."""

from collections.abc import Callable

import keras
import tensorflow as tf

from nlpseq.tasks.embeddings import FactoredLogits
from nlpseq.tasks.linear_cross_entropy import linear_cross_entropy


@keras.saving.register_keras_serializable("nlpseq")
class SequenceLikelihood(keras.losses.Loss):
    """The negative log-likelihood of a CRF, averaged over the tokens of a batch.

        loss = - sum_i w_i log p(y_i | e_i) / number of tokens

    Args:
        crf: The `nlpseq.layers.CRF`.
        name: Name of the loss.
        **kwargs: As in `keras.losses.Loss`.

    Call arguments:
        y_true: Labels y, int `(batch, time)`, -1 for padding.
        y_pred: Emissions e, float `(batch, time, tags)`.
        sample_weight: w, float `(batch,)`. Default 1.

    Returns:
        A scalar in the dtype of the emissions.

    Example:

    >>> crf = nlpseq.layers.CRF(3)
    >>> loss = SequenceLikelihood(crf)(tf.constant([[0, 2, -1]]), crf(tf.zeros([1, 3, 3])))
    >>> loss.shape
    TensorShape([])

    Reference:
        Lafferty, McCallum and Pereira (2001), Conditional random fields.
    """

    def __init__(self, crf: keras.Layer, name: str = "sequence_likelihood", **kwargs):
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
    """Cross-entropy with label smoothing, averaged over the tokens of a batch.

        q_k = (1 - smoothing) [k = y] + smoothing / K        loss = - sum_k q_k log p_k

    For `FactoredLogits` it is computed by `linear_cross_entropy`, which saves memory and time.

    Args:
        smoothing: Share of the target that is spread over all K classes, from 0 to 1. Default 0.
        name: Name of the loss.
        **kwargs: As in `keras.losses.Loss`.

    Call arguments:
        y_true: Labels y, int `(batch, time)`, -1 for padding.
        y_pred: Logits, float32 `(batch, time, K)`, as a tensor or as `FactoredLogits`.
        sample_weight: Float `(batch,)` or `(batch, time)`. Default 1.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(SmoothedCrossEntropy()(tf.constant([[0, 3, -1]]), tf.zeros([1, 3, 4]))), 4)  # log 4
    1.3863

    Reference:
        Szegedy et al. (2016), Rethinking the inception architecture for computer vision, section 7.
    """

    def __init__(self, smoothing: float = 0.0, name: str = "smoothed_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.smoothing = smoothing

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = tf.greater_equal(y_true, 0)
        labels = tf.cast(tf.where(mask, y_true, 0), tf.int32)
        weights = tf.cast(mask, tf.float32)
        if sample_weight is not None:
            sample_weight = tf.cast(sample_weight, tf.float32)
            weights *= sample_weight[:, tf.newaxis] if len(sample_weight.shape) == 1 else sample_weight
        if isinstance(y_pred, FactoredLogits):
            factors = y_pred.outputs, y_pred.embeddings, y_pred.bias
            return mean_over_tokens(linear_cross_entropy(*factors, labels, weights, self.smoothing), mask)
        losses = smoothed_cross_entropy(y_pred, labels, self.smoothing)
        return mean_over_tokens(tf.where(mask, losses * weights, 0.0), mask)

    def get_config(self):
        return {**super().get_config(), "smoothing": self.smoothing}


def smoothed_cross_entropy(logits: tf.Tensor, labels: tf.Tensor, smoothing: float = 0.0) -> tf.Tensor:
    """The loss of `SmoothedCrossEntropy` at every time step.

    Args:
        logits: Float32 `(batch, time, K)`.
        labels: Int32 `(batch, time)`, from 0 to K - 1.
        smoothing: As in `SmoothedCrossEntropy`.

    Returns:
        Float32 `(batch, time)`.
    """
    losses = (1 - smoothing) * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if smoothing:
        losses -= smoothing * tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
    return losses


def mean_over_tokens(losses: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The sum of losses divided by the number of tokens.

    As in Keras, it is also divided by the number of replicas, whose gradients are summed.

    Args:
        losses: Float, of any shape.
        mask: Bool `(batch, time)`, True for tokens, False for padding.

    Returns:
        A scalar in the dtype of the losses.
    """
    tokens = tf.maximum(tf.reduce_sum(tf.cast(mask, losses.dtype)), 1.0)
    return tf.reduce_sum(losses) / tokens / tf.distribute.get_strategy().num_replicas_in_sync


class TokenAccuracy(keras.metrics.Metric):
    """The share of tokens whose decoded tag equals the label; labels of -1 do not count.

    Args:
        decide: Function of the emissions, float `(batch, time, tags)`, and the mask, bool
            `(batch, time)`, that returns the tags, integers `(batch, time)`.
        name: Name of the metric.
        **kwargs: As in `keras.metrics.Metric`.

    Example:

    >>> accuracy = TokenAccuracy(lambda emissions, mask: tf.argmax(emissions, -1, tf.int32))
    >>> accuracy.update_state(tf.constant([[0, 1, -1]]), tf.one_hot([[0, 0, 0]], 2))
    >>> float(accuracy.result())
    0.5
    """

    def __init__(self, decide: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], name: str = "accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.decide = decide
        self.correct = self.add_variable((), "zeros", name="correct")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = tf.greater_equal(y_true, 0)
        correct = mask & tf.equal(self.decide(y_pred, mask), y_true)
        self.correct.assign_add(tf.reduce_sum(tf.cast(correct, tf.float32)))
        self.count.assign_add(tf.reduce_sum(tf.cast(mask, tf.float32)))

    def result(self):
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.correct), tf.convert_to_tensor(self.count))
