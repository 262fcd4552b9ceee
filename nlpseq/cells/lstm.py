"""The long short-term memory cell."""

import keras
import tensorflow as tf

from nlpseq.cells.gated import GatedCell


@keras.saving.register_keras_serializable("nlpseq")
class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), the step of `LSTM`.

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)     input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)     forget gate (Gers et al. 2000)
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)        candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)     output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    Args:
        units: Positive integer, the size of each state.
        activation: Nonlinearity of candidate and output. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        unit_forget_bias: Whether b_f starts at 1 (Jozefowicz et al. 2015).
            Default True.
        **kwargs: as in `nlpseq.cells.RecurrentCell`; all the arguments of
            `keras.layers.LSTMCell` are taken.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, four
    gates in the order i, f, c, o, and two states `[h, c]`.

    Example:

    >>> states = [np.zeros((2, 4), "float32"), np.zeros((2, 4), "float32")]
    >>> output, [h, c] = LSTMCell(4)(np.ones((2, 3), "float32"), states)
    >>> tuple(h.shape), tuple(c.shape)
    ((2, 4), (2, 4))

    Reference:
        Hochreiter and Schmidhuber (1997), Long short-term memory;
        Gers, Schmidhuber and Cummins (2000), Learning to forget.
    """

    gates = 4
    states = 2
    additive = True

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        *args,
        **kwargs,
    ):
        super().__init__(
            units, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, *args, **kwargs,
        )
        self.unit_forget_bias = unit_forget_bias

    def transition(self, z, r, states):
        _, c = states
        i, f, g, o = self.activate(z + r, "ggcg")
        c = f * c + i * g
        return [o * self.activation(c), c]

    def start_bias(self, shape, dtype=None):
        if not self.unit_forget_bias:
            return super().start_bias(shape, dtype)
        i = super().start_bias((self.units,), dtype)
        g_and_o = super().start_bias((2 * self.units,), dtype)
        return tf.concat([i, tf.ones_like(i), g_and_o], axis=0)

    def get_config(self):
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}
