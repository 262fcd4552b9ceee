"""Cross-entropy of a linear output layer that never stores the logits of all rows."""

import tensorflow as tf

from nlpseq import engine

# Numbers of rows whose logits are in memory at a time; one program is compiled for each.
BLOCK_ROWS = (704, 256, 64)
MOST_LOGITS = 2**23  # of a block, 32 MB; the smallest block may have more
# Rows whose products take as long as what each block adds: packing E, and reading the sum of its gradients.
PACKING = 25
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
    that contain no other rows are skipped. A block is compiled with XLA under the same conditions as
    the recurrent loops of `nlpseq.engine`, once for all numbers of rows.

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
    block = _compiled_block if engine.should_compile("auto", True, outputs) else _block
    labels, weights = tf.reshape(labels, [-1]), tf.reshape(weights, [-1])

    @tf.custom_gradient
    def weighted_sum(*sources):
        constants = [tf.stop_gradient(source) for source in sources]  # outer tapes record nothing
        loss, *gradients = _loss_and_gradients(block, *constants, labels, weights, smoothing)

        def backward(upstream):
            return [tf.cast(upstream * gradient, source.dtype) for gradient, source in zip(gradients, sources)]

        return loss, engine.first_only(backward, sources, REMEDY)

    rows = tf.reshape(outputs, [-1, outputs.shape[-1]])
    return weighted_sum(rows, tf.convert_to_tensor(embeddings), tf.convert_to_tensor(bias))


def _loss_and_gradients(block, outputs, embeddings, bias, labels, weights, smoothing):
    """The loss, and its gradients with respect to outputs, embeddings and bias, all float32."""
    dtype = tf.float32 if outputs.dtype == tf.float16 else outputs.dtype
    kernel, count, size = tf.cast(embeddings, dtype), tf.shape(outputs)[0], outputs.shape[1]
    real = tf.math.count_nonzero(weights, dtype=tf.int32)
    order = tf.argsort(tf.cast(weights == 0, tf.int32), stable=True)  # rows of weight zero last
    block_rows = _block_rows(real, kernel.shape[0])
    padding = -(-count // block_rows) * block_rows - count

    def sort(rows):
        return tf.pad(tf.gather(rows, order), [[0, padding]] + [[0, 0]] * (len(rows.shape) - 1))

    outputs, labels, weights = sort(tf.cast(outputs, dtype)), sort(labels), sort(weights)
    smoothing = tf.constant(smoothing, tf.float32)

    def add_block(number, d_outputs, sums):
        start = number * block_rows
        rows, targets, factors = (
            tf.slice(outputs, [start, 0], [block_rows, size]),
            *(tf.slice(values, [start], [block_rows]) for values in (labels, weights)),
        )
        d_rows, sums = block(rows, targets, factors, kernel, bias, smoothing, sums)
        places = (start + tf.range(block_rows))[:, tf.newaxis]
        return number + 1, tf.tensor_scatter_nd_update(d_outputs, places, d_rows), sums

    real_blocks = -(-real // block_rows)
    sums = [tf.constant(0.0), tf.zeros(kernel.shape), tf.zeros(bias.shape)]
    start = (0, tf.zeros(tf.shape(outputs)), sums)
    _, d_outputs, sums = tf.while_loop(lambda number, *_: number < real_blocks, add_block, start)
    loss, d_kernel, d_bias = sums
    return loss, tf.gather(d_outputs, tf.math.invert_permutation(order)), d_kernel, d_bias


def _block_rows(count, classes):
    """The rows of a block: the size of `BLOCK_ROWS` whose blocks take the least time together, if they fit."""
    sizes = [rows for rows in BLOCK_ROWS if rows * classes <= MOST_LOGITS] or [BLOCK_ROWS[-1]]
    costs = [-(-count // rows) * (rows + PACKING) for rows in sizes]
    return tf.gather(sizes, tf.argmin(costs))


def _block(outputs, labels, weights, kernel, bias, smoothing, sums):
    """d_outputs of a block, and the sums of loss, d_kernel and d_bias with those of the block added."""
    loss, d_kernel, d_bias = sums
    real = weights != 0
    outputs = tf.where(real[:, tf.newaxis], outputs, 0)
    logits = tf.cast(tf.matmul(outputs, kernel, transpose_b=True), tf.float32) + bias
    losses, d_logits = _softmax_cross_entropy(logits, labels, smoothing)
    d_logits = tf.where(real[:, tf.newaxis], d_logits * weights[:, tf.newaxis], 0.0)
    narrow = tf.cast(d_logits, kernel.dtype)
    sums = [
        loss + tf.reduce_sum(tf.where(real, losses * weights, 0.0)),
        d_kernel + tf.cast(tf.matmul(narrow, outputs, transpose_a=True), tf.float32),
        d_bias + tf.reduce_sum(d_logits, axis=0),
    ]
    return tf.cast(tf.matmul(narrow, kernel), tf.float32), sums


_traced_block = engine.Traced(_block, jit_compile=True)


def _compiled_block(*arguments):
    def specs(outputs, labels, weights, *others):
        return *engine.specs_of((outputs, labels, weights), 1), *engine.specs_of(others, 0)

    return _traced_block(*arguments, specs=specs)


def _softmax_cross_entropy(logits, labels, smoothing):
    """The losses of logits `(rows, K)`, `(rows,)`, and their gradients p - q, `(rows, K)`."""
    classes = tf.shape(logits)[1]
    target = tf.cast(tf.range(classes) == labels[:, tf.newaxis], logits.dtype)
    target = (1 - smoothing) * target + smoothing / tf.cast(classes, logits.dtype)
    log_probabilities = logits - tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    return -tf.reduce_sum(target * log_probabilities, axis=1), tf.exp(log_probabilities) - target
