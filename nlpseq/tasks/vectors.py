"""Tasks whose word embeddings can start as pretrained vectors."""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from nlpseq.data.vectors import WordVectors
from nlpseq.tasks.base import NamedAxis
from nlpseq.tasks.settings import VectorSettings
from nlpseq.tasks.text_task import TextTask
from nlpseq.text import UNKNOWN
from nlpseq.training.fingerprint import fingerprint

VECTOR_SCALE = 0.3  # root mean square of pretrained word vectors, of classifiers and taggers


class VectorTask(TextTask):
    """A task with word embeddings that can start as pretrained vectors.

    A subclass makes them with `word_embedding`.

    Class attributes:
        sized_by_vectors: Whether `embedding_size` is that of the vectors by default; else they are projected.
        vectors_beside: Whether the model reads the vectors beside embeddings of its own rather than in their place.

    Args:
        preprocessor, labels: As in `TextTask`.
        vectors: `nlpseq.data.WordVectors`, or the path of a file of them. Default None.
        vectors_training, frozen_epochs: Attributes of `nlpseq.tasks.settings.VectorSettings`.
        vector_size: Size of the vectors; set by `vectors`, and in the configuration of a saved task.
        **kwargs: As in `TextTask`.

    Raises:
        InputError: The file holds no vectors, or is damaged.
    """

    sized_by_vectors: ClassVar[bool] = True
    vectors_beside: ClassVar[bool] = False

    def __init__(
        self,
        preprocessor: Any,
        labels: Sequence[str] = (),
        *,
        vectors: Any = None,
        vectors_training: str = VectorSettings.vectors_training,
        frozen_epochs: int = VectorSettings.frozen_epochs,
        vector_size: int = 0,
        **kwargs: Any,
    ):
        self.vector_settings = VectorSettings.of(vectors_training=vectors_training, frozen_epochs=frozen_epochs)
        self._vectors = None if vectors is None else WordVectors.of(vectors)
        self.vector_size = vector_size if self._vectors is None else self._vectors.size
        self._origins: tuple = ()
        if self._vectors is not None and self.sized_by_vectors and kwargs.get("embedding_size") is None:
            kwargs["embedding_size"] = self.vector_size
        super().__init__(preprocessor, labels, **kwargs)
        self._vectors = None  # they are in the embeddings

    def word_embedding(self, words: Sequence[str], default: keras.layers.Embedding, scale: float) -> keras.layers.Layer:
        """The embeddings of words: `default`, or a `VectorEmbedding` of this scale if there are pretrained vectors."""
        if not self.vector_size:
            return default
        start = None
        if self._vectors is not None:
            start = self._vectors.rows(words)
            self._origins = (fingerprint(*start),)
        hold = self.vector_settings.vectors_training != "tuned"
        others = getattr(getattr(self.preprocessor, "vocabulary", None), "others", 0)
        size, own = (self.vector_size, default.output_dim) if self.vectors_beside else (default.output_dim, 0)
        return VectorEmbedding(len(words), size, self.vector_size, scale, others, own, start, hold)

    def origins(self):
        return self._origins

    def callbacks(self, validations):
        if self.vector_settings.vectors_training != "later":
            return []
        epochs = self.vector_settings.frozen_epochs * validations
        return [Release(layer, epochs) for layer in self.layers if isinstance(layer, VectorEmbedding)]

    def get_config(self):
        return {**super().get_config(), "vector_size": self.vector_size}


