"""A linear support vector machine over words and bigrams, which is fitted before the networks are trained."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from nlpseq.tasks.classification.linear import NgramLogits

COLUMNS = 2  # words and bigrams
SCALE = 6.0  # factor of the margins, as logits beside those of a network
ITEMS = 5_000_000  # words and bigrams of the texts that it is fitted to, at most
ITERATIONS, PERIOD, LEAST = 300, 10, 1e-3  # it ends when the loss falls by less than a thousandth in ten iterations


@keras.saving.register_keras_serializable("nlpseq")
class MarginLogits(NgramLogits):
    """Logits that are the scaled margins of linear support vector machines, one for each class.

        y_c = s (b_c + sum_i x_i W_{i,c})             i: the words and bigrams of a text
        x_i = idf_i / sqrt(sum_j idf_j^2)             j: all of them, as often as they occur
        idf_i = 1 + log((1 + n) / (1 + n_i))          n: training texts; n_i: those that contain i
        W, b = argmin 1/2 sum_c (|W_c|^2 + b_c^2) + sum_t sum_c w_tc max(0, 1 - y_tc m_tc)^2

    where m is the margin of the text t, without s; y is 1 for its classes and -1 for the others, and w is the class
    weight where y is 1, else 1. `adapt` solves this; the weights are not trained further. Of rare classes it learns
    more from few texts than a network does.

    Args:
        sizes: Number of ids in each column: words, and bigrams.
        classes: Number of classes.
        **kwargs: As in `keras.layers.Layer`.

    Call arguments, returns: As of `NgramLogits`; `training` changes nothing.

    Example:

    >>> layer = MarginLogits([4], classes=2)
    >>> layer.build((None, None, 1))
    >>> layer.adapt([(tf.ragged.constant([[[2]], [[3]]], ragged_rank=1), np.array([0, 1]))])
    >>> tf.argmax(layer(tf.constant([[[3]], [[2]]])), axis=1).numpy().tolist()
    [1, 0]

    References:
        Fan et al. (2008), LIBLINEAR: a library for large linear classification, the primal form with the squared hinge.
        Beck and Teboulle (2009), A fast iterative shrinkage-thresholding algorithm, equations 4.1 to 4.3.
        O'Donoghue and Candès (2015), Adaptive restart for accelerated gradient schemes, section 3.2.
    """

    def __init__(self, sizes: Sequence[int], classes: int, **kwargs):
        super().__init__(list(sizes)[:COLUMNS], classes, **{"trainable": False, **kwargs})

    def build(self, input_shape=None):
        super().build(input_shape)
        self.idf = [
            self.add_weight(name=f"idf_{column}", shape=(size,), initializer="ones")
            for column, size in enumerate(self.sizes)
        ]

    def adapt(
        self, batches: Iterable[tuple[tf.RaggedTensor, np.ndarray]], class_weights: Sequence[float] | None = None
    ) -> None:
        """Fits the weights.

        Args:
            batches: As of `NgramLogits.adapt`. Of more texts than have `ITEMS` words and bigrams every second one is
                read, or every fourth, and so on.
            class_weights: w, a number for each class. Default 1.
        """
        texts = _read(batches, self.sizes, self.classes)
        starts = np.cumsum([0, *self.sizes])
        counts = np.bincount(np.unique(texts.pairs, axis=0)[:, 1], minlength=starts[-1])
        idf = (1 + np.log((1 + len(texts.labels)) / (1 + counts))).astype(np.float32)
        weights, bias = _fitted(*_sparse(texts, idf), texts.labels, class_weights)
        for kernel, own, start, end in zip(self.kernels, self.idf, starts, starts[1:]):
            kernel.assign(weights[start:end])
            own.assign(idf[start:end])
        self.bias.assign(SCALE * bias)
        self.scale.assign(SCALE)

    def counted(self, ids, training=False):
        items, present = zip(*super().counted(ids))
        idf = [tf.gather(tf.convert_to_tensor(own), numbers) for own, numbers in zip(self.idf, items)]
        values = [weights * factors for weights, factors in zip(present, idf)]
        norm = tf.sqrt(sum(tf.reduce_sum(value**2, axis=1, keepdims=True) for value in values))
        return [(item, value / tf.maximum(norm, 1e-6)) for item, value in zip(items, values)]

    def get_config(self):
        config = super().get_config()
        config.pop("dropout")
        return config


class _Texts(NamedTuple):
    """The words and bigrams of texts.

    Attributes:
        pairs: int64 `(items, 2)`, the number of a text, and an id, those of bigrams after those of words.
        labels: float32 `(texts, classes)`, 1 for the classes of a text, -1 for the others.
    """

    pairs: np.ndarray
    labels: np.ndarray


def _read(batches, sizes, classes):
    """The texts of batches: all, or every second, fourth ... one."""
    starts, pairs, labels, step, number = np.cumsum([0, *sizes]), [], [], 1, 0
    for ids, targets in batches:
        rows, values = ids.value_rowids().numpy().astype(np.int64) + number, ids.flat_values.numpy()
        owners = np.arange(number, number + len(targets))
        number += len(targets)
        for column, size in enumerate(sizes):
            items = values[:, column]
            known = (items > (1 if column == 0 else 0)) & (items < size) & (rows % step == 0)
            pairs.append(np.stack([rows[known], items[known] + starts[column]], axis=1))
        labels.append((owners, targets if targets.ndim == 2 else np.eye(classes, dtype=np.float32)[targets]))
        while sum(map(len, pairs)) > ITEMS:
            step *= 2
            pairs = [part[part[:, 0] % step == 0] for part in pairs]
        labels = [(own[own % step == 0], part[own % step == 0]) for own, part in labels]
    items = np.concatenate(pairs or [np.zeros((0, 2), np.int64)])
    items[:, 0] //= step
    return _Texts(items, 2 * np.concatenate([part for _, part in labels]).astype(np.float32) - 1)


def _sparse(texts, idf):
    """The features x of texts, as their pairs in order, values and shape."""
    pairs = texts.pairs[np.lexsort(texts.pairs.T[::-1])]
    values = idf[pairs[:, 1]]
    norms = np.sqrt(np.bincount(pairs[:, 0], values**2, len(texts.labels)))
    return pairs, (values / norms[pairs[:, 0]]).astype(np.float32), (len(texts.labels), len(idf))


def _fitted(pairs, values, shape, labels, class_weights):
    """W `(items, classes)`, and b `(classes,)` as weights of a feature that is 1, by accelerated gradient descent."""
    features, labels = tf.SparseTensor(pairs, values, shape), tf.constant(labels)
    costs = tf.where(labels > 0, tf.constant(1.0 if class_weights is None else class_weights, tf.float32), 1.0)
    steps = _steps(pairs, values, shape, float(tf.reduce_max(costs)))

    @tf.function(autograph=False)
    def descend(weights, ahead, momentum):
        margins = tf.sparse.sparse_dense_matmul(features, ahead[:-1]) + ahead[-1]
        violations = tf.nn.relu(1 - labels * margins)
        loss = tf.reduce_sum(ahead**2) / 2 + tf.reduce_sum(costs * violations**2)
        slopes = -2 * labels * costs * violations
        of_features = tf.sparse.sparse_dense_matmul(features, slopes, adjoint_a=True)
        gradient = ahead + tf.concat([of_features, tf.reduce_sum(slopes, axis=0, keepdims=True)], axis=0)
        new = ahead - steps * gradient
        uphill = tf.reduce_sum((ahead - new) * (new - weights) / steps) > 0
        momentum = tf.where(uphill, 1.0, momentum)
        following = (1 + tf.sqrt(1 + 4 * momentum**2)) / 2
        return new, new + (momentum - 1) / following * (new - weights), following, loss

    weights = ahead = tf.zeros((shape[1] + 1, labels.shape[1]))
    momentum, losses = tf.constant(1.0), []
    for _ in range(ITERATIONS):
        weights, ahead, momentum, loss = descend(weights, ahead, momentum)
        losses.append(float(loss))
        if len(losses) > PERIOD and losses[-1 - PERIOD] - losses[-1] < LEAST * losses[-1]:
            break
    return weights[:-1], weights[-1]


def _steps(pairs, values, shape, cost):
    """A step size for each feature and for the bias, `(items + 1, 1)`.

    They are the inverse of the row sums of 1 + 2 w X^T X, which bound its eigenvalues, as no feature is negative.
    """
    sums = 1 + np.bincount(pairs[:, 0], values, shape[0])  # of the features of a text, and of that of the bias
    rows = np.append(np.bincount(pairs[:, 1], values * sums[pairs[:, 0]], shape[1]), sums.sum())
    return tf.constant(1 / (1 + 2 * cost * rows)[:, np.newaxis], tf.float32)
