"""The contract between a recurrent cell and the engine that runs it over time."""

import keras
import tensorflow as tf
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from nlpseq.cells.products import gate_product

WEIGHT_OPTIONS = tuple(
    f"{weight}_{kind}"
    for kind in ("initializer", "regularizer", "constraint")
    for weight in ("kernel", "recurrent", "bias")
)


class RecurrentCell(DropoutRNNCell, keras.layers.Layer):
    """One step of a recurrence, split so that one engine can run every cell.

        z_t = x_t W + b                  input half, no dependence on time
        r_t = h_{t-1} U (+ b_r)          recurrent half, the only product in the loop
        s_t = transition(z_t, r_t, s_{t-1})      row by row, no trainable matrix

    The output of a step is the first state, `h_t = s_t[0]`. A subclass sets
    `gates` and writes `transition`; weights, dropout masks, backpropagation
    through time, masking and saving are then taken care of. A cell may add weights
    for its `transition`; it then runs on the plain loop, which is slower.

    Class attributes:
        gates: Number of blocks of `units` columns in `kernel`. Default 1.
        states: Number of state tensors, each `(batch, units)`. Default 1.
        recurrent_bias: Whether the recurrent half has a bias of its own, which
            makes `bias` a `(2, gates * units)` matrix. Default False.
        additive: Set it to True where `transition` uses only the sum `z + r`
            (as LSTM does, and GRU does not): the engine then keeps and
            differentiates the sum alone, which saves memory and time.

    Args:
        units: Positive integer, the size of each state.
        use_bias: Whether there is a bias. Default True.
        kernel_initializer, recurrent_initializer, bias_initializer: Keras
            initializers. Default "glorot_uniform", "orthogonal", "zeros".
        kernel_regularizer, recurrent_regularizer, bias_regularizer,
        kernel_constraint, recurrent_constraint, bias_constraint: as in Keras.
        dropout: Rate in [0, 1] of dropped inputs, one mask a sequence.
        recurrent_dropout: Rate in [0, 1] of dropped recurrent inputs, one mask a
            sequence (Gal and Ghahramani 2016) and, as in Keras, one a gate.
            A rate of 1 counts as 0 in cells with gates, as in Keras.
        implementation: 1 draws an input dropout mask for each gate, 2 one for
            all of them. Recurrent dropout implies 1. Default 2.
        seed: Integer seed of the dropout masks. Default None (random). Masks are
            drawn, and the seed moves on, in training only; Keras draws in
            inference too.

    Call arguments:
        inputs: Float tensor `(batch, features)`.
        states: The previous states, a list of `(batch, units)` tensors (or the
            tensor itself where there is only one).
        training: Whether dropout applies. Default False.

    Returns:
        `(output, new_states)`: the output `(batch, units)`, and the states in
        the form in which they were given.

    Weights:
        kernel `(features, gates * units)`,
        recurrent_kernel `(units, gates * units)`,
        bias `(gates * units,)` or `(2, gates * units)`: input, recurrent.

    Raises:
        ValueError: `units` is not positive.

    Example:

    >>> class LeakyCell(RecurrentCell):
    ...     "h_t = 0.9 h_{t-1} + 0.1 tanh(W x_t + U h_{t-1} + b)"
    ...     def transition(self, z, r, states):
    ...         return [0.9 * states[0] + 0.1 * tf.tanh(z + r)]
    >>> output, states = LeakyCell(4)(tf.ones((2, 3)), [tf.zeros((2, 4))])
    >>> tuple(output.shape)
    (2, 4)
    """

    gates = 1
    states = 1
    recurrent_bias = False
    additive = False

    def __init__(
        self,
        units,
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
        seed=None,
        implementation=2,
        **kwargs,
    ):
        if units <= 0:
            raise ValueError(
                "Received an invalid value for argument `units`, "
                f"expected a positive integer, got {units}."
            )
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.recurrent_constraint = keras.constraints.get(recurrent_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.gates > 1 and self.implementation == 1:
            self.dropout_mask_count = self.gates
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed=seed)
        self.state_size = units if self.states == 1 else [units] * self.states
        self.output_size = units

    def transition(self, z, r, states):
        """The local rule: `(z_t, r_t, s_{t-1}) -> s_t`, pure and row by row.

        Args:
            z: `(batch, gates * units)`, the input half.
            r: `(batch, gates * units)`, the recurrent half. An `additive` cell
                may get the sum as `z`, and the number 0 here.
            states: list of `(batch, units)`.

        Returns:
            The new states, a list like `states`; the first is the output.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define transition(self, z, r, states)."
        )

    @property
    def fused(self):
        """Whether the engine applies: `transition` tells the whole step and has no weights.

        A cell that adds trainable weights of its own and uses them in `transition`
        runs on the plain loop, by autodiff step by step: right, and slower.
        """
        own = {id(weight) for weight in (self.kernel, self.recurrent_kernel, self.bias)}
        return all(id(weight) in own for weight in self.trainable_weights)

    def build(self, input_shape):
        self.kernel = self._add("kernel", "kernel", (input_shape[-1], self.gates * self.units))
        self.recurrent_kernel = self._add(
            "recurrent_kernel", "recurrent", (self.units, self.gates * self.units)
        )
        rows = (2,) if self.recurrent_bias else ()
        self.bias = (
            self._add("bias", "bias", (*rows, self.gates * self.units)) if self.use_bias else None
        )
        self.built = True

    def _add(self, name, options, shape):
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=self.start_bias if name == "bias" else getattr(self, f"{options}_initializer"),
            regularizer=getattr(self, f"{options}_regularizer"),
            constraint=getattr(self, f"{options}_constraint"),
        )

    def start_bias(self, shape, dtype=None):
        """The initial value of `bias`."""
        return self.bias_initializer(shape, dtype=dtype)

    def weight(self, variable):
        """The value of a weight in the compute dtype."""
        return tf.cast(tf.convert_to_tensor(variable), self.compute_dtype)

    def biases(self):
        """The biases of the input half and of the recurrent half, None where absent."""
        if self.bias is None:
            return None, None
        bias = self.weight(self.bias)
        if not self.recurrent_bias:
            return bias, None
        return bias[0], bias[1]

    def project_inputs(self, inputs, training=False):
        """The input half of every step at once: `(..., batch, features) -> z`."""
        masks = None
        if training and self._drops(self.dropout):
            one_step = tf.ones(tf.shape(inputs)[-2:], inputs.dtype)
            masks = self.get_dropout_mask(one_step)
        return gate_product(inputs, self.weight(self.kernel), masks, self.biases()[0])

    def _drops(self, rate):
        return 0 < rate < 1 or (rate == 1 and self.gates == 1)

    def recurrent_masks(self, state, training=False):
        """The recurrent dropout masks of this sequence: None, a tensor or one a gate."""
        if training and self._drops(self.recurrent_dropout):
            return self.get_recurrent_dropout_mask(state)
        return None

    def call(self, inputs, states, training=False):
        nested = isinstance(states, (list, tuple))
        previous = list(states) if nested else [states]
        z = self.project_inputs(inputs, training)
        masks = self.recurrent_masks(previous[0], training)
        kernel = self.weight(self.recurrent_kernel)
        r = gate_product(previous[0], kernel, masks, self.biases()[1])
        new = list(self.transition(z, r, previous))
        return new[0], (new if nested else new[0])

    def get_initial_state(self, batch_size=None):
        return [tf.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.states)]

    def get_config(self):
        options = {
            name: getattr(keras, name.rsplit("_", 1)[1] + "s").serialize(getattr(self, name))
            for name in WEIGHT_OPTIONS
        }
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            **options,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
            "implementation": self.implementation,
        }

