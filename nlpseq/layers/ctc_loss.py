"""The loss of connectionist temporal classification."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check, check_mask
from nlpseq.engine import ctc
from nlpseq.errors import InputError, one_of, whole
from nlpseq.layers.label_loss import not_classes, numeric_labels, reduce, row_weights, with_two_axes

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
        y_true: Labels `(batch, most labels)`, class numbers without the blank; negative for padding at the end.
        y_pred: Logits `(batch, time, classes)`; steps that their Keras mask excludes do not count.
        sample_weight: A number, `(batch,)` or `(batch, 1)`; rows of weight 0 are skipped. Default None, 1.

    Returns:
        Float32, a scalar; `(batch,)` with the reduction None. In a program that XLA compiles as a whole, where
        nothing can be raised, the loss of labels that are none is NaN.

    Raises:
        InputError: labels, mask or weights have another shape; a label is the blank or no class, or comes after
            padding. In a graph values raise `tf.errors.InvalidArgumentError`.

    Example:

    >>> loss = CTCLoss()(tf.constant([[1, -1]]), tf.zeros([1, 2, 2]))  # 3 of 4 paths
    >>> round(float(loss), 4)
    0.2877

    Reference:
        Graves et al. (2006), Connectionist temporal classification.
    """

    padding = -1  # a label that is none

    def __init__(self, blank: int = 0, impossible: str = "zero", name: str = "ctc_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.blank = whole("blank", blank, 0)
        self.impossible = one_of("impossible", impossible, ("zero", "infinite"))

    def __call__(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> tf.Tensor:
        mask, y_pred = getattr(y_pred, "_keras_mask", None), tf.convert_to_tensor(y_pred)
        if y_pred.shape.rank != 3 or (y_pred.shape[-1] or self.blank + 1) <= self.blank:
            raise InputError(f"`y_pred` must be logits (batch, time, more than {self.blank}), got {y_pred.shape}.")
        labels, invalid = self._checked(y_true, y_pred)
        mask = tf.ones(tf.shape(y_pred)[:2], bool) if mask is None else check_mask(mask, y_pred, "the predictions")
        losses = -ctc.log_likelihood(tf.cast(y_pred, tf.float32), mask, labels, self.blank, training=True)
        if self.impossible == "zero":
            losses = tf.where(losses >= IMPOSSIBLE, 0.0, losses)
        weights = row_weights(sample_weight, tf.size(losses))
        losses = tf.where(weights != 0, weights * tf.where(invalid, float("nan"), losses), 0.0)
        return reduce(losses, tf.cast(tf.size(losses), tf.float32), weights, self.reduction)

    def _checked(self, y_true, y_pred):
        """The labels, int32 `(batch, most labels)`, and the rows that XLA must not use, bool `(batch,)`."""
        labels, shape = numeric_labels(y_true), "`y_true` must have the shape (batch, labels), got"
        if labels.shape.rank is None:
            labels = with_two_axes(labels, f"{shape} %s: pad with -1.")
        if labels.shape.rank != 2:
            raise InputError(f"{shape} {tuple(labels.shape)}: pad with -1.")
        rows = tf.shape(labels)[0]
        one_each = check(
            rows == tf.shape(y_pred)[0], "`y_true` must have a row for each of the predictions, got %s.", rows
        )
        invalid, real = not_classes(labels, y_pred.shape[-1] or tf.shape(y_pred)[-1]), labels >= 0
        is_blank, is_late = labels == self.blank, real[:, 1:] & ~real[:, :-1]
        ordered = [
            check(~tf.reduce_any(is_blank), f"`y_true` must not hold the blank, class {self.blank}: pad with -1."),
            check(~tf.reduce_any(is_late), "`y_true` must be padded at the end, got a label after a negative number."),
        ]
        with tf.control_dependencies([*one_each, *ordered[0], *ordered[1]]):
            invalid = tf.reduce_any(invalid | is_blank, axis=1) | tf.reduce_any(is_late, axis=1)
            return tf.cast(tf.where(invalid[:, tf.newaxis], -tf.ones_like(labels), labels), tf.int32), invalid

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "blank": self.blank, "impossible": self.impossible}
