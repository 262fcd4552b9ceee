"""The gated recurrent unit, in both conventions."""

import keras
import tensorflow as tf

from nlpseq.cells.gated import GatedCell
from nlpseq.cells.variants import check_chrono, chrono_start, layer_normalize


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

    That needs a second product in each step of both loops, and is slower. With
    layer normalisation that product has the gain of its columns.

    Args:
        units: Positive integer, the size of the state.
        activation: Nonlinearity of the candidate. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        reset_after: Whether the reset gate acts after the product. Default True.
        chrono_steps: The longest dependency T in steps, for chrono initialisation
            (Tallec and Ollivier 2018): b_z starts at log u, u uniform in
            [1, T - 1]. Default None, as `bias_initializer` says.
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
    float32_states = True
    variants = ("chrono_steps",)

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
        chrono_steps=None,
        **kwargs,
    ):
        super().__init__(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )
        self.reset_after = reset_after
        self.recurrent_bias = reset_after
        self.additive = 2 if reset_after else 0
        self.chrono_steps = check_chrono(chrono_steps)

    def transition(self, z, r, states, candidate_mask=None):
        (h,) = states
        gates = 2 * self.units
        update, reset = self.activate(z[:, :gates] + r[:, :gates], "gg")
        if self.reset_after:
            memory = reset * r[:, gates:]
        else:
            memory = self._reset_product(reset * h, candidate_mask)
        candidate = self.activation(z[:, gates:] + memory)
        return [candidate + update * (h - candidate)]

    def _reset_product(self, h, mask):
        """`U_h (r_t * h_{t-1})` of `reset_after=False`."""
        gates = 2 * self.units
        h = h if mask is None else h * tf.cast(mask, h.dtype)
        product = tf.matmul(h, self.weight(self.recurrent_kernel, h)[:, gates:])
        if not self.layer_normalization:
            return product
        return layer_normalize(product, self.weight(self.recurrent_gain, h)[gates:])

    # Without `reset_after` only the gates have their product before the step.

    def product_kernel(self, training=False):
        kernel = super().product_kernel(training)
        return kernel if self.reset_after else kernel[:, : 2 * self.units]

    def own_weights(self):
        own = super().own_weights()
        return own if self.reset_after or not self.trainable else [*own, self.recurrent_kernel]

    def own_value(self, weight, training=False):
        if weight is self.recurrent_kernel:
            return self.dropped_kernel(training)
        return super().own_value(weight, training)

    def split_masks(self, masks):
        if self.reset_after or masks is None:
            return masks, None
        return masks[:2], masks[2]

    def start_bias(self, shape, dtype=None):
        bias = super().start_bias(shape, dtype)
        if self.chrono_steps is None:
            return bias
        first, rest = tf.split(bias, [self.units, 2 * self.units], axis=-1)
        start = chrono_start(self.chrono_steps, (self.units,), dtype)
        if self.reset_after:  # the bias of the inputs alone
            start = tf.stack([start, tf.zeros_like(start)])
        return tf.concat([tf.zeros_like(first) + start, rest], axis=-1)

    def get_config(self):
        return {
            **super().get_config(),
            "reset_after": self.reset_after,
            "chrono_steps": self.chrono_steps,
        }
