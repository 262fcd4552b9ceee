"""Losses and metrics of tasks with a label for each token; the label -1 stands for padding."""

from collections.abc import Callable

import keras
import tensorflow as tf

from nlpseq.layers import CRF
from nlpseq.layers.crf_loss import CRFLoss
from nlpseq.layers.label_loss import labelled_steps, reduce
from nlpseq.tasks.embeddings import FactoredLogits
from nlpseq.tasks.linear_cross_entropy import linear_cross_entropy


@keras.saving.register_keras_serializable("nlpseq")
class SequenceLikelihood(CRFLoss):
    """The negative log-likelihood of a CRF, averaged over the tokens of a batch.

        loss = - sum_i w_i log p(y_i | e_i) / number of tokens

    Args, call arguments, returns, raises: As in `nlpseq.layers.crf_loss.CRFLoss`, except that means are
    those over tokens.

    Example:

    >>> crf = nlpseq.layers.CRF(3)
    >>> loss = SequenceLikelihood(crf)(tf.constant([[0, 2, -1]]), crf(tf.zeros([1, 3, 3])))
    >>> loss.shape
    TensorShape([])

    Reference:
        Lafferty, McCallum and Pereira (2001), Conditional random fields.
    """

    def __init__(self, crf: CRF | None = None, name: str = "sequence_likelihood", **kwargs):
        super().__init__(crf, name=name, **kwargs)

    def sizes(self, steps):
        return tf.reduce_sum(tf.cast(steps.mask, tf.float32), axis=1)


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
        y_true: Labels y `(batch, time)` or `(batch, time, 1)`, negative for padding.
        y_pred: Logits, float32 `(batch, time, K)`, as a tensor or as `FactoredLogits`.
        sample_weight: A number; `(batch,)` or `(batch, 1)`; `(batch, time)` or `(batch, time, 1)`.
            Default 1.

    Returns:
        A float32 scalar; `(batch, time)` with the reduction None. In a program that XLA compiles as a
        whole, where nothing can be raised, the loss of a label that is not a class is NaN.

    Raises:
        InputError: labels or weights have another shape; a label is not a class. In a graph values raise
            `tf.errors.InvalidArgumentError`.

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
        labels, mask, weights, _ = labelled_steps(y_true, y_pred, sample_weight)
        if isinstance(y_pred, FactoredLogits) and self.reduction not in (None, "none"):
            factors = y_pred.outputs, y_pred.embeddings, y_pred.bias
            losses = linear_cross_entropy(*factors, labels, weights, self.smoothing)
        else:
            logits = tf.where((weights != 0)[..., tf.newaxis], y_pred, 0.0)
            losses = smoothed_cross_entropy(logits, labels, self.smoothing) * weights
        return reduce(losses, tf.reduce_sum(tf.cast(mask, tf.float32)), weights, self.reduction)

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


class TokenAccuracy(keras.metrics.Metric):
    """The share of tokens whose decoded tag equals the label; labels of -1 do not count.

    With sample weights, of the shapes that `SmoothedCrossEntropy` takes, it is the share of their sum.

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
        labels, mask, weights, _ = labelled_steps(y_true, y_pred, sample_weight)
        correct = mask & tf.equal(tf.cast(self.decide(y_pred, mask), tf.int32), labels)
        self.correct.assign_add(tf.reduce_sum(tf.where(correct, weights, 0.0)))
        self.count.assign_add(tf.reduce_sum(weights))

    def result(self):
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.correct), tf.convert_to_tensor(self.count))
