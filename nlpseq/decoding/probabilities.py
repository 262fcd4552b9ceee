"""Log-probabilities without a copy of all logits."""

import tensorflow as tf


def log_total(logits, largest):
    """`log sum exp` of each row, `(rows,)`, from its largest logit `(rows,)`."""
    return tf.math.log(tf.reduce_sum(tf.exp(logits - largest[:, tf.newaxis]), axis=-1)) + largest


def log_probability(logits, tokens):
    """log P of one token a row, `(rows,)`."""
    picked = tf.gather(logits, tokens, batch_dims=1)
    return picked - log_total(logits, tf.reduce_max(logits, axis=-1))
