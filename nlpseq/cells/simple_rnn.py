"""The plain recurrent cell."""

import keras

from nlpseq.cells.base import RecurrentCell


@keras.saving.register_keras_serializable("nlpseq")
class SimpleRNNCell(RecurrentCell):
    """Plain recurrent cell (Elman 1990), the step of `SimpleRNN`.

        h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)

    where `kernel` is W_xh and `recurrent_kernel` W_hh.

    With `activation="relu", recurrent_initializer="identity"` it is the IRNN of Le
    et al. (2015), whose state keeps its value until an input changes it.

    Args:
        units: Positive integer, the size of the state.
        activation: The nonlinearity. Default "tanh"; None for the identity.
        **kwargs: as in `nlpseq.cells.RecurrentCell`; all the arguments of
            `keras.layers.SimpleRNNCell` are taken.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, one gate.

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

    def __init__(self, units, activation="tanh", use_bias=True, *args, **kwargs):
        super().__init__(units, use_bias, *args, **kwargs)
        self.activation = keras.activations.get(activation)

    def transition(self, z, r, states):
        return [self.activation(z + r)]

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation}
