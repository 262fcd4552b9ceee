"""A linear support vector machine over words and n-grams, which is fitted before the networks are trained."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from nlpseq.tasks.classification.linear import NgramLogits

COLUMNS = 2  # words and bigrams; of two classes, as of opinions, longer n-grams pay too
SCALE = 6.0  # factor of the margins, as logits beside those of a network
ITEMS = 16_000_000  # words and n-grams of the texts that it is fitted to, at most
ITERATIONS, PERIOD, LEAST = 300, 10, 1e-3  # it ends when the loss falls by less than a thousandth in ten iterations


@keras.saving.register_keras_serializable("nlpseq")
class MarginLogits(NgramLogits):
    """Logits that are the scaled margins of linear support vector machines, one for each class.

        y_c = s (b_c + sum_i x_i W_{i,c})             i: the words and n-grams of a text
        x_i = f_i / sqrt(sum_j f_j^2)                 j: all of them, as often as they occur
        f_i = 1 + log((1 + n) / (1 + n_i))            n: training texts; n_i: those that contain i
        f_i = |log(p_{i,1} / p_{i,2})|                of two classes: the log-count ratio of naive Bayes
        p_{i,c} = (1 + n_{i,c}) / sum_j (1 + n_{j,c})
        W, b = argmin 1/2 sum_c (|W_c|^2 + b_c^2) + sum_t sum_c w_tc max(0, 1 - y_tc m_tc)^2

    where m is the margin of the text t, without s; y is 1 for its classes and -1 for the others, and w is the class
    weight where y is 1, else 1. `adapt` solves this; the weights are not trained further. Of rare classes it learns
    more from few texts than a network does.

    Args:
        sizes: Number of ids in each column: words, and n-grams; of more than two classes only bigrams are read.
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
        Wang and Manning (2012), Baselines and bigrams: simple, good sentiment and topic classification, equation 1.
        Fan et al. (2008), LIBLINEAR: a library for large linear classification, the primal form with the squared hinge.
        Beck and Teboulle (2009), A fast iterative shrinkage-thresholding algorithm, equations 4.1 to 4.3.
        O'Donoghue and Candès (2015), Adaptive restart for accelerated gradient schemes, section 3.2.
    """

    def __init__(self, sizes: Sequence[int], classes: int, **kwargs):
        super().__init__(list(sizes)[: COLUMNS if classes > 2 else None], classes, **{"trainable": False, **kwargs})

    def build(self, input_shape=None):
        super().build(input_shape)
        self.factors = [
            self.add_weight(name=f"factors_{column}", shape=(size,), initializer="ones")
            for column, size in enumerate(self.sizes)
        ]

    def adapt(
        self, batches: Iterable[tuple[tf.RaggedTensor, np.ndarray]], class_weights: Sequence[float] | None = None
    ) -> None:
        """Fits the weights.

        Args:
            batches: As of `NgramLogits.adapt`. Of more texts than have `ITEMS` words and n-grams every second one is
                read, or every fourth, and so on.
            class_weights: w, a number for each class. Default 1.
        """
        texts = _read(batches, self.sizes, self.classes)
        starts = np.cumsum([0, *self.sizes])
        factors = _factors(texts, starts[-1])
        weights, bias = _fitted(*_sparse(texts, factors), texts.labels, class_weights)
        for kernel, own, start, end in zip(self.kernels, self.factors, starts, starts[1:]):
            kernel.assign(weights[start:end])
            own.assign(factors[start:end])
        self.bias.assign(SCALE * bias)
        self.scale.assign(SCALE)

    def counted(self, ids, training=False):
        items, present = zip(*super().counted(ids))
        factors = [tf.gather(tf.convert_to_tensor(own), numbers) for own, numbers in zip(self.factors, items)]
        values = [weights * own for weights, own in zip(present, factors)]
        norm = tf.sqrt(sum(tf.reduce_sum(value**2, axis=1, keepdims=True) for value in values))
        return [(item, value / tf.maximum(norm, 1e-6)) for item, value in zip(items, values)]

    def get_config(self):
        config = super().get_config()
        config.pop("dropout")
        return config


class _Texts(NamedTuple):
    """The words and n-grams of texts.

    Attributes:
        owners, items: Of each text its different words and n-grams, int64 `(pairs,)` both: the number of the text, in
            order, and an id, those of a column after those of the one before.
        counts: How often they occur in it.
        labels: float32 `(texts, classes)`, 1 for the classes of a text, -1 for the others.
    """

    owners: np.ndarray
    items: np.ndarray
    counts: np.ndarray
    labels: np.ndarray


def _read(batches, sizes, classes):
    """The texts of batches: all, or every second, fourth ... one."""
    starts, keys, labels, step, number = np.cumsum([0, *sizes]), [], [], 1, 0
    for ids, targets in batches:
        rows, values = ids.value_rowids().numpy().astype(np.int64) + number, ids.flat_values.numpy()
        owners = np.arange(number, number + len(targets))
        number += len(targets)
        for column, size in enumerate(sizes):
            items = values[:, column]
            known = (items > (1 if column == 0 else 0)) & (items < size) & (rows % step == 0)
            keys.append(rows[known] * starts[-1] + items[known] + starts[column])
        labels.append((owners, targets if targets.ndim == 2 else np.eye(classes, dtype=np.float32)[targets]))
        while sum(map(len, keys)) > ITEMS:
            step *= 2
            keys = [part[part // starts[-1] % step == 0] for part in keys]
        labels = [(own[own % step == 0], part[own % step == 0]) for own, part in labels]
    pairs, counts = np.unique(np.concatenate(keys or [np.zeros(0, np.int64)]), return_counts=True)
    owners, items = pairs // starts[-1] // step, pairs % starts[-1]
    return _Texts(owners, items, counts, 2 * np.concatenate([part for _, part in labels]).astype(np.float32) - 1)


def _factors(texts, size):
    """f, float32 `(size,)`."""
    frequencies = np.bincount(texts.items, minlength=size)
    if texts.labels.shape[1] == 2 and not texts.labels.sum(axis=1).any():  # each has one of two classes
        with_first = np.bincount(texts.items, texts.labels[texts.owners, 0] > 0, size)
        counts = 1 + np.stack([with_first, frequencies - with_first])
        logs = np.log(counts / counts.sum(axis=1, keepdims=True))
        return np.abs(logs[0] - logs[1]).astype(np.float32)
    return (1 + np.log((1 + len(texts.labels)) / (1 + frequencies))).astype(np.float32)


def _sparse(texts, factors):
    """The features x of texts, as their pairs in order, values and shape."""
    own = factors[texts.items]
    norms = np.sqrt(np.bincount(texts.owners, texts.counts * own**2, len(texts.labels)))
    values = texts.counts * own / np.maximum(norms, 1e-6)[texts.owners]
    pairs = np.stack([texts.owners, texts.items], axis=1)
    return pairs, values.astype(np.float32), (len(texts.labels), len(factors))


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
