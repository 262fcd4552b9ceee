"""Cross-entropy of a linear output layer that never stores the logits of all rows."""

import tensorflow as tf

from nlpseq import engine

BLOCK_ROWS = 256  # maximum number of rows whose logits are in memory at a time
REMEDY = "compile with keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)"


def linear_cross_entropy(
    outputs: tf.Tensor,
    embeddings: tf.Tensor,
    bias: tf.Tensor,
    labels: tf.Tensor,
    weights: tf.Tensor,
    smoothing: float = 0.0,
) -> tf.Tensor:
    """Cross-entropy of the logits z = E o + b, a weighted sum over rows, for training.

        loss = sum_i w_i (- sum_k q_ik log p_ik),   p_i = softmax(z_i)
        q_ik = (1 - smoothing) [k = y_i] + smoothing / K
        dloss/dz_ik = w_i (p_ik - q_ik)

    The gradients are computed together with the loss, block by block, so that only the logits of
    one block exist at a time. Rows of weight zero (padding) are sorted to the end, and blocks
    that contain no other rows are skipped. The computation is compiled with XLA under the same
    conditions as the recurrent loops of `nlpseq.engine`.

    Args:
        outputs: o, float `(..., size)`. Matrix products are computed in its dtype, except for
            float16, whose range is too small for gradients before loss scaling: in float32.
        embeddings: E, float `(K, size)`.
        bias: b, float32 `(K,)`.
        labels: y, int32 `(...)`, from 0 to K - 1.
        weights: w, float32 `(...)`.
        smoothing: Share of the target that is spread over all K classes, from 0 to 1. Default 0.

    Returns:
        A float32 scalar, differentiable once with respect to outputs, embeddings and bias.

    Example:

    >>> outputs, embeddings, bias = tf.ones([2, 3, 4]), tf.zeros([5, 4]), tf.zeros([5])
    >>> loss = linear_cross_entropy(outputs, embeddings, bias, tf.zeros([2, 3], tf.int32), tf.ones([2, 3]))
    >>> round(float(loss), 4)  # 6 log 5
    9.6566

    Reference:
        Szegedy et al. (2016), Rethinking the inception architecture for computer vision,
        section 7, for q.
    """
    is_compiled = engine.should_compile("auto", True, outputs)
    loss_and_gradients = _compiled if is_compiled else _loss_and_gradients
    labels, weights = tf.reshape(labels, [-1]), tf.reshape(weights, [-1])

    @tf.custom_gradient
    def weighted_sum(*sources):
        constants = [tf.stop_gradient(source) for source in sources]  # outer tapes record nothing
        loss, *gradients = loss_and_gradients(*constants, labels, weights, smoothing)

        def backward(upstream):
            return [tf.cast(upstream * gradient, source.dtype) for gradient, source in zip(gradients, sources)]

        return loss, engine.first_only(backward, sources, REMEDY)

    rows = tf.reshape(outputs, [-1, outputs.shape[-1]])
    return weighted_sum(rows, tf.convert_to_tensor(embeddings), tf.convert_to_tensor(bias))


def _loss_and_gradients(outputs, embeddings, bias, labels, weights, smoothing):
    """The loss, and its gradients with respect to outputs, embeddings and bias, all float32."""
    dtype = tf.float32 if outputs.dtype == tf.float16 else outputs.dtype
    kernel, count, size = tf.cast(embeddings, dtype), tf.shape(outputs)[0], outputs.shape[1]
    order = tf.argsort(tf.cast(weights == 0, tf.int32), stable=True)  # rows of weight zero last
    blocks = tf.maximum(-(-count // BLOCK_ROWS), 1)  # at least one: XLA cannot slice an empty tensor
    block_rows = tf.maximum(-(-count // blocks), 1)  # blocks of equal size need the least padding
    padding = blocks * block_rows - count

    def to_blocks(rows):
        rows = tf.gather(rows, order)
        rows = tf.pad(rows, [[0, padding]] + [[0, 0]] * (len(rows.shape) - 1))
        return tf.reshape(rows, [blocks, block_rows, *rows.shape[1:]])

    outputs, labels, weights = to_blocks(tf.cast(outputs, dtype)), to_blocks(labels), to_blocks(weights)

    def add_block(number, loss, d_outputs, d_kernel, d_bias):
        weight = weights[number]
        real = weight != 0
        block = tf.where(real[:, tf.newaxis], outputs[number], 0)
        logits = tf.cast(tf.matmul(block, kernel, transpose_b=True), tf.float32) + bias
        losses, d_logits = _softmax_cross_entropy(logits, labels[number], smoothing)
        d_logits = tf.where(real[:, tf.newaxis], d_logits * weight[:, tf.newaxis], 0.0)
        narrow = tf.cast(d_logits, dtype)
        d_block = tf.cast(tf.matmul(narrow, kernel), tf.float32)
        return (
            number + 1,
            loss + tf.reduce_sum(tf.where(real, losses * weight, 0.0)),
            tf.tensor_scatter_nd_update(d_outputs, [[number]], d_block[tf.newaxis]),
            d_kernel + tf.cast(tf.matmul(narrow, block, transpose_a=True), tf.float32),
            d_bias + tf.reduce_sum(d_logits, axis=0),
        )

    real_blocks = -(-tf.math.count_nonzero(weights, dtype=tf.int32) // block_rows)
    zeros = [tf.zeros(tf.shape(x)) for x in (outputs, kernel, bias)]
    _, loss, d_outputs, d_kernel, d_bias = tf.while_loop(
        lambda number, *_: number < real_blocks, add_block, (0, tf.constant(0.0), *zeros)
    )
    rows = tf.reshape(d_outputs, [-1, size])
    return loss, tf.gather(rows, tf.math.invert_permutation(order)), d_kernel, d_bias


_compiled = tf.function(_loss_and_gradients, jit_compile=True)


def _softmax_cross_entropy(logits, labels, smoothing):
    """The losses of logits `(rows, K)`, `(rows,)`, and their gradients p - q, `(rows, K)`."""
    classes = tf.shape(logits)[1]
    target = tf.cast(tf.range(classes) == labels[:, tf.newaxis], logits.dtype)
    if smoothing:
        target = (1 - smoothing) * target + smoothing / tf.cast(classes, logits.dtype)
    log_probabilities = logits - tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    return -tf.reduce_sum(target * log_probabilities, axis=1), tf.exp(log_probabilities) - target
