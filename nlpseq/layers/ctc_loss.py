"""The loss of connectionist temporal classification."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check
from nlpseq.engine import ctc
from nlpseq.errors import InputError
from nlpseq.layers.label_loss import reduce, with_two_axes

IMPOSSIBLE = 1e8  # the loss from which no path fits: infinite, or over steps whose logits rule out all but the blank


@keras.saving.register_keras_serializable("nlpseq")
class CTCLoss(keras.losses.Loss):
    """Connectionist temporal classification: the negative log-likelihood of labels without their times.

        loss = - sum_i w_i log P(y_i | x_i) / number of sequences,  P(y | x) the sum over all paths to y

    Args:
        blank: The class of the blank. Default 0.
        impossible: What the loss of labels is that do not fit into the steps: "zero", so that they are
            ignored, or "infinite". Default "zero".
        name: Name of the loss. Default "ctc_loss".
        **kwargs: As in `keras.losses.Loss`.

    Call arguments:
        y_true: Labels `(batch, most labels)`, negative for padding at the end.
        y_pred: Logits `(batch, time, classes)`; steps that their Keras mask excludes do not count.
        sample_weight: A number, `(batch,)` or `(batch, 1)`. Default None, 1.

    Returns:
        Float32, a scalar; `(batch,)` with the reduction None.

    Raises:
        InputError: labels or weights have another shape.

    Example:

    >>> loss = CTCLoss()(tf.constant([[1, -1]]), tf.zeros([1, 2, 2]))  # 3 of 4 paths
    >>> round(float(loss), 4)
    0.2877

    Reference:
        Graves et al. (2006), Connectionist temporal classification.
    """

    def __init__(self, blank: int = 0, impossible: str = "zero", name: str = "ctc_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.blank, self.impossible = blank, impossible

    def __call__(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> tf.Tensor:
        labels = tf.cast(tf.convert_to_tensor(y_true), tf.int32)
        if labels.shape.rank not in (None, 2):
            raise InputError(f"`y_true` must have the shape (batch, labels), got {tuple(labels.shape)}: pad with -1.")
        if labels.shape.rank is None:
            labels = with_two_axes(labels, "`y_true` must have the shape (batch, labels), got %s: pad with -1.")
        mask = getattr(y_pred, "_keras_mask", None)
        mask = tf.ones(tf.shape(y_pred)[:2], bool) if mask is None else tf.cast(mask, bool)
        losses = -ctc.log_likelihood(tf.cast(y_pred, tf.float32), mask, labels, self.blank, training=True)
        if self.impossible == "zero":
            losses = tf.where(losses >= IMPOSSIBLE, 0.0, losses)
        weights = tf.ones_like(losses)
        if sample_weight is not None:
            sample_weights = tf.cast(tf.convert_to_tensor(sample_weight), tf.float32)
            count, rows = tf.size(sample_weights), tf.size(losses)
            fits = (count == 1) | ((count == rows) & tf.reduce_all(tf.shape(sample_weights)[:1] == rows))
            message = "`sample_weight` must be a number, or have the shape (batch,) or (batch, 1), got the shape %s."
            with tf.control_dependencies(check(fits, message, tf.shape(sample_weights))):
                weights *= tf.reshape(sample_weights, [-1])
        return reduce(losses * weights, tf.cast(tf.size(losses), tf.float32), weights, self.reduction)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "blank": self.blank, "impossible": self.impossible}
