"""The base class of recurrent cells."""

import contextlib
from numbers import Integral
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check_new_states, check_sizes, check_states
from nlpseq.cells.contract import CellWeights, RandomMasks
from nlpseq.cells.masked import MaskedCell
from nlpseq.cells.masks import MaskSource
from nlpseq.cells.normalization import layer_normalize
from nlpseq.cells.products import gate_product
from nlpseq.cells.values import WeightValues
from nlpseq.cells.zoneout import apply_zoneout, check_rates
from nlpseq.errors import InputError

WEIGHT_OPTIONS = tuple(
    f"{weight}_{kind}"
    for kind in ("initializer", "regularizer", "constraint")
    for weight in ("kernel", "recurrent", "bias")
)


class RecurrentCell(MaskedCell, keras.layers.Layer):
    """Base class of recurrent cells: one step of a recurrence, split so that one engine runs every cell.

        wx_t = x_t W + b                 input half: independent of the state
        uh_t = h_{t-1} U + d             recurrent half: the only product in the loop
        s_t = transition(wx_t, uh_t, s_{t-1})      row by row

    The output of a step is the first state, `h_t = s_t[0]`. A subclass sets `gates` and
    defines `transition`; weights, dropout, backpropagation through time, masking and saving
    are inherited. A subclass may add weights in `build` and use them in `transition`: the
    engine accumulates their gradients step by step, which is fast for vectors and slower
    for matrices. So it may use Keras layers that are attributes of the cell.

    Class attributes:
        gates: Number of blocks of `units` columns in `kernel`. Default 1.
        states: Number of state tensors, each `(batch, units)`. Default 1.
        recurrent_bias: Whether the recurrent half has its own bias d; `bias` is then a
            `(2, gates * units)` matrix. Default False.
        additive: Number of leading gates for which `transition` uses only the sum
            `wx + uh` (all four gates of LSTM, the first two of GRU); True for all gates.
            The engine then saves and differentiates only the sum, which takes less memory
            and time. Default 0.
        float32_states: Whether `transition` accepts any float dtype. In mixed precision the
            engine then carries the states in float32, and only the products are computed
            in the compute dtype. Default False.

    Args:
        units: Positive integer, the size of each state.
        use_bias: Whether there is a bias. Default True.
        kernel_initializer, recurrent_initializer, bias_initializer: Keras initializers.
            Default "glorot_uniform", "orthogonal", "zeros".
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Keras regularizers.
            Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: Keras constraints.
            Default None.
        dropout: Rate of dropped inputs, in [0, 1], one mask a sequence. Default 0.
        recurrent_dropout: Rate of dropped recurrent inputs, in [0, 1], one mask a sequence
            (Gal and Ghahramani 2016) and, as in Keras, one mask a gate. As in Keras, a
            rate of 1 counts as 0 in cells with several gates. Default 0.
        implementation: 1 draws one input dropout mask for each gate, 2 one mask for all
            gates. Recurrent dropout implies 1. Default 2.
        seed: Integer seed of the random masks. Default None, random. Masks are drawn in
            training only, whereas Keras advances the seed in inference as well.
        layer_normalization: Whether both halves are normalized over their `gates * units`
            columns, with one gain each, before the bias (Ba et al. 2016, equation 20):
            wx = LN(x W) * g_w + b, uh = LN(h U) * g_u + d. Default False.
        zoneout: Rate of state entries that keep their previous value, in [0, 1), or a list
            of one rate for each state (Krueger et al. 2017). In inference
            s_t = rate * s_{t-1} + (1 - rate) * s'_t. Default 0.
        weight_dropout: Rate of dropped entries of the recurrent kernel, in [0, 1), one mask
            a batch (DropConnect; Merity et al. 2018). Default 0.
        trainable_initial_state: Whether the state before the first step is trained, starting
            from zeros, rather than zero. Default False.

    Call arguments:
        inputs: Float tensor `(batch, features)`.
        states: The previous states, a list of `(batch, units)` tensors, or the tensor
            itself if there is only one.
        training: Whether dropout applies. Default False.
        masks: The random masks of this step, from `draw_masks`. Default None: as in Keras,
            dropout masks are drawn at the first step in training and used again until
            `reset_dropout_mask` and `reset_recurrent_dropout_mask` are called.

    Returns:
        `(output, new_states)`: the output `(batch, units)`, and the new states in the
        structure of `states`.

    Weights:
        kernel `(features, gates * units)`,
        recurrent_kernel `(units, gates * units)`,
        bias `(gates * units,)`, or `(2, gates * units)`: b and d,
        kernel_gain and recurrent_gain `(gates * units,)` with `layer_normalization`,
        initial_state_0, ... `(units,)` with `trainable_initial_state`.

    Raises:
        ValueError: `units` is no positive integer, a rate is out of range, or sizes of states do not fit.

    Example:

    >>> class LeakyCell(RecurrentCell):
    ...     "h_t = 0.9 h_{t-1} + 0.1 tanh(W x_t + U h_{t-1} + b)"
    ...     def transition(self, wx, uh, states):
    ...         return [0.9 * states[0] + 0.1 * tf.tanh(wx + uh)]
    >>> output, states = LeakyCell(4)(tf.ones((2, 3)), [tf.zeros((2, 4))])
    >>> tuple(output.shape)
    (2, 4)
    """

    gates: int = 1
    states: int = 1
    recurrent_bias: bool = False
    additive: int | bool = 0
    float32_states: bool = False
    linear: bool = False  # whether there is no recurrent product: see `nlpseq.cells.linear`

    def __init__(
        self,
        units: int,
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
        seed: int | None = None,
        implementation: int = 2,
        layer_normalization: bool = False,
        zoneout: float | list[float] = 0.0,
        weight_dropout: float = 0.0,
        trainable_initial_state: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(units, Integral) or units <= 0:
            raise ValueError(
                f"Received an invalid value for argument `units`, expected a positive integer, got {units!r}."
            )
        super().__init__(**kwargs)
        self.units = units = int(units)
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
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed=seed)
        self.layer_normalization = layer_normalization
        self.zoneout = zoneout
        check_rates("zoneout", zoneout, self.states)
        (self.weight_dropout,) = check_rates("weight_dropout", weight_dropout, 1)
        self.trainable_initial_state = trainable_initial_state
        self.state_size = units if self.states == 1 else [units] * self.states
        self.output_size = units
        self.mask_source = MaskSource()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name != "trainable" and not name.startswith("_"):
            self.__dict__["changes"] = self.__dict__.get("changes", 0) + 1

    # The equations

    def transition(self, wx: tf.Tensor, uh: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        """The new states from both halves and the previous states: a pure function, row by row.

        Args:
            wx: `(batch, gates * units)`, the input half.
            uh: `(batch, gates * units)`, the recurrent half. If all gates are additive, the
                engine may pass the sum of both as `wx`, and the number 0 as `uh`.
            states: list of `(batch, units)`.

        Returns:
            The new states, a list with the shapes and dtypes of `states`; the first one is the output.
        """
        raise NotImplementedError(f"{type(self).__name__} must define transition(self, wx, uh, states).")

    @property
    def fused(self) -> bool:
        """Whether the engine can run this cell: whether `call` is not overridden."""
        return type(self).call is RecurrentCell.call

    @property
    def zoneout_rates(self) -> list[float]:
        """The zoneout rate of each state."""
        return check_rates("zoneout", self.zoneout, self.states)

    @property
    def dropout_mask_count(self) -> int | None:
        """How many dropout masks inputs and recurrent inputs have, one for each gate; None for one for all gates."""
        return self.gates if self.gates > 1 and (self.implementation == 1 or self.recurrent_dropout) else None

    @property
    def state_sizes(self) -> list[int]:
        """The size of each state."""
        return list(keras.tree.flatten(self.state_size))

    @property
    def state_dtype(self) -> str:
        """The dtype in which the engine carries the states."""
        widen = self.float32_states and tf.as_dtype(self.compute_dtype).size < 4
        return "float32" if widen else self.compute_dtype

    # Weights

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        check_sizes(self.state_size, self.output_size, self.states, f"cell '{self.name}'")
        self.input_spec = keras.InputSpec(axes={-1: input_shape[-1]})
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

    def build_recurrent_kernel(self) -> None:
        """Adds `recurrent_kernel`."""
        shape = (self.output_size, self.gates * self.units)
        self.recurrent_kernel = self._add("recurrent_kernel", "recurrent", shape)

    def build_normalization(self) -> None:
        """Adds the weights of layer normalization."""
        shape = (self.gates * self.units,)
        self.kernel_gain = self.add_weight(name="kernel_gain", shape=shape, initializer="ones")
        self.recurrent_gain = self.add_weight(name="recurrent_gain", shape=shape, initializer="ones")

    def _add(self, name, options, shape):
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=self.initial_bias if name == "bias" else getattr(self, f"{options}_initializer"),
            regularizer=getattr(self, f"{options}_regularizer"),
            constraint=getattr(self, f"{options}_constraint"),
        )

    def initial_bias(self, shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
        """The initial value of `bias`."""
        return self.bias_initializer(shape, dtype=dtype)

    def weight_value(self, weight: Any, like: tf.Tensor | None = None) -> tf.Tensor:
        """The value of a weight, in the dtype of the tensor `like`, or by default in the compute dtype."""
        dtype = self.compute_dtype if like is None else like.dtype
        return tf.cast(tf.convert_to_tensor(weight), dtype)

    def biases(self) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """The biases b and d of the input half and of the recurrent half; None if there is none."""
        if self.bias is None:
            return None, None
        bias = self.weight_value(self.bias)
        return (bias[0], bias[1]) if self.recurrent_bias else (bias, None)

    def step_weights(self) -> list[keras.Variable]:
        """The float weights that the step uses, frozen ones too: all but those of the products before it."""
        others = [self.kernel, self.recurrent_kernel]
        if not self.layer_normalization:  # which adds the bias in the step, after normalizing
            others.append(self.bias)
        if self.trainable_initial_state:
            others.extend(self.initial_states)
        others = {id(weight) for weight in others}
        floats = (weight for weight in self.weights if tf.as_dtype(weight.dtype).is_floating)
        return [weight for weight in floats if id(weight) not in others]

    def run_weights(self, masks: RandomMasks) -> CellWeights:
        """The values of the weights for a run with these random masks."""
        bias, recurrent_bias = (None, None) if self.layer_normalization else self.biases()
        return CellWeights(
            self.weight_value(self.kernel),
            self.weight_value(self.dropped_kernel(masks)),
            bias,
            recurrent_bias,
            [tf.convert_to_tensor(weight) for weight in self.step_weights()],
        )

    def dropped_kernel(self, masks: RandomMasks) -> tf.Tensor:
        """The recurrent kernel after weight dropout, in its own dtype."""
        kernel = tf.convert_to_tensor(self.recurrent_kernel)
        if masks.recurrent_kernel is None:
            return kernel
        return kernel * tf.cast(masks.recurrent_kernel, kernel.dtype)

    # The step

    def step(
        self,
        step_weights: list[tf.Tensor],
        wx: tf.Tensor,
        uh: tf.Tensor,
        states: list[tf.Tensor],
        masks: RandomMasks,
    ) -> list[tf.Tensor]:
        """`transition` with layer normalization and zoneout: what the engine runs and differentiates.

        Args:
            step_weights: `step` of `run_weights`.
            wx, uh, states: as in `transition`.
            masks: the random masks, `zoneout` those of this step.

        Returns:
            The new states.
        """
        changes = self.changes
        with self.replaced_weights(step_weights, wx.dtype):
            wx, uh = self.normalize(wx, uh)
            new = self.transition(wx, uh, states)
        self.__dict__["changes"] = changes  # what a transition sets is no option of the cell
        new = check_new_states(new, states, f"cell '{self.name}'")
        return self.zone_out(new, states, masks.zoneout)

    def replaced_weights(self, values: list[tf.Tensor], dtype: tf.DType) -> contextlib.AbstractContextManager:
        """A context in which `step_weights()` have these values, which the engine differentiates by, in this dtype."""
        return WeightValues(zip(self.step_weights(), values), dtype, f"cell '{self.name}'")

    def build_inner_layers(self) -> None:
        """Builds the Keras layers that `transition` uses, if some have no weights yet, by a step of one row."""
        parts = [part for part in vars(self).values() if isinstance(part, (keras.Layer, list, tuple, dict))]
        layers = [part for part in keras.tree.flatten(parts) if isinstance(part, keras.Layer)]
        if self.linear or all(layer.built for layer in layers):
            return
        with tf.init_scope():
            states = [tf.zeros([1, size], self.state_dtype) for size in self.state_sizes]
            half = tf.zeros([1, self.gates * self.units], self.state_dtype)
            self.transition(half, half, states)

    def normalize(self, wx: tf.Tensor, uh: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Both halves after layer normalization, if the cell has it, with gain and bias."""
        if not self.layer_normalization:
            return wx, uh
        bias, recurrent_bias = self.bias, None
        if self.recurrent_bias and self.bias is not None:
            bias, recurrent_bias = tf.unstack(tf.convert_to_tensor(self.bias))
        return (
            self._normalize_half(wx, self.kernel_gain, bias),
            self._normalize_half(uh, self.recurrent_gain, recurrent_bias),
        )

    def _normalize_half(self, half, gain, bias):
        columns = half.shape[-1]
        shift = None if bias is None else self.weight_value(bias, half)[:columns]
        return layer_normalize(half, self.weight_value(gain, half)[:columns], shift)

    def zone_out(self, new: list[tf.Tensor], old: list[tf.Tensor], mask: tf.Tensor | None = None) -> list[tf.Tensor]:
        """The new states after zoneout, if the cell has it."""
        return apply_zoneout(new, old, self.zoneout_rates, mask) if any(self.zoneout_rates) else list(new)

    @property
    def additive_columns(self) -> int:
        """How many leading columns of `wx` and `uh` the step uses through their sum only."""
        if self.layer_normalization:
            return 0
        return self.units * (self.gates if self.additive is True else self.additive)

    def call(
        self,
        inputs: tf.Tensor,
        states: list[tf.Tensor] | tf.Tensor,
        training: bool = False,
        masks: RandomMasks | None = None,
    ) -> tuple[tf.Tensor, list[tf.Tensor] | tf.Tensor]:
        self.build_inner_layers()
        nested = isinstance(states, (list, tuple))
        previous = self.check_states(inputs, list(states) if nested else [states])
        masks = self.step_masks(inputs, previous, training, masks)
        weights = self.run_weights(masks)
        wx = gate_product(inputs, weights.kernel, masks.inputs, weights.bias)
        uh = gate_product(previous[0], weights.recurrent_kernel, masks.recurrent, weights.recurrent_bias)
        new = self.step(weights.step, wx, uh, previous, masks)
        return new[0], (new if nested else new[0])

    def check_states(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        """The states of a step as tensors.

        Raises:
            InputError: their number is wrong, or one is not `(batch, size)`.
        """
        owner = f"cell '{self.name}'"
        if len(states) != len(self.state_sizes):
            raise InputError(f"`states` of {owner} must hold {len(self.state_sizes)} tensors, got {len(states)}.")
        return check_states(states, self.state_sizes, inputs.shape[0], tf.shape(inputs)[0], owner)

    def get_initial_state(self, batch_size: int | tf.Tensor | None = None) -> list[tf.Tensor]:
        """The states before the first step, a list of `(batch_size, units)`."""
        if self.trainable_initial_state:
            values = [self.weight_value(state) for state in self.initial_states]
            return [tf.broadcast_to(value, (batch_size, value.shape[0])) for value in values]
        return [tf.zeros((batch_size, size), self.compute_dtype) for size in self.state_sizes]

    def get_config(self) -> dict[str, Any]:
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
