"""Cells whose recurrence is linear, so that it can run as a parallel scan."""

import keras
import tensorflow as tf

from nlpseq.cells.gated import GatedCell
from nlpseq.cells.products import gate_product
from nlpseq.cells.variants import hold_some, layer_normalize

RECURRENT = (
    "recurrent_initializer", "recurrent_regularizer", "recurrent_constraint",
    "recurrent_dropout", "weight_dropout",
)  # fmt: skip


class LinearCell(GatedCell):
    """A cell whose gates see the input alone, and whose step is linear in its state.

        z_t = x_t W + b
        a_t, b_t = coefficients(z_t)
        h_t = a_t * h_{t-1} + b_t

    There is no recurrent product. The engine makes the coefficients of all steps at
    once, and the recurrence either step by step or as a parallel scan, in a number of
    passes that grows with the logarithm of the number of steps. A subclass sets
    `gates` and writes `coefficients`.

    Args:
        units: Positive integer, the size of the state.
        activation: Nonlinearity of the candidate. Default "linear", as published.
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        parallel: Whether the recurrence runs as a parallel scan: for devices with
            many cores. Default False, step by step, which two cores do faster.
        **kwargs: as in `nlpseq.cells.RecurrentCell`, except those of the recurrent
            product, which is not there. Layer normalisation is that of z.

    Call arguments, returns: as in `nlpseq.cells.RecurrentCell`.

    Weights:
        kernel `(features, gates * units)`, bias `(gates * units,)`.

    Raises:
        ValueError: an argument of the recurrent product is given.

    Example:

    >>> class LeakyCell(LinearCell):
    ...     "h_t = 0.9 h_{t-1} + 0.1 z_t"
    ...     gates = 1
    ...     def coefficients(self, z):
    ...         return 0.9 * tf.ones_like(z), 0.1 * z
    >>> tuple(nlpseq.layers.RNN(LeakyCell(4))(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    linear = True
    float32_states = True

    def __init__(
        self,
        units,
        activation="linear",
        recurrent_activation="sigmoid",
        use_bias=True,
        *,
        parallel=False,
        **kwargs,
    ):
        given = sorted(set(kwargs) & set(RECURRENT))
        if given:
            raise ValueError(
                f"`{given[0]}` is not for {type(self).__name__}, which has no recurrent kernel; leave it out."
            )
        super().__init__(units, activation, recurrent_activation, use_bias, **kwargs)
        self.parallel = parallel

    def coefficients(self, z):
        """`(a, b)` of `h_t = a * h_{t-1} + b`, each `(..., units)`, from z `(..., gates * units)`."""
        raise NotImplementedError(f"{type(self).__name__} must define coefficients(self, z).")

    @property
    def fused(self):
        return type(self).call is LinearCell.call

    def build_recurrent_kernel(self):
        self.recurrent_kernel = None

    def build_normalization(self):
        shape = (self.gates * self.units,)
        self.kernel_gain = self.add_weight(name="kernel_gain", shape=shape, initializer="ones")

    def coefficients_of(self, inputs, masks, noise=None):
        """`(a, b)` of steps or of sequences, with the variants, in the type of the states."""
        bias = None if self.layer_normalization else self.biases()[0]
        z = gate_product(inputs, self.weight(self.kernel), masks, bias)
        z = tf.cast(z, self.state_dtype)
        if self.layer_normalization:
            shift = None if self.bias is None else self.weight(self.bias, z)
            z = layer_normalize(z, self.weight(self.kernel_gain, z), shift)
        a, b = self.coefficients(z)
        if any(self.zoneout_rates):  # linear as well: what is held has a = 1 and b = 0
            one, zero = [tf.ones_like(a)], [tf.zeros_like(b)]
            (a,) = hold_some([a], one, self.zoneout_rates, noise)
            (b,) = hold_some([b], zero, self.zoneout_rates, noise)
        return a, b

    def call(self, inputs, states, training=False):
        nested = isinstance(states, (list, tuple))
        h = states[0] if nested else states
        noise = self.noise([tf.shape(inputs)[0]], training)
        a, b = self.coefficients_of(inputs, self.input_masks(inputs, training), noise)
        new = tf.cast(a * tf.cast(h, a.dtype) + b, self.compute_dtype)
        return new, ([new] if nested else new)

    def get_config(self):
        config = {**super().get_config(), "parallel": self.parallel}
        return {name: value for name, value in config.items() if name not in RECURRENT}


@keras.saving.register_keras_serializable("nlpseq")
class MinGRUCell(LinearCell):
    """Minimal GRU (Feng et al. 2024, section 3.1), the GRU without its look at the past.

        z_t = sigmoid(W_z x_t + b_z)
        g_t = W_h x_t + b_h
        h_t = (1 - z_t) * h_{t-1} + z_t * g_t

    The update gate z is named as in the paper; it stands for 1 - z of `GRUCell`.

    Args, call arguments, returns: as in `nlpseq.cells.linear.LinearCell`; gate
    order z, h.

    Example:

    >>> layer = nlpseq.layers.RNN(MinGRUCell(4), return_sequences=True)
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 5, 4)

    Reference:
        Feng, Tung, Hajimirsadeghi, Ahmed and Bengio (2024), Were RNNs all we needed?
    """

    gates = 2

    def coefficients(self, z):
        update, candidate = self.activate(z, "gc")
        return 1 - update, update * candidate


@keras.saving.register_keras_serializable("nlpseq")
class MinLSTMCell(LinearCell):
    """Minimal LSTM (Feng et al. 2024, section 3.2), its two gates scaled to a sum of one.

        f_t = sigmoid(W_f x_t + b_f)
        i_t = sigmoid(W_i x_t + b_i)
        g_t = W_h x_t + b_h
        h_t = f_t / (f_t + i_t) * h_{t-1} + i_t / (f_t + i_t) * g_t

    Args, call arguments, returns: as in `nlpseq.cells.linear.LinearCell`; gate
    order f, i, h.

    Example:

    >>> layer = nlpseq.layers.RNN(MinLSTMCell(4))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)

    Reference:
        Feng, Tung, Hajimirsadeghi, Ahmed and Bengio (2024), Were RNNs all we needed?
    """

    gates = 3

    def coefficients(self, z):
        f, i, candidate = self.activate(z, "ggc")
        total = f + i + keras.config.epsilon()
        return f / total, i / total * candidate
