"""The contract between a recurrent cell and the engine that runs it over time."""

import keras
import tensorflow as tf
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from nlpseq.cells.parts import Draws, Weights
from nlpseq.cells.products import gate_product
from nlpseq.cells.variants import check_rates, hold_some, layer_normalize

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
    of its own in `build` and use them in `transition`: the engine finds them and
    sums their gradients step by step, which is quick for vectors and slower for
    matrices.

    Class attributes:
        gates: Number of blocks of `units` columns in `kernel`. Default 1.
        states: Number of state tensors, each `(batch, units)`. Default 1.
        recurrent_bias: Whether the recurrent half has a bias of its own, which
            makes `bias` a `(2, gates * units)` matrix. Default False.
        additive: Number of leading gates for which `transition` uses only the sum
            `z + r` (all four of LSTM, two of the three of GRU): the engine then keeps
            and differentiates their sum alone, which saves memory and time. True
            for all of them. Default 0.
        float32_states: Set it to True where `transition` takes any float type:
            in mixed precision the engine then carries the states in float32,
            and only the products are made in the narrow type. Default False.

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
        layer_normalization: Whether both halves are normalised over their
            `gates * units` columns, with a gain each, before the bias (Ba et al.
            2016, equation 20): z = LN(x W) * g_z + b, r = LN(h U) * g_r (+ b_r).
            Default False.
        zoneout: Rate in [0, 1) of state entries that keep their previous value
            (Krueger et al. 2017), or a list of one rate a state. In inference
            s_t = rate * s_{t-1} + (1 - rate) * s'_t. Default 0.
        weight_dropout: Rate in [0, 1) of dropped entries of the recurrent kernel,
            one mask a batch (DropConnect; Merity et al. 2018). Default 0.
        trainable_initial_state: Whether the state before the first step is
            learned, from zeros, rather than zero. Default False.

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
        bias `(gates * units,)` or `(2, gates * units)`: input, recurrent,
        kernel_gain and recurrent_gain `(gates * units,)` with
        `layer_normalization`, initial_state_0, ... `(units,)` with
        `trainable_initial_state`.

    Raises:
        ValueError: `units` is not positive, or a rate is out of range.

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
    additive = 0
    float32_states = False
    linear = False  # whether there is no recurrent product: `nlpseq.cells.linear`

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
        layer_normalization=False,
        zoneout=0.0,
        weight_dropout=0.0,
        trainable_initial_state=False,
        **kwargs,
    ):
        if units <= 0:
            raise ValueError(
                f"Received an invalid value for argument `units`, expected a positive integer, got {units}."
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
        self.layer_normalization = layer_normalization
        self.zoneout = zoneout
        self.zoneout_rates = check_rates("zoneout", zoneout, self.states)
        (self.weight_dropout,) = check_rates("weight_dropout", weight_dropout, 1)
        self.trainable_initial_state = trainable_initial_state
        self.state_size = units if self.states == 1 else [units] * self.states
        self.output_size = units
        self._dropped_kernel_mask = None

    def transition(self, z, r, states):
        """The local rule: `(z_t, r_t, s_{t-1}) -> s_t`, pure and row by row.

        Args:
            z: `(batch, gates * units)`, the input half.
            r: `(batch, gates * units)`, the recurrent half. A cell whose gates are
                all additive may get the sum as `z`, and the number 0 here.
            states: list of `(batch, units)`.

        Returns:
            The new states, a list like `states`; the first is the output.
        """
        raise NotImplementedError(f"{type(self).__name__} must define transition(self, z, r, states).")

    @property
    def fused(self):
        """Whether the engine applies: whether `transition` tells the whole step."""
        return type(self).call is RecurrentCell.call

    @property
    def state_sizes(self):
        """The size of each state, a list."""
        return list(keras.tree.flatten(self.state_size))

    @property
    def state_dtype(self):
        """The type in which the engine carries the states."""
        wide = self.float32_states and tf.as_dtype(self.compute_dtype).size < 4
        return "float32" if wide else self.compute_dtype

    # Weights

    def build(self, input_shape):
        columns = self.gates * self.units
        rows = (2,) if self.recurrent_bias else ()
        self.kernel = self._add("kernel", "kernel", (input_shape[-1], columns))
        self.build_recurrent_kernel()
        self.bias = self._add("bias", "bias", (*rows, columns)) if self.use_bias else None
        if self.layer_normalization:
            self.build_normalization()
        if self.trainable_initial_state:
            self.initial_states = [
                self.add_weight(name=f"initial_state_{i}", shape=(size,), initializer="zeros")
                for i, size in enumerate(self.state_sizes)
            ]
        self.built = True

    def build_recurrent_kernel(self):
        """Adds `recurrent_kernel`."""
        shape = (self.output_size, self.gates * self.units)
        self.recurrent_kernel = self._add("recurrent_kernel", "recurrent", shape)

    def build_normalization(self):
        """Adds the weights of layer normalisation."""
        shape = (self.gates * self.units,)
        self.kernel_gain = self.add_weight(name="kernel_gain", shape=shape, initializer="ones")
        self.recurrent_gain = self.add_weight(name="recurrent_gain", shape=shape, initializer="ones")

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

    def weight(self, variable, like=None):
        """The value of a weight, in the type of the tensor `like` or in the compute dtype."""
        dtype = self.compute_dtype if like is None else like.dtype
        return tf.cast(tf.convert_to_tensor(variable), dtype)

    def biases(self):
        """The biases of the input half and of the recurrent half, None where absent."""
        if self.bias is None:
            return None, None
        bias = self.weight(self.bias)
        if not self.recurrent_bias:
            return bias, None
        return bias[0], bias[1]

    def own_weights(self):
        """The weights that the step uses beside the products: found, not declared."""
        outside = [self.kernel, self.recurrent_kernel]
        if not self.layer_normalization:  # which puts the bias into the step
            outside.append(self.bias)
        if self.trainable_initial_state:
            outside.extend(self.initial_states)
        outside = {id(weight) for weight in outside}
        return [weight for weight in self.trainable_weights if id(weight) not in outside]

    def engine_weights(self, training=False):
        """The values of all the weights, as `nlpseq.cells.parts.Weights`."""
        bias, recurrent_bias = (None, None) if self.layer_normalization else self.biases()
        return Weights(
            self.weight(self.kernel),
            self.product_kernel(training),
            bias,
            recurrent_bias,
            [self.own_value(weight, training) for weight in self.own_weights()],
        )

    def own_value(self, weight, training=False):
        """The value of one of `own_weights()` in a run."""
        return tf.convert_to_tensor(weight)

    def product_kernel(self, training=False):
        """The matrix that makes the recurrent half, with its dropped entries."""
        return self.weight(self.dropped_kernel(training))

    def dropped_kernel(self, training=False):
        """`recurrent_kernel`, some of its entries dropped where `weight_dropout` says so."""
        kernel = tf.convert_to_tensor(self.recurrent_kernel)
        if training and self.weight_dropout:
            kernel = kernel * tf.cast(self._kernel_mask(), kernel.dtype)
        return kernel

    def _kernel_mask(self):
        if self._dropped_kernel_mask is None:
            ones = tf.ones(self.recurrent_kernel.shape, self.compute_dtype)
            self._dropped_kernel_mask = keras.random.dropout(ones, self.weight_dropout, seed=self.seed_generator)
        return self._dropped_kernel_mask

    # What is random

    def _drops(self, rate):
        return 0 < rate < 1 or (rate == 1 and self.gates == 1)

    def input_masks(self, inputs, training=False):
        """The dropout masks of inputs `(batch, features)`: None, a tensor or one a gate."""
        if training and self._drops(self.dropout):
            return self.get_dropout_mask(inputs)
        return None

    def recurrent_masks(self, state, training=False):
        """The recurrent dropout masks of this sequence: None, a tensor or one a gate."""
        if training and self._drops(self.recurrent_dropout):
            return self.get_recurrent_dropout_mask(state)
        return None

    def noise(self, shape, training=False):
        """Which entries zoneout holds, bool `(*shape, sum of state sizes)`, or None."""
        if not (training and any(self.zoneout_rates)):
            return None
        parts = [
            keras.random.uniform((*shape, size), seed=self.seed_generator) < rate
            for size, rate in zip(self.state_sizes, self.zoneout_rates)
        ]
        return tf.concat(parts, axis=-1)

    def draw(self, inputs, states, training=False):
        """All that is random in a run over sequences of `inputs`: `Draws`.

        Args:
            inputs: `(batch, time, features)` or `(time, batch, features)`.
            states: list of `(batch, units)`.
        """
        hidden = tf.stop_gradient(tf.cast(states[0], inputs.dtype))
        one = tf.ones(tf.concat([tf.shape(hidden)[:1], tf.shape(inputs)[-1:]], 0), inputs.dtype)
        self.reset_dropout_mask()  # the cell keeps its masks; every sequence gets new ones
        self.reset_recurrent_dropout_mask()
        dropped = self.input_masks(one, training)
        recurrent, constant = self.split_masks(self.recurrent_masks(hidden, training))
        noise = self.noise(tf.unstack(tf.shape(inputs)[:2]), training)
        return Draws(dropped, recurrent, noise, constant)

    def get_recurrent_dropout_mask(self, step_input):
        if self.weight_dropout:  # Keras draws what is constant over time by this call
            self._kernel_mask()
        return super().get_recurrent_dropout_mask(step_input)

    def reset_recurrent_dropout_mask(self):
        self._dropped_kernel_mask = None
        super().reset_recurrent_dropout_mask()

    # The step

    def step(self, z, r, states, noise=None, constant=None):
        """`transition`, with the variants round it; `noise` and `constant` as in `Draws`."""
        if self.layer_normalization:
            z = self._normalized(z, self.kernel_gain, 0)
            r = self._normalized(r, self.recurrent_gain, 1)
        extra = () if constant is None else (constant,)
        new = self.transition(z, r, states, *extra)
        if any(self.zoneout_rates):
            new = hold_some(new, states, self.zoneout_rates, noise)
        return new

    def _normalized(self, half, gain, row):
        """A half, normalised, with its bias: row 0 is that of the inputs, row 1 the recurrent one."""
        columns = half.shape[-1]
        half = layer_normalize(half, self.weight(gain, half)[:columns])
        if self.bias is None or (row and not self.recurrent_bias):
            return half
        bias = self.weight(self.bias, half)
        return half + (bias[row] if self.recurrent_bias else bias)[:columns]

    def step_with(self, own, *arguments):
        """`step` with the values of `own_weights()` in their place."""
        weights = self.own_weights()
        if not weights:
            return self.step(*arguments)
        with keras.StatelessScope(state_mapping=list(zip(weights, own))):
            return self.step(*arguments)

    @property
    def additive_columns(self):
        """How many leading columns of z and r `step` uses through their sum alone."""
        if self.layer_normalization:
            return 0
        return self.units * (self.gates if self.additive is True else self.additive)

    def call(self, inputs, states, training=False):
        nested = isinstance(states, (list, tuple))
        previous = list(states) if nested else [states]
        weights = self.engine_weights(training)
        masks = self.input_masks(inputs, training)
        z = gate_product(inputs, weights.kernel, masks, weights.bias)
        masks, constant = self.split_masks(self.recurrent_masks(previous[0], training))
        r = gate_product(previous[0], weights.recurrent_kernel, masks, weights.recurrent_bias)
        noise = self.noise([tf.shape(inputs)[0]], training)
        new = list(self.step_with(weights.own, z, r, previous, noise, constant))
        return new[0], (new if nested else new[0])

    def split_masks(self, masks):
        """The recurrent masks of the product before the step, and one that the step needs."""
        return masks, None

    def get_initial_state(self, batch_size=None):
        if self.trainable_initial_state:
            return [tf.broadcast_to(self.weight(state), (batch_size, state.shape[0])) for state in self.initial_states]
        return [tf.zeros((batch_size, size), self.compute_dtype) for size in self.state_sizes]

    def get_config(self):
        options = {
            name: getattr(keras, name.rsplit("_", 1)[1] + "s").serialize(getattr(self, name)) for name in WEIGHT_OPTIONS
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
            "layer_normalization": self.layer_normalization,
            "zoneout": self.zoneout,
            "weight_dropout": self.weight_dropout,
            "trainable_initial_state": self.trainable_initial_state,
        }
