"""What losses of labelled sequences share: checked labels, sample weights, and the reductions of Keras."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from nlpseq.cells.checks import check, readable
from nlpseq.errors import InputError


class LabelledSteps(NamedTuple):
    """Labels that were checked, and what each step counts.

    Attributes:
        labels: int32 `(batch, time)`, 0 where the mask is False.
        mask: bool `(batch, time)`, True for steps with a label.
        weights: float32 `(batch, time)`, the sample weights; 0 where the mask is False, NaN at
            labels that are not a class, which only XLA gets to see.
        sequence_weights: float32 `(batch,)`, the mean over the labelled steps of a weight other than
            zero; without labelled steps that over all.
    """

    labels: tf.Tensor
    mask: tf.Tensor
    weights: tf.Tensor
    sequence_weights: tf.Tensor


def labelled_steps(y_true: Any, y_pred: Any, sample_weight: Any = None) -> LabelledSteps:
    """Checks the arguments of a loss or metric with a label for each step.

    Steps with a negative label are padding, and so are those that the Keras mask of the predictions
    excludes.

    Args:
        y_true: Class numbers `(batch, time)`, or `(batch, time, 1)`, of any numeric dtype.
        y_pred: Predictions `(batch, time, classes)`.
        sample_weight: A number; `(batch,)` or `(batch, 1)`, one weight for a sequence; or
            `(batch, time)` or `(batch, time, 1)`, one for a step. Default None, 1.

    Raises:
        InputError: a shape or dtype is another one; a label is not a whole number below the number of
            classes. In a graph the values raise `tf.errors.InvalidArgumentError`.
    """
    predicted_mask = getattr(y_pred, "_keras_mask", None)
    labels = _check_labels(y_true, y_pred)
    labelled = ~(labels < 0)  # NaN is not padding
    invalid = not_classes(labels, y_pred.shape[-1])
    mask = labelled if predicted_mask is None else tf.cast(predicted_mask, bool) & labelled
    label_weights = _check_weights(sample_weight, labels)
    weights = tf.where(mask, label_weights, 0.0)
    weights = tf.where(mask & invalid, float("nan"), weights)
    labels = tf.cast(tf.where(mask & ~invalid, labels, tf.zeros_like(labels)), tf.int32)
    empty = ~tf.reduce_any(mask, axis=1, keepdims=True)
    rows = _mean(tf.where(empty, label_weights, weights), (mask & (weights != 0)) | empty)
    return LabelledSteps(labels, mask, weights, rows)


def _mean(values, counted):
    """The mean over time of the values that count, zero if there are none."""
    total = tf.reduce_sum(tf.where(counted, values, 0.0), axis=1)
    return tf.math.divide_no_nan(total, tf.reduce_sum(tf.cast(counted, values.dtype), axis=1))


_divisors: contextvars.ContextVar[list | None] = contextvars.ContextVar("divisors", default=None)


@contextlib.contextmanager
def divisors() -> Iterator[list]:
    """Collects what the mean losses of the block are divided by, a scalar tensor each; see `counted`."""
    collected: list = []
    token = _divisors.set(collected)
    try:
        yield collected
    finally:
        _divisors.reset(token)


def counted(divisor: tf.Tensor) -> tf.Tensor:
    """What a mean loss is divided by, which the `divisors` around it collect: tokens of a batch, observed values.

    Several workers weight their means by it. A loss that says nothing is a mean over examples.
    """
    collected = _divisors.get()
    if collected is not None:
        collected.append(divisor)
    return divisor


def reduce(losses: tf.Tensor, count: tf.Tensor, weights: tf.Tensor, reduction: str | None) -> tf.Tensor:
    """Weighted losses reduced as in Keras.

    Args:
        losses: The losses times their weights.
        count: How many they are, without padding.
        weights: The weights.
        reduction: As in `keras.losses.Loss`: "sum_over_batch_size" and "mean" divide the sum by
            `count`, "mean_with_sample_weight" by the sum of the weights, and both by the number of
            replicas, whose losses Keras averages. The gradients, which it sums, are those of the whole
            batch, however a `tf.distribute` strategy splits it.
    """
    if reduction in (None, "none"):
        return losses
    total = tf.reduce_sum(losses)
    if reduction == "sum":
        return total
    divisor = tf.reduce_sum(weights) if reduction == "mean_with_sample_weight" else count
    return mean_loss(total, tf.cast(divisor, total.dtype))


def mean_loss(total: tf.Tensor, divisor: tf.Tensor) -> tf.Tensor:
    """A sum of losses divided by their number, 0 if there are none, in all replicas of a `tf.distribute` strategy.

    As in Keras, the mean of a replica is divided by their number. The gradients are those of the whole batch.

    Args:
        total: The sum of this replica.
        divisor: The number of losses of this replica, of the same dtype; `divisors` collects it.
    """
    divisor = counted(divisor)
    mean, replica = tf.math.divide_no_nan(total, divisor), tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return mean
    whole = tf.math.divide_no_nan(total, replica.all_reduce(tf.distribute.ReduceOp.SUM, divisor))
    return whole + tf.stop_gradient(mean / replica.num_replicas_in_sync - whole)


def _check_labels(y_true, y_pred):
    """The labels `(batch, time)`."""
    labels, expected = numeric_labels(y_true), tf.TensorShape(y_pred.shape[:2])
    problem = f"`y_true` must hold one class number for each step, {readable(expected)}, got the shape"
    remedy = "use the argmax of one-hot labels, and pad with -1"
    if labels.shape.rank is None:
        labels = with_two_axes(labels, f"{problem} %s: {remedy}.")
    if labels.shape.rank != 2 or not expected.is_compatible_with(labels.shape):
        raise InputError(f"{problem} {readable(labels.shape)}", remedy)
    if isinstance(y_pred, tf.Tensor):
        same = tf.reduce_all(tf.shape(labels) == tf.shape(y_pred)[:2])
        message = "`y_true` must have the batch and time of the predictions, got %s."
        if dependencies := check(same, message, tf.shape(labels)):
            with tf.control_dependencies(dependencies):
                labels = tf.identity(labels)
    return labels


def numeric_labels(y_true: Any) -> tf.Tensor:
    """Class numbers as a tensor, without a last axis of one.

    Raises:
        InputError: their dtype is not numeric.
    """
    labels = tf.convert_to_tensor(y_true)
    if labels.dtype == tf.bool or (labels.dtype.is_integer and labels.dtype.size < 4):  # in which a class may not fit
        labels = tf.cast(labels, tf.int32)
    elif labels.dtype.is_unsigned:
        labels = tf.cast(labels, tf.int64)
    if not (labels.dtype.is_integer or labels.dtype.is_floating):
        raise InputError(f"`y_true` must hold class numbers, got the dtype {labels.dtype.name}: convert the labels.")
    return _without_last_axis(labels)


def not_classes(labels: tf.Tensor, classes: int | tf.Tensor) -> tf.Tensor:
    """Which labels are not a class, bool of their shape: none, or in a program that XLA compiles as a whole.

    Raises:
        InputError: one is not a whole number below the number of classes; negative ones are padding. In a graph
            values raise `tf.errors.InvalidArgumentError`.
    """
    static = tf.get_static_value(labels)
    is_known = isinstance(classes, int)
    if static is not None and is_known and not tf.executing_eagerly():
        with tf.init_scope():
            not_classes(tf.constant(static), classes)
    invalid = ~(labels < tf.cast(classes, labels.dtype))
    if labels.dtype.is_floating:
        invalid |= labels != tf.floor(labels)
    wrong = tf.reduce_max(tf.where(invalid, labels, tf.zeros_like(labels)))
    most = classes if is_known else "the number of classes"
    message = f"`y_true` must hold class numbers below {most}, negative for padding, got %s."
    check(~tf.reduce_any(invalid), message, wrong)
    return invalid


def _check_weights(sample_weight, labels):
    """The sample weights, float32 `(batch, time)`."""
    if sample_weight is None:
        return tf.ones(tf.shape(labels))
    weights = tf.cast(tf.convert_to_tensor(sample_weight), tf.float32)
    actual, shape = weights.shape, tf.shape(labels)
    problem = f"must be a number, or have the shape (batch,) or (batch, time) of the labels {readable(labels.shape)}"
    weights = _without_last_axis(weights)
    if weights.shape.rank is None:
        missing = tf.ones([tf.maximum(2 - tf.rank(weights), 0)], tf.int32)
        weights = tf.reshape(weights, tf.concat([tf.shape(weights), missing], axis=0))
        weights = with_two_axes(weights, f"`sample_weight` {problem}, got the shape %s.")
    elif weights.shape.rank < 2:
        weights = tf.reshape(weights, [-1, 1])
    is_number = weights.shape.num_elements() == 1
    batch, time = labels.shape
    fits = weights.shape.rank == 2 and (
        is_number or any(tf.TensorShape([batch, n]).is_compatible_with(weights.shape) for n in (1, time))
    )
    if not fits:
        raise InputError(f"`sample_weight` {problem}, got the shape {readable(actual)}.")
    if is_number:
        return tf.broadcast_to(weights, shape)
    rows, columns = tf.unstack(tf.shape(weights))
    fits = (tf.size(weights) == 1) | ((rows == shape[0]) & ((columns == 1) | (columns == shape[1])))
    message = "`sample_weight` must have the batch and time of the labels, got %s."
    with tf.control_dependencies(check(fits, message, tf.shape(weights))):
        return tf.broadcast_to(weights, shape)


def row_weights(sample_weight: Any, rows: tf.Tensor) -> tf.Tensor:
    """The sample weights of a loss or metric with a value for each row, float32 `(rows,)`.

    Args:
        sample_weight: A number, `(rows,)` or `(rows, 1)`; None for 1.
        rows: The number of rows.

    Raises:
        InputError: the shape is another one; in a graph that does not know it a `tf.errors.InvalidArgumentError`.
    """
    weights = tf.cast(tf.convert_to_tensor(1.0 if sample_weight is None else sample_weight), tf.float32)
    shape, count = tf.shape(weights), tf.size(weights)
    fits = (count == 1) | ((count == rows) & tf.reduce_all(shape[:1] == rows))
    message = "`sample_weight` must be a number, or have the shape (batch,) or (batch, 1), got the shape %s."
    with tf.control_dependencies(check(fits, message, shape)):
        return tf.ones([rows]) * tf.reshape(weights, [-1])


class RowLoss(keras.losses.Loss):
    """A loss with a value for each row, whose sample weights are those of `row_weights`."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tf.Tensor:
        weights = None if sample_weight is None else row_weights(sample_weight, tf.shape(y_pred)[0])
        return super().__call__(y_true, y_pred, weights)


def with_two_axes(values: tf.Tensor, message: str) -> tf.Tensor:
    """Values of unknown rank, with which Keras traces a model that was given several, as values with two axes.

    Args:
        values: The values.
        message: The error if they have another number of axes when the graph runs, with "%s" for their shape.
    """
    shape = tf.shape(values)
    with tf.control_dependencies(check(tf.rank(values) == 2, message, shape)):
        # No `ensure_shape`, from which TensorFlow's optimizer takes that the check holds.
        return tf.reshape(values, [tf.reduce_prod(shape[:1]), tf.reduce_prod(shape[1:])])


def _without_last_axis(values):
    """Values `(batch, time)` if they are `(batch, time, 1)`, others as they are."""
    if values.shape.rank is None:
        shape = tf.shape(values)
        last = tf.cast((tf.rank(values) == 3) & tf.reduce_all(shape[2:] == 1), tf.int32)
        return tf.reshape(values, shape[: tf.rank(values) - last])
    return values[..., 0] if values.shape.rank == 3 and values.shape[-1] == 1 else values
