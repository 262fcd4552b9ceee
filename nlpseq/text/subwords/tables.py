"""Lookup tables of pieces."""

from collections.abc import Sequence

import tensorflow as tf


def table(
    keys: Sequence, values: Sequence, default, key_type: tf.DType, value_type: tf.DType
) -> tf.lookup.StaticHashTable:
    """A constant lookup table that outlives the graph in which it is created."""
    with tf.init_scope():
        keys, values = tf.constant(keys, key_type), tf.constant(values, value_type)
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        return tf.lookup.StaticHashTable(initializer, default)
