"""Vectors of pieces of text, for models that read them and give logits of them."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("nlpseq")
class ScaledEmbedding(keras.layers.Embedding):
    """An embedding for both ends of a model: x = sqrt(size) E w (Vaswani et al. 2017, section 3.4).

    E starts at a variance of 1 / size, which suits the logits E o + b; what is read of it is
    scaled to a variance of 1, which suits the layers above.

    Args:
        input_dim: number of vectors.
        output_dim: size of each.
    """

    def __init__(self, input_dim, output_dim, **kwargs):
        kwargs.setdefault("embeddings_initializer", keras.initializers.RandomNormal(stddev=output_dim**-0.5))
        super().__init__(input_dim, output_dim, **kwargs)

    def call(self, inputs):
        return super().call(inputs) * self.output_dim**0.5


def piece_logits(outputs, embedding, bias, training=False):
    """Logits E o + b, float32 `(..., pieces)`, of o `(..., size)` and an `Embedding` E.

    In training they bring what they are made of, from which `SmoothedCrossEntropy` makes the
    loss without them; in a graph in which nothing else wants them, they are then never made.
    """
    embeddings = tf.convert_to_tensor(embedding.embeddings)
    kernel = tf.cast(embeddings, outputs.dtype)
    logits = tf.matmul(tf.reshape(outputs, [-1, outputs.shape[-1]]), kernel, transpose_b=True)
    logits = tf.reshape(logits, [*tf.unstack(tf.shape(outputs))[:-1], kernel.shape[0]])
    logits = tf.cast(logits, tf.float32) + bias
    if training:
        logits._nlpseq_factors = outputs, embeddings, bias
    return logits


def factors(logits):
    """The `(outputs, embeddings, bias)` that logits bring, or None."""
    return getattr(logits, "_nlpseq_factors", None)
