"""The long short-term memory cell."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.chrono import check_chrono_steps, chrono_bias
from nlpseq.cells.gated import GatedCell
from nlpseq.cells.normalization import layer_normalize


@keras.saving.register_keras_serializable("nlpseq")
class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), the step of `LSTM`.

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)     input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)     forget gate (Gers et al. 2000)
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)        candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)     output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    Variants, in any combination:

        peephole (Gers and Schmidhuber 2000): the gates see the cell state,
            i_t = sigmoid(... + p_i * c_{t-1}), f_t = sigmoid(... + p_f * c_{t-1}),
            o_t = sigmoid(... + p_o * c_t)
        coupled gates (Greff et al. 2015): i_t = 1 - f_t, three gates f, c, o
        projection (Sak et al. 2014, equation 6): h_t = P (o_t * tanh(c_t)), which costs a
            second product in each step of both loops
        layer normalization (Ba et al. 2016, equations 20 to 22):
            h_t = o_t * tanh(LN(c_t) * g_c + b_c)

    Drop-in for `keras.layers.LSTMCell`.

    Args:
        units: Positive integer, the size of c_t, and of h_t without projection.
        activation: Nonlinearity of candidate and output. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        use_bias: Whether there is a bias. Default True.
        unit_forget_bias: Whether b_f starts at 1 (Jozefowicz et al. 2015).
            Default True.
        peephole: Whether the gates see the cell state. Default False.
        coupled_gates: Whether the input gate is one minus the forget gate.
            Default False.
        projection_size: Size of h_t with projection, positive. Default None, no projection.
        chrono_steps: The longest dependency T in steps, more than 2, for chrono
            initialization (Tallec and Ollivier 2018): b_f starts at log u, u uniform in
            [1, T - 1], and b_i at -b_f. Default None: `unit_forget_bias` decides.
        **kwargs: as in `nlpseq.cells.RecurrentCell`.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, four gates in the
    order i, f, c, o, and two states `[h, c]`; peephole_kernel `(3, units)`: p_i, p_f, p_o,
    without p_i if the gates are coupled; projection_kernel P `(units, projection_size)`;
    state_gain g_c and state_shift b_c `(units,)` with layer normalization.

    Raises:
        ValueError: `units` or `projection_size` is not positive, `chrono_steps` is 2 or
            less, or a rate is out of range.

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
    float32_states = True

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        *,
        peephole: bool = False,
        coupled_gates: bool = False,
        projection_size: int | None = None,
        chrono_steps: float | None = None,
        **kwargs: Any,
    ) -> None:
        if coupled_gates:
            self.gates = 3
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
        if projection_size is not None and projection_size <= 0:
            raise ValueError(f"`projection_size` must be positive or None, got {projection_size}.")
        self.unit_forget_bias = unit_forget_bias
        self.peephole = peephole
        self.coupled_gates = coupled_gates
        self.projection_size = projection_size
        self.chrono_steps = check_chrono_steps(chrono_steps)
        self.output_size = projection_size or units
        self.state_size = [self.output_size, units]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        if self.peephole:
            self.peephole_kernel = self.add_weight(name="peephole_kernel", shape=(self.gates - 1, self.units))
        if self.projection_size:
            self.projection_kernel = self.add_weight(name="projection_kernel", shape=(self.units, self.projection_size))

    def build_normalization(self) -> None:
        super().build_normalization()
        self.state_gain = self.add_weight(name="state_gain", shape=(self.units,), initializer="ones")
        self.state_shift = self.add_weight(name="state_shift", shape=(self.units,), initializer="zeros")

    def transition(self, wx: tf.Tensor, uh: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        _, c = states
        *i, f, g, o, p_o = self._gates(wx + uh, c)
        c = f * c + (1 - f if self.coupled_gates else i[0]) * g
        o = o if p_o is None else self.recurrent_activation(o + p_o * c)
        return [self._output(o, c), c]

    def _gates(self, block, c):
        """The gates i, f, o and the candidate g; with a peephole o before its nonlinearity, and p_o, else None."""
        pattern = "gcg" if self.coupled_gates else "ggcg"
        if not self.peephole:
            return *self.activate(block, pattern), None
        *p, p_o = tf.unstack(self.weight_value(self.peephole_kernel, c))
        peepholes = tf.concat([p_gate * c for p_gate in p], axis=-1)
        gates, g, o = tf.split(block, [len(p) * self.units, self.units, self.units], -1)
        gates = self.activate(gates + peepholes, "g" * len(p))
        return *gates, self.activation(g), o, p_o

    def _output(self, o, c):
        """h_t."""
        if self.layer_normalization:
            c = layer_normalize(c, self.weight_value(self.state_gain, c), self.weight_value(self.state_shift, c))
        h = o * self.activation(c)
        if not self.projection_size:
            return h
        return tf.matmul(h, self.weight_value(self.projection_kernel, h))

    def initial_bias(self, shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
        if self.chrono_steps is not None:
            f = chrono_bias(self.chrono_steps, (self.units,), dtype)
            blocks = [f] if self.coupled_gates else [-f, f]
        elif self.unit_forget_bias:
            i = [] if self.coupled_gates else [super().initial_bias((self.units,), dtype)]
            blocks = [*i, tf.ones((self.units,), dtype or "float32")]
        else:
            return super().initial_bias(shape, dtype)
        return tf.concat([*blocks, super().initial_bias((2 * self.units,), dtype)], axis=0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "unit_forget_bias": self.unit_forget_bias,
            "peephole": self.peephole,
            "coupled_gates": self.coupled_gates,
            "projection_size": self.projection_size,
            "chrono_steps": self.chrono_steps,
        }
