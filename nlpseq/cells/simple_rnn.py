"""The plain recurrent cell."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.base import RecurrentCell


@keras.saving.register_keras_serializable("nlpseq")
class SimpleRNNCell(RecurrentCell):
    """Plain recurrent cell (Elman 1990), the step of `SimpleRNN`; drop-in for `keras.layers.SimpleRNNCell`.

        h_t = tanh(W x_t + U h_{t-1} + b)

    With `activation="relu", recurrent_initializer="identity"` it is the IRNN of Le et al.
    (2015), whose state keeps its value until an input changes it.

    Args:
        units: Positive integer, the size of the state.
        activation: The nonlinearity. Default "tanh"; None for the identity.
        use_bias: Whether there is a bias b. Default True.
        **kwargs: as in `nlpseq.cells.RecurrentCell`.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, one gate: kernel W
    `(features, units)`, recurrent_kernel U `(units, units)`, bias b `(units,)`.

    Raises:
        ValueError: `units` is not positive, or a rate is out of range.

    Example:

    >>> output, [h] = SimpleRNNCell(4)(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> tuple(h.shape)
    (2, 4)

    Reference:
        Elman (1990), Finding structure in time;
        Le, Jaitly and Hinton (2015), A simple way to initialize recurrent networks
        of rectified linear units.
    """

    additive = True
    float32_states = True

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        self.activation = keras.activations.get(activation)

    def transition(self, wx: tf.Tensor, uh: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        return [self.activation(wx + uh)]

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation}
