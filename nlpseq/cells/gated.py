"""What cells with gates share: the two nonlinearities, and one fast form for both."""

import keras
import tensorflow as tf

from nlpseq.cells.base import RecurrentCell


class GatedCell(RecurrentCell):
    """A cell whose gates and candidate have a nonlinearity each.

    Args:
        units: Positive integer, the size of each state.
        activation: Nonlinearity of the candidate. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        **kwargs: as in `RecurrentCell`.
    """

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        *args,
        **kwargs,
    ):
        super().__init__(units, use_bias, *args, **kwargs)
        self.activation = keras.activations.get(activation)
        self.recurrent_activation = keras.activations.get(recurrent_activation)

    def activate(self, block, pattern):
        """Activates neighbouring gates of `units` columns each.

        `pattern` has a letter a gate: "g" for a gate, "c" for a candidate. With
        the usual pair of nonlinearities the whole block goes through one tanh,
        by sigmoid(x) = (1 + tanh(x / 2)) / 2: written gate by gate, XLA computes
        each activation again for every one of its uses.
        """
        if self._sigmoid_and_tanh():
            half = tf.constant([0.5 if gate == "g" else 1.0 for gate in pattern], block.dtype)
            parts = tf.split(tf.tanh(block * tf.repeat(half, self.units)), len(pattern), axis=-1)
            return [0.5 * part + 0.5 if gate == "g" else part for gate, part in zip(pattern, parts)]
        rules = {"g": self.recurrent_activation, "c": self.activation}
        parts = tf.split(block, len(pattern), axis=-1)
        return [rules[gate](part) for gate, part in zip(pattern, parts)]

    def _sigmoid_and_tanh(self):
        return self.activation is keras.activations.tanh and self.recurrent_activation is keras.activations.sigmoid

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
        }
