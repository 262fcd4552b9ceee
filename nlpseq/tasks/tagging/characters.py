"""Features of words from their characters."""

import keras
import tensorflow as tf

from nlpseq.layers import Pooling
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.text import PADDING

WIDTHS = (2, 3, 4)  # characters under a filter
TOGETHER = 128  # distinct words in training


class Characters(keras.layers.Layer):
    """Features of words from their characters; each distinct word of a batch is read once.

    A subclass has `size`, the number of features, and `read`.

    Call arguments:
        ids: int32 `(batch, time, characters)`, 0 = padding.
        training: Whether the number of distinct words is filled up to a multiple of
            `TOGETHER`: few shapes, so few compilations.

    Returns:
        Features `(batch, time, size)`.
    """

    def __init__(self, characters, embedding_size, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(characters, embedding_size)

    def call(self, ids, training=False):
        rows = tf.reshape(ids, [-1, ids.shape[-1]])
        words, places = tf.raw_ops.UniqueV2(x=rows, axis=[0])
        if training:
            words = tf.pad(words, [[0, -tf.shape(words)[0] % TOGETHER], [0, 0]])
        features = self.read(self.embedding(words), tf.not_equal(words, PADDING), training)
        return tf.reshape(tf.gather(features, places), [*tf.unstack(tf.shape(ids)[:2]), self.size])

    def read(self, vectors, mask, training):
        """Features `(words, size)` of the vectors `(words, characters, embedding_size)`."""
        raise NotImplementedError


class RecurrentCharacters(Characters):
    """The last states, in both directions, of a recurrent network over the characters."""

    def __init__(self, characters, embedding_size, units, cell, **kwargs):
        super().__init__(characters, embedding_size, **kwargs)
        (self.layer,) = recurrent_layers(cell, units, return_sequences=False)
        self.size = 2 * units

    def build(self, input_shape):
        self.embedding.build((None, None))
        self.layer.build((None, input_shape[-1], self.embedding.output_dim))
        self.built = True

    def read(self, vectors, mask, training):
        return self.layer(vectors, mask=mask, training=training)


class ConvolvedCharacters(Characters):
    """The maximum over the characters of filters of several widths."""

    def __init__(self, characters, embedding_size, units, cell=None, **kwargs):
        super().__init__(characters, embedding_size, **kwargs)
        self.filters = [keras.layers.Conv1D(units, width, padding="same", activation="tanh") for width in WIDTHS]
        self.pooling = Pooling("max")
        self.size = len(WIDTHS) * units

    def build(self, input_shape):
        self.embedding.build((None, None))
        for each in self.filters:
            each.build((None, input_shape[-1], self.embedding.output_dim))
        self.built = True

    def read(self, vectors, mask, training):
        vectors *= tf.cast(mask, vectors.dtype)[..., tf.newaxis]
        return tf.concat([self.pooling(each(vectors), mask=mask) for each in self.filters], axis=-1)
