"""Custom cells for the tests of the engine, and a reference run by calling the cell at every step."""

import tensorflow as tf

from nlpseq.cells import RecurrentCell
from nlpseq.cells.contract import RandomMasks


class MixedCell(RecurrentCell):
    """Two states, one additive gate of three, a recurrent bias, and a trainable vector in the transition."""

    gates = 3
    states = 2
    recurrent_bias = True
    additive = 1

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight(name="scale", shape=(self.units,), initializer="normal")

    def transition(self, wx, uh, states):
        h, c = states
        (wx_f, wx_g, wx_o), (uh_f, uh_g, uh_o) = tf.split(wx, 3, axis=-1), tf.split(uh, 3, axis=-1)
        f = tf.sigmoid(wx_f + uh_f)
        c = f * c + (1 - f) * tf.tanh(self.scale * wx_g + f * uh_g)
        return [0.5 * h + tf.sigmoid(wx_o * uh_o) * c, c]


class SumCell(RecurrentCell):
    """All gates are additive, which the engine is not told."""

    gates = 2
    states = 2

    def transition(self, wx, uh, states):
        _, memory = states
        gate, candidate = tf.split(wx + uh, 2, axis=-1)
        memory = 0.7 * memory + tf.sigmoid(gate) * candidate
        return [tf.tanh(memory), memory]


class AdditiveSumCell(SumCell):
    """The same cell, which says so."""

    additive = True


def run_by_steps(cell, x, states, mask=None, masks=None, reverse=False):
    """Outputs `(batch, time, units)` and final states: masked steps keep the states. Batch-major."""
    outputs, masks = [None] * x.shape[1], masks or RandomMasks()
    for time in range(x.shape[1])[:: -1 if reverse else 1]:
        zoneout = None if masks.zoneout is None else masks.zoneout[:, time]
        _, new = cell(x[:, time], states, training=True, masks=masks._replace(zoneout=zoneout))
        if mask is not None:
            new = [tf.where(mask[:, time, tf.newaxis], after, before) for after, before in zip(new, states)]
        states, outputs[time] = list(new), new[0]
    return tf.stack(outputs, axis=1), states
