"""The gated recurrent unit, in both conventions."""

import keras
import tensorflow as tf

from nlpseq.cells.gated import GatedCell
from nlpseq.cells.products import gate_product


@keras.saving.register_keras_serializable("nlpseq")
class GRUCell(GatedCell):
    """Gated recurrent unit (Cho et al. 2014), the step of `GRU`.

        z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z + d_z)     update gate
        r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r + d_r)     reset gate
        g_t = tanh(W_h x_t + r_t * (U_h h_{t-1} + d_h) + b_h)     candidate
        h_t = z_t * h_{t-1} + (1 - z_t) * g_t

    With `reset_after=False`, as first published, the reset gate acts before the
    product and there is one bias:

        g_t = tanh(W_h x_t + U_h (r_t * h_{t-1}) + b_h)

    That needs a second product in each step, so it runs on the plain loop, one
    step of autodiff after the other, and is slower.

    Args:
        units: Positive integer, the size of the state.
        activation: Nonlinearity of the candidate. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        reset_after: Whether the reset gate acts after the product. Default True.
        **kwargs: as in `nlpseq.cells.RecurrentCell`; all the arguments of
            `keras.layers.GRUCell` are taken.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, three
    gates in the order z, r, h; `bias` is `(2, 3 * units)` with `reset_after`.

    Example:

    >>> output, [h] = GRUCell(4)(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> tuple(h.shape)
    (2, 4)

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN
        encoder-decoder for statistical machine translation, equations 5 to 8.
    """

    gates = 3

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        reset_after=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(
            units, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint,
            dropout, recurrent_dropout, seed, **kwargs,
        )
        self.reset_after = reset_after
        self.recurrent_bias = reset_after

    @property
    def fused(self):
        return self.reset_after and super().fused

    def transition(self, z, r, states):
        (h,) = states
        gates = 2 * self.units
        update, reset = self.activate(z[:, :gates] + r[:, :gates], "gg")
        candidate = self.activation(z[:, gates:] + reset * r[:, gates:])
        return [candidate + update * (h - candidate)]

    def call(self, inputs, states, training=False):
        if self.reset_after:
            return super().call(inputs, states, training=training)
        nested = isinstance(states, (list, tuple))
        h = states[0] if nested else states
        gates = 2 * self.units
        kernel = self.weight(self.recurrent_kernel)
        z = self.project_inputs(inputs, training)
        masks = self.recurrent_masks(h, training) or [tf.ones_like(h)] * 3
        r = gate_product(h, kernel[:, :gates], masks[:2])
        update, reset = self.activate(z[:, :gates] + r, "gg")
        candidate = self.activation(
            z[:, gates:] + tf.matmul(reset * h * masks[2], kernel[:, gates:])
        )
        h = candidate + update * (h - candidate)
        return h, ([h] if nested else h)

    def get_config(self):
        return {**super().get_config(), "reset_after": self.reset_after}
