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

    def transition(self, wx, uh, states):
        (h,) = states
        (wx_f, wx_c), (uh_f, uh_c) = tf.split(wx, 2, axis=-1), tf.split(uh, 2, axis=-1)
        f = tf.sigmoid(wx_f + uh_f)
        return [(1 - f) * h + f * tf.tanh(wx_c + f * uh_c)]
