"""The values of gradients, of which those of embeddings are `tf.IndexedSlices`: the rows that were read."""

from typing import TypeVar

import tensorflow as tf

Gradient = TypeVar("Gradient", tf.Tensor, tf.IndexedSlices)


def values_of(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    """The tensor itself, or the values of slices; a row that was read several times stands there several times."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def with_values(gradient: Gradient, values: tf.Tensor) -> Gradient:
    """A gradient like the given one, with other values."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return values
