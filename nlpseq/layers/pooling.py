"""A sequence of states to one vector."""

import keras
import tensorflow as tf

from nlpseq.errors import one_of

POOLINGS = ("max", "mean", "max_mean", "attention")


@keras.saving.register_keras_serializable("nlpseq")
class Pooling(keras.layers.Layer):
    """Pools a sequence over its real time steps.

        max        p = max_t h_t
        mean       p = (1 / T) sum_t h_t
        max_mean   both, one after the other
        attention  p = sum_t a_t h_t,   a = softmax_t(v . tanh(W h_t + b))
                   (Yang et al. 2016, equations 5 to 7)

    A sequence without a real step gives zeros.

    Args:
        pooling: "max", "mean", "max_mean" or "attention". Default "max".

    Call arguments:
        sequences: Float tensor `(batch, time, features)`.
        mask: Bool `(batch, time)`, True = real, or None.

    Returns:
        `(batch, features)`, or `(batch, 2 * features)` with "max_mean".

    Weights:
        With "attention": kernel W `(features, features)`, bias b `(features,)`,
        context v `(features,)`. None otherwise.

    Raises:
        InputError: `pooling` is unknown.

    Example:

    >>> x = np.array([[[1.0, 4.0], [3.0, 2.0]]], "float32")
    >>> Pooling("max")(x).numpy().tolist()
    [[3.0, 4.0]]
    """

    def __init__(self, pooling="max", **kwargs):
        super().__init__(**kwargs)
        self.pooling = one_of("pooling", pooling, POOLINGS)
        self.supports_masking = True

    def build(self, input_shape):
        if self.pooling == "attention":
            features = input_shape[-1]
            self.kernel = self.add_weight(name="kernel", shape=(features, features))
            self.bias = self.add_weight(name="bias", shape=(features,), initializer="zeros")
            self.context = self.add_weight(name="context", shape=(features,), initializer="normal")
        self.built = True

    def call(self, sequences, mask=None):
        if mask is None:
            mask = tf.ones(tf.shape(sequences)[:2], bool)
        real = tf.cast(mask, bool)[..., tf.newaxis]
        if self.pooling == "max":
            return _highest(sequences, real)
        pooled = tf.reduce_sum(tf.where(real, sequences, 0) * self._weights(sequences, real), axis=1)
        if self.pooling == "max_mean":
            pooled = tf.concat([_highest(sequences, real), pooled], axis=-1)
        return pooled

    def _weights(self, sequences, real):
        """Weights `(batch, time, 1)` that sum to one over the real steps, if there are any."""
        if self.pooling != "attention":
            scores = tf.zeros_like(sequences[..., :1])
        else:
            hidden = tf.tanh(tf.matmul(sequences, self.kernel) + self.bias)
            scores = tf.reduce_sum(hidden * self.context, axis=-1, keepdims=True)
        scores = tf.where(real, scores, tf.fill(tf.shape(scores), scores.dtype.min))
        return tf.nn.softmax(scores, axis=1)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1] * (2 if self.pooling == "max_mean" else 1))

    def get_config(self):
        return {**super().get_config(), "pooling": self.pooling}


def _highest(sequences, real):
    """The highest value of each feature over the real steps; zero where there is none."""
    lowest = tf.fill(tf.shape(sequences), sequences.dtype.min)
    highest = tf.reduce_max(tf.where(real, sequences, lowest), axis=1)
    return tf.where(tf.reduce_any(real, axis=1), highest, tf.zeros_like(highest))
