"""Lookup tables of pieces."""

import tensorflow as tf


def table(keys, values, default, key_type, value_type):
    """A fixed lookup table that outlives the graph in which it is made."""
    with tf.init_scope():
        keys, values = tf.constant(keys, key_type), tf.constant(values, value_type)
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        return tf.lookup.StaticHashTable(initializer, default)