@keras.saving.register_keras_serializable("nlpseq")
class VectorEmbedding(keras.layers.Layer):
    """Word embeddings that start as pretrained vectors, projected if the model has another size.

        x_t = P E[w_t]                           P only if `output_dim` differs from `size`
        x_t = [O[w_t] ; P E[w_t]]                with `own`

    Rows of E that are held get no gradients: those of pretrained vectors, while they are frozen.
    Rows of words without a vector start at random and are always trained. The rows of `others`, which do not
    occur in training, are not weights to be trained.

    Args:
        input_dim: Number of words.
        output_dim: Size of the outputs, without `own`.
        size: Size of the pretrained vectors.
        scale: Root mean square of E at the start.
        others: How many words, the last ones, do not occur in training. Default 0.
        own: Size of further embeddings O, which start at random; those of `others` are that of the unknown word.
            Default 0, none.
        start: The vectors, float32 `(input_dim, size)`, which are scaled together; and which of the words have
            one, bool `(input_dim,)`. Default None: all rows are random.
        hold: Whether the vectors are held. Default False.
        **kwargs: As in `keras.layers.Layer`.

    Call arguments:
        ids: Integers `(...)`.

    Returns:
        Vectors `(..., output_dim)`.

    Example:

    >>> vectors = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 1.0]]), np.array([False, True, True])
    >>> layer = VectorEmbedding(3, output_dim=2, size=2, scale=0.5, others=1, start=vectors)
    >>> layer(tf.constant([1, 2])).numpy().tolist()
    [[0.5, 0.5], [-0.5, 0.5]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        size: int,
        scale: float,
        others: int = 0,
        own: int = 0,
        start: tuple[np.ndarray, np.ndarray] | None = None,
        hold: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.input_dim, self.output_dim, self.size, self.scale = input_dim, own + output_dim, size, scale
        self.others = others
        uniform: Any = keras.initializers.RandomUniform(-0.1, 0.1)
        self.own = keras.layers.Embedding(input_dim - others, own, uniform) if own else None
        self._start, self._hold = start, hold
        self.projection = None if size == output_dim else keras.layers.Dense(output_dim, use_bias=False)

    def build(self, input_shape=None):
        count = self.input_dim - self.others
        normal: Any = keras.initializers.RandomNormal(stddev=self.scale)
        fixed: Any = {"trainable": False, "initializer": "zeros"}
        self.embeddings = self.add_weight(name="embeddings", shape=(count, self.size), initializer=normal)
        self.held = self.add_weight(name="held", shape=(count,), autocast=False, **fixed)
        self.rest = self.add_weight(name="rest", shape=(self.others, self.size), **fixed) if self.others else None
        if self._start is not None:
            rows, has_vector = self._start
            rows *= self.scale / (np.sqrt(np.mean(np.square(rows[has_vector]))) if has_vector.any() else 1.0)
            trained = has_vector[:count]
            self.embeddings.assign(np.where(trained[:, np.newaxis], rows[:count], np.array(self.embeddings)))
            self.held.assign(np.float32(trained & self._hold))
            if self.rest is not None:
                self.rest.assign(rows[count:])
            self._start = None
        if self.projection is not None:
            self.projection.build((None, self.size))
        if self.own is not None:
            self.own.build((None, None))
        self.built = True

    def call(self, ids):
        count = self.input_dim - self.others
        in_range = tf.minimum(ids, count - 1)
        vectors = tf.gather(tf.convert_to_tensor(self.embeddings), in_range)
        held = tf.gather(tf.convert_to_tensor(self.held), in_range)[..., tf.newaxis] > 0
        vectors = tf.where(held, tf.stop_gradient(vectors), vectors)
        if self.rest is not None:
            rest = tf.gather(tf.convert_to_tensor(self.rest), tf.maximum(ids - count, 0))
            vectors = tf.where((ids < count)[..., tf.newaxis], vectors, rest)
        vectors = vectors if self.projection is None else self.projection(vectors)
        if self.own is None:
            return vectors
        return tf.concat([self.own(tf.where(ids < count, ids, UNKNOWN)), vectors], axis=-1)

    def release(self) -> None:
        """Trains all rows from now on."""
        self.held.assign(np.zeros(self.input_dim - self.others, np.float32))

    def get_config(self):
        own = 0 if self.own is None else self.own.output_dim
        config = {name: getattr(self, name) for name in ("input_dim", "size", "scale", "others")}
        return {**super().get_config(), **config, "output_dim": self.output_dim - own, "own": own}


class Release(keras.callbacks.Callback):
    """Holds pretrained vectors in the first epochs of `fit` only.

    Args:
        embedding: The layer.
        epochs: How many epochs.
    """

    def __init__(self, embedding: VectorEmbedding, epochs: int):
        super().__init__()
        self.embedding, self.epochs = embedding, epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epochs:
            self.embedding.release()


def word_axes(embedding: Any, unit: str, names: list[str]) -> list[NamedAxis]:
    """The named axes of word embeddings, which may be a `VectorEmbedding`."""
    if not isinstance(embedding, VectorEmbedding):
        return [NamedAxis(embedding.embeddings, 0, unit, names)]
    count = len(names) - embedding.others
    weights = [embedding.embeddings, embedding.held, *([] if embedding.own is None else [embedding.own.embeddings])]
    axes = [NamedAxis(weight, 0, unit, names[:count]) for weight in weights]
    return axes if embedding.rest is None else [*axes, NamedAxis(embedding.rest, 0, f"other {unit}", names[count:])]
