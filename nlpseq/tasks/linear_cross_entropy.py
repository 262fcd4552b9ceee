"""The cross-entropy of logits that are never held: some rows of them at a time."""

import tensorflow as tf

from nlpseq import engine

ROWS = 256  # the most whose logits are held at a time
REMEDY = "compile with keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)"


def linear_cross_entropy(outputs, embeddings, bias, labels, weights, smoothing=0.0):
    """Cross-entropy of z = E o + b, summed over the rows, without all of z.

        loss = sum_i w_i (- sum_k q_ik log p_ik),   p_i = softmax(z_i)
        q_ik = (1 - smoothing) [k = y_i] + smoothing / K        (Szegedy et al. 2016)
        dloss/dz_ik = w_i (p_ik - q_ik)

    The gradients are made with the loss, while the logits of a row are at hand, so this is
    for training. Whole parts of rows of weight zero, padding, cost nothing. Compiled as the
    engine is.

    Args:
        outputs: o, float `(..., size)`, in whose type the products are made; those of float16
            are made in float32, since gradients are small before the loss is scaled.
        embeddings: E, float `(K, size)`.
        bias: b, float32 `(K,)`.
        labels: y, int32 `(...)`.
        weights: w, float32 `(...)`.
        smoothing: float between 0 and 1. Default 0.

    Returns:
        A float32 scalar. It has first derivatives only.
    """
    compiled = engine.should_compile("auto", True, outputs)
    make = _compiled if compiled else _loss_and_gradients
    labels, weights = tf.reshape(labels, [-1]), tf.reshape(weights, [-1])

    @tf.custom_gradient
    def total(*sources):
        fixed = [tf.stop_gradient(each) for each in sources]  # no tape need look in
        found, *gradients = make(*fixed, labels, weights, smoothing)

        def gradient(upstream):
            return [tf.cast(upstream * each, source.dtype) for each, source in zip(gradients, sources)]

        return found, engine.first_only(gradient, sources, REMEDY)

    rows = tf.reshape(outputs, [-1, outputs.shape[-1]])
    return total(rows, tf.convert_to_tensor(embeddings), tf.convert_to_tensor(bias))


def _loss_and_gradients(outputs, embeddings, bias, labels, weights, smoothing):
    """The loss, and its gradients by outputs, embeddings and bias, all in float32."""
    dtype = tf.float32 if outputs.dtype == tf.float16 else outputs.dtype
    kernel, count, size = tf.cast(embeddings, dtype), tf.shape(outputs)[0], outputs.shape[1]
    order = tf.argsort(tf.cast(weights == 0, tf.int32), stable=True)  # what counts comes first
    parts = tf.maximum(-(-count // ROWS), 1)  # XLA refuses to slice nothing
    length = tf.maximum(-(-count // parts), 1)  # of a part, so that little is missing in the last
    missing = parts * length - count

    def cut(rows):
        rows = tf.gather(rows, order)
        rows = tf.pad(rows, [[0, missing]] + [[0, 0]] * (len(rows.shape) - 1))
        return tf.reshape(rows, [parts, length, *rows.shape[1:]])

    outputs, labels, weights = cut(tf.cast(outputs, dtype)), cut(labels), cut(weights)

    def part(number, loss, d_outputs, d_kernel, d_bias):
        weight = weights[number]
        real = weight != 0
        some = tf.where(real[:, tf.newaxis], outputs[number], 0)
        logits = tf.cast(tf.matmul(some, kernel, transpose_b=True), tf.float32) + bias
        losses, d_logits = _of_logits(logits, labels[number], smoothing)
        d_logits = tf.where(real[:, tf.newaxis], d_logits * weight[:, tf.newaxis], 0.0)
        narrow = tf.cast(d_logits, dtype)
        d_some = tf.cast(tf.matmul(narrow, kernel), tf.float32)
        return (
            number + 1,
            loss + tf.reduce_sum(tf.where(real, losses * weight, 0.0)),
            tf.tensor_scatter_nd_update(d_outputs, [[number]], d_some[tf.newaxis]),
            d_kernel + tf.cast(tf.matmul(narrow, some, transpose_a=True), tf.float32),
            d_bias + tf.reduce_sum(d_logits, axis=0),
        )

    needed = -(-tf.math.count_nonzero(weights, dtype=tf.int32) // length)
    zeros = [tf.zeros(tf.shape(each)) for each in (outputs, kernel, bias)]
    _, loss, d_outputs, d_kernel, d_bias = tf.while_loop(
        lambda number, *_: number < needed, part, (0, tf.constant(0.0), *zeros)
    )
    rows = tf.reshape(d_outputs, [-1, size])
    return loss, tf.gather(rows, tf.math.invert_permutation(order)), d_kernel, d_bias


_compiled = tf.function(_loss_and_gradients, jit_compile=True)


def _of_logits(logits, labels, smoothing):
    """The losses of logits `(rows, K)`, and their gradients."""
    classes = tf.shape(logits)[1]
    wanted = tf.cast(tf.range(classes) == labels[:, tf.newaxis], logits.dtype)
    if smoothing:
        wanted = (1 - smoothing) * wanted + smoothing / tf.cast(classes, logits.dtype)
    log_probabilities = logits - tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    return -tf.reduce_sum(wanted * log_probabilities, axis=1), tf.exp(log_probabilities) - wanted
