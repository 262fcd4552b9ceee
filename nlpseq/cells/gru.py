"""The gated recurrent unit, with the reset gate after or before the recurrent product."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.chrono import check_chrono_steps, chrono_bias
from nlpseq.cells.contract import CellWeights, RandomMasks
from nlpseq.cells.gated import GatedCell
from nlpseq.cells.normalization import layer_normalize
from nlpseq.cells.products import gate_product

RESET_AFTER_POSITION = 15  # of `reset_after` among the arguments of `GRUCell`, as in Keras


@keras.saving.register_keras_serializable("nlpseq")
class GRUCell(GatedCell):
    """Gated recurrent unit (Cho et al. 2014), the step of `GRU`; drop-in for `keras.layers.GRUCell`.

        z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z + d_z)            update gate
        r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r + d_r)            reset gate
        g_t = tanh(W_h x_t + b_h + r_t * (U_h h_{t-1} + d_h))       candidate
        h_t = z_t * h_{t-1} + (1 - z_t) * g_t

    `GRUCell(units, reset_after=False)` makes a `ResetBeforeGRUCell`, in which the reset
    gate acts before the recurrent product, as first published.

    Args:
        units: Positive integer, the size of the state.
        activation: Nonlinearity of the candidate. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        use_bias: Whether there are biases. Default True.
        reset_after: Whether the reset gate acts after the recurrent product. Default True.
        chrono_steps: The longest dependency T in steps, more than 2, for chrono
            initialization (Tallec and Ollivier 2018): b_z starts at log u, u uniform in
            [1, T - 1]. Default None: `bias_initializer` decides.
        **kwargs: as in `nlpseq.cells.RecurrentCell`.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, three gates in the
    order z, r, h; `bias` is `(2, 3 * units)`: b and d.

    Raises:
        ValueError: `units` is not positive, `chrono_steps` is 2 or less, a rate is out of
            range, or `reset_after` is False in a subclass of `GRUCell`.

    Example:

    >>> output, [h] = GRUCell(4)(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> tuple(h.shape)
    (2, 4)

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN
        encoder-decoder for statistical machine translation, equations 5 to 8.
    """

    gates = 3
    recurrent_bias = True
    additive = 2
    float32_states = True
    reset_after = True

    def __new__(cls, *args: Any, **kwargs: Any) -> "GRUCell":
        positional = args[RESET_AFTER_POSITION] if len(args) > RESET_AFTER_POSITION else True
        if cls is GRUCell and not kwargs.get("reset_after", positional):
            cls = ResetBeforeGRUCell
        return super().__new__(cls, *args, **kwargs)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
        seed: int | None = None,
        *,
        chrono_steps: float | None = None,
        **kwargs: Any,
    ) -> None:
        if self.reset_after and not reset_after:
            raise ValueError(
                f"`reset_after` must be True in {type(self).__name__}, a subclass of GRUCell, got {reset_after}: "
                "derive the class from ResetBeforeGRUCell instead."
            )
        super().__init__(
            units,
            activation,
            recurrent_activation,
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
        self.chrono_steps = check_chrono_steps(chrono_steps)

    def transition(self, wx: tf.Tensor, uh: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        (h,) = states
        gates = 2 * self.units
        z, r = self.activate(wx[:, :gates] + uh[:, :gates], "gg")
        g = self.activation(wx[:, gates:] + r * uh[:, gates:])
        return [g + z * (h - g)]

    def initial_bias(self, shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
        bias = super().initial_bias(shape, dtype)
        if self.chrono_steps is None:
            return bias
        b_z, others = tf.split(bias, [self.units, 2 * self.units], axis=-1)
        start = chrono_bias(self.chrono_steps, (self.units,), dtype)
        if self.recurrent_bias:  # b_z only: d_z starts at zero
            start = tf.stack([start, tf.zeros_like(start)])
        return tf.concat([tf.zeros_like(b_z) + start, others], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "reset_after": self.reset_after,
            "chrono_steps": self.chrono_steps,
        }


@keras.saving.register_keras_serializable("nlpseq")
class ResetBeforeGRUCell(GRUCell):
    """Gated recurrent unit with the reset gate before the recurrent product: `GRUCell(units, reset_after=False)`.

        z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z)            update gate
        r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r)            reset gate
        g_t = tanh(W_h x_t + b_h + U_h (r_t * h_{t-1}))       candidate
        h_t = z_t * h_{t-1} + (1 - z_t) * g_t

    The product of the candidate is part of the step, so that each step of both loops makes
    two products: slower than `GRUCell`. With layer normalization this product is
    normalized by itself, with the gain of its columns.

    Args, call arguments, returns, raises: as in `GRUCell`; `reset_after` has no effect.

    Weights:
        as in `GRUCell`, but bias `(3 * units,)`.

    Example:

    >>> cell = ResetBeforeGRUCell(4)
    >>> output, [h] = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> tuple(h.shape), tuple(cell.bias.shape)
    ((2, 4), (12,))

    Reference:
        Cho et al. (2014), Learning phrase representations using RNN
        encoder-decoder for statistical machine translation, equations 5 to 8.
    """

    recurrent_bias = False
    additive = 0
    reset_after = False

    def run_weights(self, masks: RandomMasks) -> CellWeights:
        """As in `RecurrentCell`, but U_h is the first of the weights of the step."""
        weights = super().run_weights(masks)
        gates, candidate = tf.split(self.dropped_kernel(masks), [2 * self.units, self.units], axis=1)
        return weights._replace(recurrent_kernel=self.weight_value(gates), step=[candidate, *weights.step])

    def draw_masks(self, inputs: tf.Tensor, states: list[tf.Tensor], training: bool = False) -> RandomMasks:
        return _candidate_in_step(super().draw_masks(inputs, states, training))

    def step_masks(
        self, inputs: tf.Tensor, states: list[tf.Tensor], training: bool = False, masks: RandomMasks | None = None
    ) -> RandomMasks:
        return _candidate_in_step(super().step_masks(inputs, states, training, masks))

    def step(
        self,
        step_weights: list[tf.Tensor],
        wx: tf.Tensor,
        uh: tf.Tensor,
        states: list[tf.Tensor],
        masks: RandomMasks,
    ) -> list[tf.Tensor]:
        """As in `RecurrentCell`, with the product of the candidate; `uh` is that of both gates."""
        (h,), gates = states, 2 * self.units
        candidate_kernel, *others = step_weights
        with self.replaced_weights(others, wx.dtype):
            wx, uh = self.normalize(wx, uh)
            z, r = self.activate(wx[:, :gates] + uh, "gg")
            mask = None if masks.step is None else tf.cast(masks.step, h.dtype)
            candidate = gate_product(r * h, tf.cast(candidate_kernel, h.dtype), mask)
            if self.layer_normalization:
                candidate = layer_normalize(candidate, self.weight_value(self.recurrent_gain, h)[gates:])
            g = self.activation(wx[:, gates:] + candidate)
            new = [g + z * (h - g)]
        return self.zone_out(new, states, masks.zoneout)


def _candidate_in_step(masks):
    """Recurrent masks of three gates, z, r and h, as those of two gates and one for the step."""
    if masks.recurrent is None or masks.step is not None:
        return masks
    return masks._replace(recurrent=masks.recurrent[:2], step=masks.recurrent[2])
