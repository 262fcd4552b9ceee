"""A linear classifier over words and n-grams, which starts as naive Bayes."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

SCALE = 0.3  # initial factor of the log-count ratios, which as such are too confident: n-grams are not independent


@keras.saving.register_keras_serializable("nlpseq")
class NgramLogits(keras.layers.Layer):
    """Logits that are sums over the words and n-grams of a text.

        y_c = b_c + s sum_i W_{i,c}         i: the words and n-grams that occur in the text
        W_{i,c} = log(p_{i,c} / mean_c p),   p_{i,c} = (1 + n_{i,c}) / sum_j (1 + n_{j,c})
        b_c = log P(c)

    at the start, where n_{i,c} is the number of training texts of class c that contain i: naive
    Bayes, with the geometric mean over the classes (Wang and Manning 2012, equation 1). W, b and s
    are then trained. Of texts with several labels each is a choice of its own, between c and not c:

        W_{i,c} = log(p_{i,c} / p_{i,not c}),   b_c = log(P(c) / P(not c))

    Args:
        sizes: Number of ids in each column.
        classes: Number of classes.
        dropout: Rate of words and n-grams that are dropped in training. Default 0.
        **kwargs: As in `keras.layers.Layer`.

    Call arguments:
        ids: int32 `(batch, time, columns)`, 0 = padding or no n-gram; ids from `sizes` on add nothing.
        training: Whether dropout applies. Default False.

    Returns:
        Logits, float32 `(batch, classes)`.

    Example:

    >>> layer = NgramLogits([4], classes=2)
    >>> layer.build((None, None, 1))
    >>> layer.adapt([(tf.ragged.constant([[[2]], [[3]]], ragged_rank=1), np.array([0, 1]))])
    >>> tf.argmax(layer(tf.constant([[[3]], [[2]]])), axis=1).numpy().tolist()
    [1, 0]

    Reference:
        Wang and Manning (2012), Baselines and bigrams: simple, good sentiment and topic classification.
    """

    def __init__(self, sizes: Sequence[int], classes: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.sizes, self.classes, self.dropout = list(sizes), classes, dropout
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape=None):
        self.kernels = [
            self.add_weight(name=f"kernel_{column}", shape=(size, self.classes), initializer="zeros")
            for column, size in enumerate(self.sizes)
        ]
        self.bias = self.add_weight(name="bias", shape=(self.classes,), initializer="zeros")
        self.scale = self.add_weight(name="scale", shape=(), initializer=keras.initializers.Constant(SCALE))
        self.built = True

    def adapt(self, batches: Iterable[tuple[tf.RaggedTensor, np.ndarray]]) -> None:
        """Sets the weights to those of naive Bayes.

        Args:
            batches: Ids, ragged int32 `(batch, None, columns)`, and labels, int `(batch,)`, or 0 and 1 for
                each class, `(batch, classes)`.
        """
        counts = [np.ones((size, self.classes), np.float32) for size in self.sizes]
        others = [np.ones_like(count) for count in counts]  # texts that do not have the label
        texts, without = np.ones(self.classes, np.float32), np.ones(self.classes, np.float32)
        multi_label = False
        for ids, labels in batches:
            multi_label = labels.ndim == 2
            rows, values = ids.value_rowids().numpy(), ids.flat_values.numpy()
            if multi_label:
                texts += labels.sum(axis=0)
                without += (1 - labels).sum(axis=0)
            else:
                np.add.at(texts, labels, 1)
            for column, (count, other) in enumerate(zip(counts, others)):
                owners, items = np.unique(np.stack([rows, values[:, column]]), axis=1)
                if multi_label:
                    np.add.at(count, items, labels[owners])
                    np.add.at(other, items, 1 - labels[owners])
                else:
                    np.add.at(count, (items, labels[owners]), 1)
        for kernel, count, other in zip(self.kernels, counts, others):
            logs = np.log(count / count.sum(axis=0))
            mean = np.log(other / other.sum(axis=0)) if multi_label else logs.mean(axis=1, keepdims=True)
            kernel.assign(logs - mean)
        self.bias.assign(np.log(texts / (without if multi_label else texts.sum())))

    def call(self, ids, training=False):
        logits = tf.reduce_sum(self.votes(ids, training), axis=1)
        return tf.cast(self.bias, tf.float32) + tf.cast(self.scale, tf.float32) * logits

    def votes(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """What each word, with the n-grams that end there, adds to the logits before s: `(batch, time, classes)`."""
        votes: Any = 0.0
        for kernel, (items, weights) in zip(self.kernels, self.counted(ids, training)):
            vectors = tf.gather(tf.convert_to_tensor(kernel), items)
            votes += tf.cast(vectors, tf.float32) * weights[..., tf.newaxis]
        return votes

    def counted(self, ids: tf.Tensor, training: bool = False) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """Of each column the words or n-grams, and how much each counts, `(batch, time)`: 0 where there is none."""
        counted = []
        for column, size in enumerate(self.sizes):
            known = (ids[..., column] > (1 if column == 0 else 0)) & (ids[..., column] < size)
            weights = tf.cast(known, tf.float32)  # the word 1 is unknown
            if training and self.dropout:
                weights = keras.random.dropout(weights, self.dropout, seed=self.seed_generator)
            counted.append((tf.where(known, ids[..., column], 0), weights))
        return counted

    def get_config(self):
        return {**super().get_config(), "sizes": self.sizes, "classes": self.classes, "dropout": self.dropout}
