"""Training and validation steps of a model whose batches several workers share."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from nlpseq.engine.sparse import with_values
from nlpseq.layers.label_loss import divisors
from nlpseq.training import workers
from nlpseq.training.workers import Cluster


class SharedSteps:
    """The steps of Keras for one worker of several, each with its own examples of a batch.

        g = sum_k c_k g_k / sum_k c_k        loss = sum_k c_k loss_k / sum_k c_k

    where c_k is what the mean loss of worker k is divided by: its number of examples, or of tokens. The optimizer
    clips and applies g, once, as if one worker had the whole batch. Metrics are added up, as under a
    `tf.distribute` strategy: their variables must be sums over examples.

    Args:
        model: A compiled and built `keras.Model`.
        cluster: The workers.
        dtype: Type in which dense gradients are added, "float32" or "bfloat16". Default "float32".
    """

    def __init__(self, model: Any, cluster: Cluster, dtype: str = "float32"):
        self.model, self.cluster, self.dtype = model, cluster, tf.as_dtype(dtype)
        self._own_request, self._requests = (tf.Variable(0.0, trainable=False) for _ in range(2))

    def agreed(self, number: int) -> int:
        """The signal on which all workers stop before the next step, 0 for none.

        It is one that a worker had before the step that has just ended, so that all know it at the same step.

        Args:
            number: The signal that this worker has received, 0 for none.
        """
        self._own_request.assign(float(number > 0))
        return (number or signal.SIGTERM) if self._requests > 0 else 0

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of training; returns the metrics, the same on all workers."""
        model, variables = self.model, self.model.trainable_variables
        (x, y, weights), has_rows = self._batch(data)
        with divisors() as counts, tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=True)
            scaled = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, variables)
        pairs = [(gradient, variable) for gradient, variable in zip(gradients, variables) if gradient is not None]
        own = self._losses(loss, counts, x, has_rows)
        *sums, losses = self.cluster.add([*(self._times(*pair, own[0]) for pair in pairs), own])
        means = [_divided(total, losses[0]) for total in sums]
        model.optimizer.apply_gradients([(mean, variable) for mean, (_, variable) in zip(means, pairs)])
        # After the update, as in Keras: a metric may read weights, such as those of a CRF.
        return self._results(self.cluster.add(self._metrics(x, y, y_pred, weights, has_rows)), losses)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of validation; returns the metrics, the same on all workers."""
        (x, y, weights), has_rows = self._batch(data)
        with divisors() as counts:
            y_pred = self.model(x, training=False)
            loss = self.model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, training=False)
        parts = self._metrics(x, y, y_pred, weights, has_rows)
        *sums, losses = self.cluster.add([*parts, self._losses(loss, counts, x, has_rows)])
        return self._results(sums, losses)

    def _batch(self, data):
        return _with_a_row(*keras.utils.unpack_x_y_sample_weight(data), getattr(self.model.loss, "padding", 0))

    def _losses(self, loss, counts, x, has_rows):
        """What the loss is divided by, the loss times it, the number of examples, and a request: float32 `(4,)`."""
        rows = tf.cast(tf.shape(tf.nest.flatten(x)[0])[0], tf.float32)
        count = has_rows * (tf.cast(counts[0], tf.float32) if counts else rows)
        loss = tf.math.multiply_no_nan(tf.cast(loss, tf.float32), count)
        return tf.stack([count, loss, has_rows * rows, self._own_request])

    def _times(self, gradient, variable, count):
        """A gradient times the count, with the static shape of its variable, without which sums have no shape."""
        if isinstance(gradient, tf.IndexedSlices):
            values = tf.math.multiply_no_nan(gradient.values, tf.cast(count, gradient.dtype))
            return with_values(gradient, values)
        gradient = tf.ensure_shape(gradient, variable.shape)
        return tf.cast(tf.math.multiply_no_nan(gradient, tf.cast(count, gradient.dtype)), self.dtype)

    def _variables(self):
        """The variables of the metrics except the loss."""
        return [variable for metric in self.model.metrics if metric.name != "loss" for variable in metric.variables]

    def _metrics(self, x, y, y_pred, weights, has_rows):
        """What the examples of this worker add to the metrics, whose variables keep the sums of all workers."""
        if not all(
            getattr(metric, "built", True) for metric in self.model.metrics
        ):  # traced, and not run: it makes the variables
            add = tf.function(lambda: self.model.compute_metrics(x, y, y_pred, sample_weight=weights), autograph=False)
            add.get_concrete_function()
        variables = self._variables()
        before = [tf.identity(variable) for variable in variables]
        for variable in variables:
            variable.assign(tf.zeros_like(variable))
        self.model.compute_metrics(x, y, y_pred, sample_weight=weights)
        parts = [has_rows * tf.cast(tf.convert_to_tensor(variable), tf.float32) for variable in variables]
        for variable, value in zip(variables, before):
            variable.assign(value)
        return parts

    def _results(self, parts, losses):
        """The metrics, with the sums of a batch added."""
        self._requests.assign(losses[3])
        for variable, part in zip(self._variables(), parts):
            variable.assign_add(tf.cast(part, variable.dtype))
        mean = next(metric for metric in self.model.metrics if metric.name == "loss")
        mean.update_state(tf.math.divide_no_nan(losses[1], losses[0]), sample_weight=losses[2])
        return self.model.get_metrics_result()


@contextlib.contextmanager
def shared_steps(model: Any, dtype: str = "float32") -> Iterator[SharedSteps | None]:
    """In the block a model takes the steps of `SharedSteps`, which it yields, if there are several workers."""
    cluster = workers.current()
    if not isinstance(cluster, Cluster):
        yield None
        return
    steps = SharedSteps(model, cluster, dtype)
    model.train_step, model.test_step = steps.train_step, steps.test_step
    cluster.shift_seeds(model)
    try:
        yield steps
    finally:
        cluster.shift_seeds(model, -1)
        del model.train_step, model.test_step
        model.train_function = model.test_function = None


def _with_a_row(x, y, weights, label):
    """A batch with one row of zeros and of that label if it has none, and whether it has some: 1.0 or 0.0."""
    first = tf.nest.flatten(x)[0]
    if first.shape[0]:  # known, as that of carried states
        return (x, y, weights), tf.constant(1.0)
    empty = tf.cast(tf.equal(tf.shape(first)[0], 0), tf.int32)

    def filled(value, number=0):
        if value is None or not value.shape.rank:
            return value
        row = tf.zeros(tf.concat([[empty], tf.shape(value)[1:]], 0), value.dtype)
        return tf.concat([value, row + tf.cast(number, value.dtype) if number else row], 0)

    labels = tf.nest.map_structure(lambda value: filled(value, label), y)
    x, weights = tf.nest.map_structure(filled, (x, weights))
    return (x, labels, weights), tf.cast(1 - empty, tf.float32)


def _divided(gradient, count):
    if isinstance(gradient, tf.IndexedSlices):
        values = tf.math.divide_no_nan(gradient.values, tf.cast(count, gradient.dtype))
        return with_values(gradient, values)
    return tf.math.divide_no_nan(tf.cast(gradient, tf.float32), count)
