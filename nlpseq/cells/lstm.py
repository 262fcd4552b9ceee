"""The long short-term memory cell."""

import keras
import tensorflow as tf

from nlpseq.cells.gated import GatedCell
from nlpseq.cells.variants import check_chrono, chrono_start, layer_normalize


@keras.saving.register_keras_serializable("nlpseq")
class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), the step of `LSTM`.

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)     input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)     forget gate (Gers et al. 2000)
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)        candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)     output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    Variants, which combine freely:

        peephole (Gers and Schmidhuber 2000): the gates see the cell,
            i_t = sigmoid(... + p_i * c_{t-1}), f_t = sigmoid(... + p_f * c_{t-1}),
            o_t = sigmoid(... + p_o * c_t)
        coupled gates (Greff et al. 2015): i_t = 1 - f_t, three gates f, c, o
        projection (Sak et al. 2014, equation 6): h_t = (o_t * tanh(c_t)) P, a second
            product in each step of both loops, which is slower
        layer normalisation (Ba et al. 2016, equations 20 to 22):
            h_t = o_t * tanh(LN(c_t) * g_c + b_c)

    Args:
        units: Positive integer, the size of each state.
        activation: Nonlinearity of candidate and output. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        unit_forget_bias: Whether b_f starts at 1 (Jozefowicz et al. 2015).
            Default True.
        peephole: Whether the gates see the cell. Default False.
        coupled_gates: Whether the input gate is one minus the forget gate.
            Default False.
        projection_size: Size of h_t if it is a projection. Default None.
        chrono_steps: The longest dependency T in steps, for chrono initialisation
            (Tallec and Ollivier 2018): b_f starts at log u, u uniform in
            [1, T - 1], and b_i at -b_f. Default None, as `unit_forget_bias` says.
        **kwargs: as in `nlpseq.cells.RecurrentCell`; all the arguments of
            `keras.layers.LSTMCell` are taken.

    Call arguments, returns, weights: as in `nlpseq.cells.RecurrentCell`, four
    gates in the order i, f, c, o, and two states `[h, c]`; peephole_kernel
    `(3, units)` (i, f, o; without i where the gates are coupled),
    projection_kernel `(units, projection_size)`, state_gain and state_shift
    `(units,)` with layer normalisation.

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
    variants = ("peephole", "coupled_gates", "projection_size", "chrono_steps")

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
        peephole=False,
        coupled_gates=False,
        projection_size=None,
        chrono_steps=None,
        **kwargs,
    ):
        if coupled_gates:
            self.gates = 3
        super().__init__(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            *args,
            **kwargs,
        )
        if projection_size is not None and projection_size <= 0:
            raise ValueError(f"`projection_size` must be positive or None, got {projection_size}.")
        self.unit_forget_bias = unit_forget_bias
        self.peephole = peephole
        self.coupled_gates = coupled_gates
        self.projection_size = projection_size
        self.chrono_steps = check_chrono(chrono_steps)
        self.output_size = projection_size or units
        self.state_size = [self.output_size, units]

    def build(self, input_shape):
        super().build(input_shape)
        if self.peephole:
            self.peephole_kernel = self.add_weight(name="peephole_kernel", shape=(self.gates - 1, self.units))
        if self.projection_size:
            self.projection_kernel = self.add_weight(name="projection_kernel", shape=(self.units, self.projection_size))

    def build_normalization(self):
        super().build_normalization()
        self.state_gain = self.add_weight(name="state_gain", shape=(self.units,), initializer="ones")
        self.state_shift = self.add_weight(name="state_shift", shape=(self.units,), initializer="zeros")

    def transition(self, z, r, states):
        _, c = states
        *i, f, g, o, late = self._gates(z + r, c)
        c = f * c + (1 - f if self.coupled_gates else i[0]) * g
        o = o if late is None else self.recurrent_activation(o + late * c)
        return [self._output(o, c), c]

    def _gates(self, block, c):
        """The gates, the candidate, and for a peephole of the output gate p_o, else None."""
        pattern = "gcg" if self.coupled_gates else "ggcg"
        if not self.peephole:
            return *self.activate(block, pattern), None
        *early, late = tf.unstack(self.weight(self.peephole_kernel, c))
        seen = tf.concat([peephole * c for peephole in early], axis=-1)
        first, middle, last = tf.split(block, [len(early) * self.units, self.units, self.units], -1)
        gates = self.activate(first + seen, "g" * len(early))
        return *gates, self.activation(middle), last, late

    def _output(self, o, c):
        if self.layer_normalization:
            c = layer_normalize(c, self.weight(self.state_gain, c), self.weight(self.state_shift, c))
        m = o * self.activation(c)
        if not self.projection_size:
            return m
        return tf.matmul(m, self.weight(self.projection_kernel, m))

    def start_bias(self, shape, dtype=None):
        if self.chrono_steps is not None:
            f = chrono_start(self.chrono_steps, (self.units,), dtype)
            start = [f] if self.coupled_gates else [-f, f]
        elif self.unit_forget_bias:
            i = [] if self.coupled_gates else [super().start_bias((self.units,), dtype)]
            start = [*i, tf.ones((self.units,), dtype or "float32")]
        else:
            return super().start_bias(shape, dtype)
        return tf.concat([*start, super().start_bias((2 * self.units,), dtype)], axis=0)

    def get_config(self):
        return {
            **super().get_config(),
            "unit_forget_bias": self.unit_forget_bias,
            "peephole": self.peephole,
            "coupled_gates": self.coupled_gates,
            "projection_size": self.projection_size,
            "chrono_steps": self.chrono_steps,
        }
