"""Character features of words."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.layers import Pooling
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.text import PADDING

WIDTHS = (2, 3, 4)  # filter widths, in characters


class Characters(keras.layers.Layer):
    """Features of words from their characters, computed once for every distinct word of a batch.

    A subclass sets `size`, the number of features, and defines `read`.

    Args:
        characters: Size of the character vocabulary.
        embedding_size: Size of the character embeddings.
        **kwargs: As in `keras.layers.Layer`.

    Call arguments:
        ids: int32 `(batch, time, characters)`, 0 = padding.
        training: Passed to `read`. Default False.

    Returns:
        Features `(batch, time, size)`.
    """

    def __init__(self, characters: int, embedding_size: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(characters, embedding_size)

    def call(self, ids, training=False):
        rows = tf.reshape(ids, [-1, ids.shape[-1]])
        words, places = rows, None
        if ids.shape[0] != 1:  # few words of one text are equal, and not every runtime finds them
            words, places = tf.raw_ops.UniqueV2(x=rows, axis=[0])
        vectors = self._vectors(words) if training else self.embedding(words)
        features = self.read(vectors, tf.not_equal(words, PADDING), training)
        features = features if places is None else tf.gather(features, places)
        return tf.reshape(features, [*tf.unstack(tf.shape(ids)[:2]), self.size])

    def _vectors(self, words):
        """The embeddings, with a dense gradient.

        Keras takes the norm of a sparse one before slices of one character are added: it would depend on which words
        share a batch, or a worker.
        """
        return tf.gather(_with_dense_gradient(tf.cast(self.embedding.embeddings, self.compute_dtype)), words)

    def read(self, vectors: tf.Tensor, mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Features `(words, size)` of character embeddings `(words, characters, embedding_size)`."""
        raise NotImplementedError(f"{type(self).__name__} must define read(self, vectors, mask, training).")


@tf.custom_gradient
def _with_dense_gradient(table):
    return tf.identity(table), tf.convert_to_tensor


class RecurrentCharacters(Characters):
    """The final states, in both directions, of a recurrent layer over the characters."""

    def __init__(self, characters: int, embedding_size: int, units: int, cell: str | type, **kwargs: Any):
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
    """Convolutions of several widths over the characters, followed by max pooling."""

    def __init__(self, characters: int, embedding_size: int, units: int, cell: str | type | None = None, **kwargs: Any):
        super().__init__(characters, embedding_size, **kwargs)
        self.filters = [keras.layers.Conv1D(units, width, padding="same", activation="tanh") for width in WIDTHS]
        self.pooling = Pooling("max")
        self.size = len(WIDTHS) * units

    def build(self, input_shape):
        self.embedding.build((None, None))
        for convolution in self.filters:
            convolution.build((None, input_shape[-1], self.embedding.output_dim))
        self.built = True

    def read(self, vectors, mask, training):
        vectors *= tf.cast(mask, vectors.dtype)[..., tf.newaxis]
        return tf.concat([self.pooling(convolution(vectors), mask=mask) for convolution in self.filters], axis=-1)
