"""Class weights of a classifier; losses and metrics with them, or with several labels for each text."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import check
from nlpseq.errors import InputError, one_of
from nlpseq.layers.label_loss import RowLoss, not_classes, numeric_labels, row_weights

THRESHOLDS = tuple(np.arange(0.05, 0.951, 0.05).round(2).tolist())  # scores that `MicroF1` tries


@keras.saving.register_keras_serializable("nlpseq")
class WeightedCrossEntropy(RowLoss):
    """Cross-entropy in which what has the label c counts w_c times.

        one label       loss = - w_y log softmax(z)_y
        several labels  loss = - 1/K sum_c (w_c y_c log p_c + (1 - y_c) log(1 - p_c)),    p = sigmoid(z)

    averaged over the texts, whatever the sum of their weights.

    Args:
        class_weights: w, a number for each of the K classes.
        multi_label: Whether texts have several labels. Default False.
        name: Name of the loss.
        **kwargs: As in `keras.losses.Loss`.

    Call arguments:
        y_true: Class numbers y `(batch,)`; with `multi_label` 0 or 1 for each class, `(batch, classes)`.
        y_pred: Logits z, float `(batch, classes)`.
        sample_weight: A number, `(batch,)` or `(batch, 1)`. Default None, 1.

    Example:

    >>> loss = WeightedCrossEntropy([1.0, 3.0])
    >>> round(float(loss(tf.constant([1]), tf.zeros([1, 2]))), 4)  # 3 log 2
    2.0794
    """

    def __init__(
        self,
        class_weights: Sequence[float],
        multi_label: bool = False,
        name: str = "weighted_cross_entropy",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.class_weights, self.multi_label = list(class_weights), multi_label

    def call(self, y_true, y_pred):
        weights = tf.constant(self.class_weights, y_pred.dtype)
        if self.multi_label:
            labels = tf.cast(y_true, y_pred.dtype)
            losses = tf.nn.weighted_cross_entropy_with_logits(labels, y_pred, weights)
            return tf.reduce_mean(losses, axis=-1)
        labels, message = tf.reshape(numeric_labels(y_true), [-1]), "`y_true` must have one class number for each row."
        not_classes(labels, y_pred.shape[-1])
        with tf.control_dependencies(check(tf.size(labels) == tf.shape(y_pred)[0], message)):
            labels = tf.cast(labels, tf.int32)
        return tf.gather(weights, labels) * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, y_pred)

    def get_config(self):
        return {**super().get_config(), "class_weights": self.class_weights, "multi_label": self.multi_label}


class WeightedAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """Accuracy in which a text of the class c counts w_c times: with balanced weights the mean recall of the classes.

    Args:
        class_weights: w, a number for each class.
        name: Name of the metric.
        **kwargs: As in `keras.metrics.SparseCategoricalAccuracy`.

    Example:

    >>> accuracy = WeightedAccuracy([1.0, 3.0])
    >>> accuracy.update_state(tf.constant([0, 1]), tf.constant([[0.1, 0.9], [0.1, 0.9]]))
    >>> float(accuracy.result())
    0.75
    """

    def __init__(self, class_weights: Sequence[float], name: str = "weighted_accuracy", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.class_weights = list(class_weights)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = tf.reshape(tf.cast(y_true, tf.int32), [-1])
        weights = tf.gather(tf.constant(self.class_weights, tf.float32), y_true)
        if sample_weight is not None:
            weights *= row_weights(sample_weight, tf.size(y_true))
        return super().update_state(y_true, y_pred, weights)


class MicroF1(keras.metrics.Metric):
    """F1 over all pairs of a text and a label, with the best of a few thresholds for all labels.

        F1 = max_t 2 tp_t / (predicted_t + expected),    predicted where sigmoid(z) >= t

    A fixed threshold of 0.5 would give zero in the first passes, where no label is likely yet.

    Args:
        name: Name of the metric.
        **kwargs: As in `keras.metrics.Metric`.

    Call arguments:
        y_true: 0 or 1, `(batch, classes)`.
        y_pred: Logits z, float `(batch, classes)`.
        sample_weight: A number, `(batch,)` or `(batch, 1)`. Default None, 1.

    Example:

    >>> metric = MicroF1()
    >>> metric.update_state(tf.constant([[1, 0], [1, 1]]), tf.constant([[2.0, -3.0], [1.0, -2.5]]))
    >>> float(metric.result())  # a threshold of 0.05 adds the third label, and the wrong one is below it
    1.0
    """

    def __init__(self, name: str = "f1", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.correct = self.add_variable((len(THRESHOLDS),), "zeros", name="correct")
        self.count = self.add_variable((len(THRESHOLDS),), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        expected = tf.cast(y_true, tf.float32)[..., tf.newaxis]  # (batch, classes, 1)
        scores = tf.sigmoid(tf.cast(y_pred, tf.float32))[..., tf.newaxis]
        predicted = tf.cast(scores >= tf.constant(THRESHOLDS), tf.float32)
        weights = row_weights(sample_weight, tf.shape(scores)[0])[:, tf.newaxis, tf.newaxis]
        self.correct.assign_add(tf.reduce_sum(weights * expected * predicted, axis=[0, 1]))
        self.count.assign_add(tf.reduce_sum(weights * (expected + predicted), axis=[0, 1]))

    def result(self):
        f1 = tf.math.divide_no_nan(2 * tf.convert_to_tensor(self.correct), tf.convert_to_tensor(self.count))
        return tf.reduce_max(f1)


def balanced_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """Class weights with which all classes count alike.

        one label       w_c = n / (classes that occur * n_c)     the mean weight of a text is 1
        several labels  w_c = (n - n_c) / n_c                    a label counts as its absence

    where n_c of n texts have the label c; 1 for a label that none, or each, has.

    Args:
        labels: Class numbers `(n,)`, or 0 and 1 for each class, `(n, classes)`.
        classes: Number of classes.

    Returns:
        float `(classes,)`, with four digits after the point.

    Example:

    >>> balanced_weights(np.array([0, 0, 0, 1]), 2).tolist()
    [0.6667, 2.0]
    """
    multi_label = labels.ndim == 2
    counts = labels.sum(axis=0) if multi_label else np.bincount(labels, minlength=classes)
    others = len(labels) - counts if multi_label else np.full(classes, len(labels) / np.count_nonzero(counts))
    usable = (counts > 0) & (others > 0)
    return np.where(usable, others / np.maximum(counts, 1), 1.0).round(4)


def weights_by_label(class_weights: Any, labels: Sequence[str]) -> list[float] | None:
    """The weight of each label in the loss, None if all are 1.

    Args:
        class_weights: The setting `class_weights`: "none", "balanced", or weights by label; 1 where one is missing.
        labels: Names of the classes.

    Raises:
        InputError: they are balanced, and no examples have been counted.
    """
    if class_weights == "none":
        return None
    if not isinstance(class_weights, Mapping):
        raise InputError("balanced `class_weights` count training examples: call `adapt` with them first.")
    return [float(class_weights.get(label, 1.0)) for label in labels]


class ClassWeighted:
    """The class weights of a task with `labels`, whose settings have `class_weights`."""

    labels: list[str]
    settings: Any

    def check_class_weights(self) -> None:
        """Raises an `InputError` if weights are given for a label that the task does not have."""
        class_weights = self.settings.class_weights
        for name in class_weights if isinstance(class_weights, Mapping) else ():
            one_of("label of `class_weights`", name, self.labels)

    def balance(self, labels: np.ndarray) -> None:
        """Sets balanced weights to those of training labels, as of `balanced_weights`."""
        weights = balanced_weights(labels, len(self.labels))
        self.settings = self.settings.replace(class_weights=dict(zip(self.labels, weights.tolist())))

    @property
    def class_weights(self) -> list[float] | None:
        """The weight of each class in the loss, None if all are 1.

        Raises:
            InputError: they are balanced, and `adapt` has not counted the classes.
        """
        return weights_by_label(self.settings.class_weights, self.labels)

    def cross_entropy(self, multi_label: bool = False) -> keras.losses.Loss:
        """Cross-entropy over the classes, with their weights; with `multi_label` that of each label."""
        if self.class_weights is not None:
            return WeightedCrossEntropy(self.class_weights, multi_label)
        if multi_label:
            return keras.losses.BinaryCrossentropy(from_logits=True)
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def accuracies(self) -> list[keras.metrics.Metric]:
        """Accuracy, with class weights also a weighted one."""
        accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")  # by name, it would be made in the first step
        return [accuracy, *([] if self.class_weights is None else [WeightedAccuracy(self.class_weights)])]

    @property
    def monitored_accuracy(self) -> str:
        """The name of the accuracy that training monitors, which is weighted as the classes are."""
        return "accuracy" if self.settings.class_weights == "none" else "weighted_accuracy"
