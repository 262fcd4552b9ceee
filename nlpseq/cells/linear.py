"""Cells whose recurrence is linear in the state, so that it can run as a parallel scan."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.contract import DropoutMasks, RandomMasks
from nlpseq.cells.gated import GatedCell
from nlpseq.cells.normalization import layer_normalize
from nlpseq.cells.products import gate_product

RECURRENT_OPTIONS = (
    "recurrent_initializer", "recurrent_regularizer", "recurrent_constraint",
    "recurrent_dropout", "weight_dropout",
)  # fmt: skip


class LinearCell(GatedCell):
    """Base class of cells whose gates depend only on the input, and whose step is linear in the state.

        wx_t = x_t W + b
        a_t, b_t = coefficients(wx_t)
        h_t = a_t * h_{t-1} + b_t

    There is no recurrent product. The engine computes the coefficients of all steps at
    once, and runs the recurrence either step by step or as a parallel scan, whose number of
    passes grows with the logarithm of the number of steps. A subclass sets `gates` and
    defines `coefficients`.

    Class attributes:
        gates: Number of blocks of `units` columns in `kernel`. Default 1.

    Args:
        units: Positive integer, the size of the state.
        activation: Nonlinearity of the candidate. Default "linear", as published.
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        use_bias: Whether there is a bias. Default True.
        parallel: Whether the recurrence runs as a parallel scan, for devices with many
            cores. Default False, step by step, which is faster on two cores.
        **kwargs: as in `nlpseq.cells.RecurrentCell`, except those of the recurrent product,
            which does not exist. Layer normalization is that of wx.

    Call arguments, returns: as in `nlpseq.cells.RecurrentCell`.

    Weights:
        kernel W `(features, gates * units)`, bias b `(gates * units,)`.

    Raises:
        ValueError: an argument of the recurrent product is given.

    Example:

    >>> class LeakyCell(LinearCell):
    ...     "h_t = 0.9 h_{t-1} + 0.1 wx_t"
    ...     gates = 1
    ...     def coefficients(self, wx):
    ...         return 0.9 * tf.ones_like(wx), 0.1 * wx
    >>> tuple(nlpseq.layers.RNN(LeakyCell(4))(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    linear = True
    float32_states = True

    def __init__(
        self,
        units: int,
        activation: Any = "linear",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        parallel: bool = False,
        **kwargs: Any,
    ) -> None:
        unusable = sorted(set(kwargs) & set(RECURRENT_OPTIONS))
        if unusable:
            raise ValueError(
                f"`{unusable[0]}` does not apply to {type(self).__name__}, which has no recurrent kernel: leave it out."
            )
        super().__init__(units, activation, recurrent_activation, use_bias, **kwargs)
        self.parallel = parallel

    def coefficients(self, wx: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """`(a, b)` of `h_t = a * h_{t-1} + b`, `(..., units)` each, from wx `(..., gates * units)`."""
        raise NotImplementedError(f"{type(self).__name__} must define coefficients(self, wx).")

    @property
    def fused(self) -> bool:
        return type(self).call is LinearCell.call

    def build_recurrent_kernel(self) -> None:
        self.recurrent_kernel = None

    def build_normalization(self) -> None:
        shape = (self.gates * self.units,)
        self.kernel_gain = self.add_weight(name="kernel_gain", shape=shape, initializer="ones")

    def run_coefficients(
        self, inputs: tf.Tensor, masks: DropoutMasks = None, zoneout: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """`coefficients` with layer normalization and zoneout, of one step or of all steps at once.

        Args:
            inputs: `(..., features)`.
            masks: dropout masks that broadcast with `inputs`.
            zoneout: bool `(..., units)`, which state entries keep their previous value.

        Returns:
            `(a, b)`, `(..., units)` each, in the dtype of the states.
        """
        bias = None if self.layer_normalization else self.biases()[0]
        wx = gate_product(inputs, self.weight_value(self.kernel), masks, bias)
        wx = tf.cast(wx, self.state_dtype)
        if self.layer_normalization:
            shift = None if self.bias is None else self.weight_value(self.bias, wx)
            wx = layer_normalize(wx, self.weight_value(self.kernel_gain, wx), shift)
        a, b = self.coefficients(wx)
        # Zoneout is linear as well: an entry that keeps its value has a = 1 and b = 0.
        (a,) = self.zone_out([a], [tf.ones_like(a)], zoneout)
        (b,) = self.zone_out([b], [tf.zeros_like(b)], zoneout)
        return a, b

    def call(
        self,
        inputs: tf.Tensor,
        states: list[tf.Tensor] | tf.Tensor,
        training: bool = False,
        masks: RandomMasks | None = None,
    ) -> tuple[tf.Tensor, list[tf.Tensor] | tf.Tensor]:
        nested = isinstance(states, (list, tuple))
        (h,) = self.check_states(inputs, list(states) if nested else [states])
        masks = self.step_masks(inputs, [h], training, masks)
        a, b = self.run_coefficients(inputs, masks.inputs, masks.zoneout)
        new = tf.cast(a * tf.cast(h, a.dtype) + b, self.compute_dtype)
        return new, ([new] if nested else new)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "parallel": self.parallel}
        return {name: value for name, value in config.items() if name not in RECURRENT_OPTIONS}


@keras.saving.register_keras_serializable("nlpseq")
class MinGRUCell(LinearCell):
    """Minimal GRU (Feng et al. 2024, section 3.1), a GRU whose gates depend only on the input.

        z_t = sigmoid(W_z x_t + b_z)
        g_t = W_h x_t + b_h
        h_t = (1 - z_t) * h_{t-1} + z_t * g_t

    The update gate z is that of the paper, 1 - z of `GRUCell`.

    Args, call arguments, returns, weights, raises: as in `nlpseq.cells.LinearCell`; gate
    order z, h.

    Example:

    >>> layer = nlpseq.layers.RNN(MinGRUCell(4), return_sequences=True)
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 5, 4)

    Reference:
        Feng, Tung, Hajimirsadeghi, Ahmed and Bengio (2024), Were RNNs all we needed?
    """

    gates = 2

    def coefficients(self, wx: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        z, g = self.activate(wx, "gc")
        return 1 - z, z * g


@keras.saving.register_keras_serializable("nlpseq")
class MinLSTMCell(LinearCell):
    """Minimal LSTM (Feng et al. 2024, section 3.2), its two gates normalized to a sum of one.

        f_t = sigmoid(W_f x_t + b_f)
        i_t = sigmoid(W_i x_t + b_i)
        g_t = W_h x_t + b_h
        h_t = f_t / (f_t + i_t) * h_{t-1} + i_t / (f_t + i_t) * g_t

    Args, call arguments, returns, weights, raises: as in `nlpseq.cells.LinearCell`; gate
    order f, i, h.

    Example:

    >>> layer = nlpseq.layers.RNN(MinLSTMCell(4))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)

    Reference:
        Feng, Tung, Hajimirsadeghi, Ahmed and Bengio (2024), Were RNNs all we needed?
    """

    gates = 3

    def coefficients(self, wx: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        f, i, g = self.activate(wx, "ggc")
        total = f + i + keras.config.epsilon()
        return f / total, i / total * g
