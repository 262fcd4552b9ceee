"""What gated cells share: two nonlinearities, and a fast evaluation of both."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.base import RecurrentCell


class GatedCell(RecurrentCell):
    """Base class of cells with one nonlinearity for the gates and one for the candidate.

    Args:
        units: Positive integer, the size of each state.
        activation: Nonlinearity of the candidate. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        use_bias: Whether there is a bias. Default True.
        **kwargs: as in `nlpseq.cells.RecurrentCell`.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, use_bias, **kwargs)
        self.activation = keras.activations.get(activation)
        self.recurrent_activation = keras.activations.get(recurrent_activation)

    def activate(self, block: tf.Tensor, pattern: str) -> list[tf.Tensor]:
        """Applies the nonlinearities to adjacent gates.

        With tanh and sigmoid the whole block goes through one tanh, by
        sigmoid(x) = (1 + tanh(x / 2)) / 2: if they are written gate by gate, XLA computes
        each activation again for every one of its uses.

        Args:
            block: `(..., gates * units)`.
            pattern: one letter for each gate, "g" for a gate and "c" for a candidate.

        Returns:
            The activated gates, `(..., units)` each.
        """
        if self._sigmoid_and_tanh():
            half = tf.constant([0.5 if gate == "g" else 1.0 for gate in pattern], block.dtype)
            parts = tf.split(tf.tanh(block * tf.repeat(half, self.units)), len(pattern), axis=-1)
            return [0.5 * part + 0.5 if gate == "g" else part for gate, part in zip(pattern, parts)]
        functions = {"g": self.recurrent_activation, "c": self.activation}
        parts = tf.split(block, len(pattern), axis=-1)
        return [functions[gate](part) for gate, part in zip(pattern, parts)]

    def _sigmoid_and_tanh(self):
        return self.activation is keras.activations.tanh and self.recurrent_activation is keras.activations.sigmoid

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
        }
