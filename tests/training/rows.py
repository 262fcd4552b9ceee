"""The least that `train` requires of a task, for tests."""

import keras
import tensorflow as tf


class RowsTask(keras.Model):
    """Rows of numbers to one of two classes; subclasses define the layers."""

    metric, metric_mode = "accuracy", "max"

    def prepare(self, examples, batch_size, training=False, seed=0):
        batches = tf.data.Dataset.from_tensor_slices(examples)
        return (batches.shuffle(len(examples[0]), seed=seed) if training else batches).batch(batch_size)

    def compile(self, optimizer):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        super().compile(optimizer, loss, metrics=["accuracy"], run_eagerly=True)  # to trace takes longer
