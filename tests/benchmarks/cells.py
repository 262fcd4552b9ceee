"""The cell of the README, as a user would write it."""

import keras
import tensorflow as tf

from nlpseq.cells import RecurrentCell


@keras.saving.register_keras_serializable("benchmarks")
class MinimalGatedCell(RecurrentCell):
    """Minimal gated unit (Zhou et al. 2016), with the reset after the product."""

    gates = 2
    additive = 1
    recurrent_bias = True

    def transition(self, z, r, states):
        (h,) = states
        (z_f, z_c), (r_f, r_c) = tf.split(z, 2, axis=-1), tf.split(r, 2, axis=-1)
        f = tf.sigmoid(z_f + r_f)
        return [(1 - f) * h + f * tf.tanh(z_c + f * r_c)]
