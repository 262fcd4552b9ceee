"""Log-probabilities of single tokens, without a log-softmax of all logits."""

import tensorflow as tf


def log_total(logits: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    """log sum exp of every row, `(rows,)`, given its largest logit `(rows,)`."""
    return tf.math.log(tf.reduce_sum(tf.exp(logits - largest[:, tf.newaxis]), axis=-1)) + largest


def log_probability(logits: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    """log P of one token per row, `(rows,)`."""
    selected = tf.gather(logits, tokens, batch_dims=1)
    return selected - log_total(logits, tf.reduce_max(logits, axis=-1))
