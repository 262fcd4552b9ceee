"""The cross-entropy of logits that are never held: some rows of them at a time."""

import tensorflow as tf

from nlpseq import engine

ROWS = 128  # rows whose logits are held at a time


def linear_cross_entropy(outputs, embeddings, bias, labels, weights, smoothing=0.0):
    """Cross-entropy of z = E o + b, summed over the rows, without all of z.

        loss = sum_i w_i (- sum_k q_ik log p_ik),   p_i = softmax(z_i)
        q_ik = (1 - smoothing) [k = y_i] + smoothing / K        (Szegedy et al. 2016)
        dloss/dz_ik = w_i (p_ik - q_ik)

    The gradients are made with the loss, while the logits of a row are at hand; rows of
    weight zero, padding, cost nothing. For training, since the gradients are two thirds of
    the work, compiled as the engine is.

    Args:
        outputs: o, float `(..., size)`, in whose type the products are made.
        embeddings: E, float `(K, size)`.
        bias: b, float32 `(K,)`.
        labels: y, int32 `(...)`.
        weights: w, float32 `(...)`.
        smoothing: between 0 and 1. Default 0.

    Returns:
        A float32 scalar.
    """
    compiled = engine.should_compile("auto", True, outputs)
    make = _compiled if compiled else _loss_and_gradients
    labels, weights = tf.reshape(labels, [-1]), tf.reshape(weights, [-1])

    @tf.custom_gradient
    def total(outputs, embeddings, bias):
        sources = [tf.stop_gradient(each) for each in (outputs, embeddings, bias)]  # no tape need look in
        found, *gradients = make(*sources, labels, weights, tf.constant(smoothing, tf.float32))

        def scaled(upstream):
            return [tf.cast(upstream * tf.cast(each, tf.float32), each.dtype) for each in gradients]

        return found, scaled

    rows = tf.reshape(outputs, [-1, outputs.shape[-1]])
    return total(rows, tf.convert_to_tensor(embeddings), tf.convert_to_tensor(bias))


def _loss_and_gradients(outputs, embeddings, bias, labels, weights, smoothing):
    """The loss, and its gradients by outputs, embeddings and bias."""
    count, size, kernel = tf.shape(outputs)[0], outputs.shape[1], tf.cast(embeddings, outputs.dtype)
    order = tf.argsort(tf.cast(weights == 0, tf.int32), stable=True)  # what counts comes first
    parts = -(-count // ROWS)
    missing = parts * ROWS - count

    def cut(rows):
        rows = tf.gather(rows, order)
        rows = tf.pad(rows, [[0, missing]] + [[0, 0]] * (len(rows.shape) - 1))
        return tf.reshape(rows, [parts, ROWS, *rows.shape[1:]])

    outputs, labels, weights = cut(outputs), cut(labels), cut(weights)

    def part(number, loss, d_outputs, d_embeddings, d_bias):
        some, weight = outputs[number], weights[number]
        logits = tf.cast(tf.matmul(some, kernel, transpose_b=True), tf.float32) + bias
        losses, d_logits = _of_logits(logits, labels[number], smoothing)
        d_logits *= weight[:, tf.newaxis]
        narrow = tf.cast(d_logits, some.dtype)
        d_some = tf.matmul(narrow, kernel)
        d_kernel = tf.matmul(narrow, some, transpose_a=True)
        return (
            number + 1,
            loss + tf.reduce_sum(losses * weight),
            tf.tensor_scatter_nd_update(d_outputs, [[number]], d_some[tf.newaxis]),
            d_embeddings + tf.cast(d_kernel, tf.float32),
            d_bias + tf.reduce_sum(d_logits, axis=0),
        )

    needed = -(-tf.math.count_nonzero(weights, dtype=tf.int32) // ROWS)
    zeros = tf.zeros_like(outputs), tf.zeros(tf.shape(embeddings)), tf.zeros_like(bias)
    _, loss, d_outputs, d_embeddings, d_bias = tf.while_loop(
        lambda number, *_: number < needed, part, (0, tf.constant(0.0), *zeros)
    )
    back = tf.argsort(order)
    d_outputs = tf.gather(tf.reshape(d_outputs, [-1, size]), back)
    return loss, d_outputs, tf.cast(d_embeddings, embeddings.dtype), d_bias


_compiled = tf.function(_loss_and_gradients, jit_compile=True)


def _of_logits(logits, labels, smoothing):
    """The losses of logits `(rows, K)`, and their gradients."""
    classes = tf.shape(logits)[1]
    total = tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    right = tf.cast(tf.range(classes) == labels[:, tf.newaxis], logits.dtype)
    wanted = (1 - smoothing) * right + smoothing / tf.cast(classes, logits.dtype)
    log_probabilities = logits - total
    return -tf.reduce_sum(wanted * log_probabilities, axis=1), tf.exp(log_probabilities) - wanted
