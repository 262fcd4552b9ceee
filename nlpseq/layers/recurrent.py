"""Recurrent layers: any cell, or a stack of cells, run over time by the engine."""

import inspect

import keras
import tensorflow as tf

from nlpseq import engine
from nlpseq.cells import GRUCell, LSTMCell, RecurrentCell, SimpleRNNCell
from nlpseq.engine.compilation import check_mode
from nlpseq.engine.layout import swap
from nlpseq.layers.stack import StackedRNNCells

# Arguments of every cell of ours that Keras's do not have.
VARIANTS = ("layer_normalization", "zoneout", "weight_dropout", "trainable_initial_state")


@keras.saving.register_keras_serializable("nlpseq")
class RNN(keras.layers.RNN):
    """Runs a cell over time; drop-in for `keras.layers.RNN`.

        h_t, s_t = cell(x_t, s_{t-1})      t = 1 ... T, the weights shared over time

    A `nlpseq.cells.RecurrentCell` runs on the engine: input products before the
    loop, backpropagation through time in one reverse loop, weight gradients in
    one product over all steps. Any other Keras cell runs as in Keras.

    Args:
        cell: A cell, or a list of cells to stack.
        return_sequences: Whether to return every output or the last. Default False.
        return_state: Whether to return the final states as well. Default False.
        go_backwards: Whether to run from the end; the outputs then come in the
            order of the run, as in Keras. Default False.
        stateful: Whether the final states start the next batch. Default False.
        unroll: Whether to write the loop out (short, fixed lengths). Default False.
        zero_output_for_mask: Whether the output at a masked step is zero rather
            than the output before it. Default False.
        engine: "auto" (XLA in training and for known shapes), "xla" or "portable".
            Default "auto".
        time_major: Whether sequences, masks and outputs are `(time, batch, ...)`,
            for data in that order; neither order is transposed. Default False.
        recompute: Whether to keep less for the gradients and compute it again,
            segment by segment (Chen et al. 2016): for long sequences, less memory
            and about half as much time again. Default False.

    Call arguments:
        sequences: Float tensor `(batch, time, features)`; time may be 0.
        initial_state: List of states to start from. Default zeros.
        mask: Bool `(batch, time)`, True = real. A masked step holds the states.
        training: Whether dropout applies. Default False.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`;
        with `return_state` a tuple of that and each final state.

    Raises:
        ValueError: `engine` is unknown; the cell lacks `call` or `state_size`;
            `stateful` with a changing batch size or with a trainable initial state;
            `unroll` with unknown time.

    Example:

    >>> cells = [nlpseq.cells.LSTMCell(8), nlpseq.cells.LSTMCell(4)]
    >>> layer = RNN(cells, return_sequences=True)
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 5, 4)

    Reference:
        Werbos (1990), Backpropagation through time: what it does and how to do it.
    """

    def __init__(self, cell, *args, engine="auto", time_major=False, recompute=False, **kwargs):
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        super().__init__(cell, *args, **kwargs)
        self.engine = check_mode(engine)
        self.time_major = time_major
        self.recompute = recompute
        if self.stateful and self._learns_start():
            raise ValueError(
                "`stateful` and `trainable_initial_state` exclude each other: a stateful layer "
                "starts where the last batch ended."
            )

    @property
    def fused(self):
        """Whether the engine runs all the cells."""
        return all(isinstance(cell, RecurrentCell) and cell.fused for cell in self._cells())

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if not self.fused:
            return self._call_by_keras(sequences, initial_state, mask, training)
        outputs, states = self.run(sequences, mask, initial_state, training)
        if self.return_sequences and self.go_backwards:
            outputs = tf.reverse(outputs, axis=[self.time_axis])
        return (outputs, *states) if self.return_state else outputs

    @property
    def time_axis(self):
        """0 or 1."""
        return 0 if self.time_major else 1

    def _call_by_keras(self, sequences, initial_state, mask, training):
        """Cells that are not ours run as in Keras, which knows no time-major order."""
        options = {"initial_state": initial_state, "training": training}
        if not self.time_major:
            return super().call(sequences, mask=mask, **options)
        mask = None if mask is None else tf.transpose(mask)
        result = super().call(swap(sequences), mask=mask, **options)
        if not self.return_sequences:
            return result
        return (swap(result[0]), *result[1:]) if self.return_state else swap(result)

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(self._swapped(sequences_shape), initial_state_shape)

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        shape = super().compute_output_shape(self._swapped(sequences_shape), initial_state_shape)
        if not (self.time_major and self.return_sequences):
            return shape
        return (self._swapped(shape[0]), *shape[1:]) if self.return_state else self._swapped(shape)

    def _swapped(self, shape):
        return (shape[1], shape[0], *shape[2:]) if self.time_major else shape

    def run(self, sequences, mask=None, initial_state=None, training=False):
        """As `call`, but with each output at the time of its input.

        Returns:
            `(outputs, states)`: outputs, or the last one without `return_sequences`,
            and the final states.
        """
        self._check_sizes(sequences)
        mask = None if mask is None else tf.cast(keras.tree.flatten(mask)[0], bool)
        started = initial_state is not None or self.stateful or self._learns_start()
        if initial_state is None:
            initial_state = self.states if self.stateful else None
        if initial_state is None:
            initial_state = self.get_initial_state(batch_size=tf.shape(sequences)[1 - self.time_axis])
        hidden = sequences
        cells, states, finals = self._cells(), self._states_by_cell(initial_state), []
        connected = getattr(self.cell, "connection", None) is not None
        for number, (cell, state) in enumerate(zip(cells, states)):
            below = hidden
            hidden, final = engine.run(
                cell,
                tf.cast(below, cell.compute_dtype),
                [tf.cast(tf.convert_to_tensor(each), cell.state_dtype) for each in state],
                mask,
                return_sequences=self.return_sequences or number + 1 < len(cells) or connected,
                reverse=self.go_backwards,
                unroll=self.unroll,
                training=training,
                engine=self.engine,
                recompute=self.recompute,
                time_major=self.time_major,
            )
            if connected:
                hidden = self.cell.connect(number, below, hidden)
            finals.append(final)
        if connected and not self.return_sequences:
            hidden = self._end(hidden)
        if mask is not None:
            hidden = self._mask_output(hidden, mask, started)
        states = keras.tree.pack_sequence_as(initial_state, keras.tree.flatten(finals))
        if self.stateful:
            for variable, state in zip(keras.tree.flatten(self.states), keras.tree.flatten(states)):
                variable.assign(tf.cast(state, variable.dtype))
        states = list(states) if keras.tree.is_nested(states) else [states]
        states = keras.tree.map_structure(lambda s: tf.cast(s, self.compute_dtype), states)
        return tf.cast(hidden, self.compute_dtype), states

    def _learns_start(self):
        return any(getattr(cell, "trainable_initial_state", False) for cell in self._cells())

    def _cells(self):
        return list(getattr(self.cell, "cells", [self.cell]))

    def _states_by_cell(self, states):
        """The initial states as one list a cell."""
        flat = keras.tree.flatten(states)
        if not keras.tree.is_nested(states):
            flat = [states]
        counts = [len(keras.tree.flatten(cell.state_size)) for cell in self._cells()]
        if sum(counts) != len(flat):
            raise ValueError(
                f"`initial_state` of layer '{self.name}' must hold {sum(counts)} tensors, "
                f"one for each state of its cell, got {len(flat)}."
            )
        ends = [sum(counts[: i + 1]) for i in range(len(counts))]
        return [flat[end - count : end] for count, end in zip(counts, ends)]

    def _mask_output(self, outputs, mask, started):
        """Keras's outputs at masked steps: zero on request, zero before the first real step."""
        if not (started or self.zero_output_for_mask):
            return outputs  # the held state is the zero that it started from
        if self.zero_output_for_mask:
            shown = mask if self.return_sequences else self._end(mask)
        elif self.return_sequences:
            real = tf.cast(mask, tf.int32)
            shown = tf.cumsum(real, axis=self.time_axis, reverse=bool(self.go_backwards)) > 0
        else:
            shown = tf.reduce_any(mask, axis=self.time_axis)
        return tf.where(shown[..., tf.newaxis], outputs, tf.zeros_like(outputs))

    def _end(self, sequence):
        """The step at which the run ends."""
        end = 0 if self.go_backwards else -1
        return sequence[end] if self.time_major else sequence[:, end]

    def _check_sizes(self, sequences):
        time, batch = sequences.shape[self.time_axis], sequences.shape[1 - self.time_axis]
        if self.unroll and time is None:
            raise ValueError(
                "Cannot unroll a RNN if the time dimension is undefined. Give the time in the "
                "shape of the input, or set unroll=False."
            )
        expected = self._expected_batch_size
        if self.stateful and None not in (expected, batch) and expected != batch:
            raise ValueError(
                "If an RNN is stateful, the batch size of the input sequences must be the same "
                f"as the batch size of the initial state. Expected {expected}, got {batch}."
            )

    def get_config(self):
        own = {name: getattr(self, name) for name in ("engine", "time_major", "recompute")}
        return {**super().get_config(), **own}


class CellLayer(RNN):
    """A layer that makes its own cell; a subclass sets `cell_class` and `keras_class`.

    Its arguments are those of the Keras layer of the same name, in the same
    order, those that `RNN` adds, and the variants of the cell.
    """

    cell_class = None
    keras_class = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in cls._cell_arguments():
            if not hasattr(cls, name):
                setattr(cls, name, property(lambda self, name=name: getattr(self.cell, name)))

    def __init__(self, *args, engine="auto", time_major=False, recompute=False, **kwargs):
        given = inspect.signature(self.keras_class.__init__).bind(self, *args, **kwargs).arguments
        given = {**given.pop("kwargs", {}), **given}
        given.pop("self")
        self_arguments = {name: given.pop(name) for name in list(given) if name not in self._cell_arguments()}
        use_cudnn = self_arguments.pop("use_cudnn", None)
        if use_cudnn not in (None, "auto", True, False):
            raise ValueError(f"`use_cudnn` must be 'auto', True or False, got {use_cudnn!r}.")
        policy = {key: self_arguments[key] for key in ("dtype", "trainable") if key in self_arguments}
        cell = self.cell_class(**given, **policy, name=self._cell_name())
        own = {"engine": engine, "time_major": time_major, "recompute": recompute}
        super().__init__(cell, **own, **self_arguments)
        if "use_cudnn" in inspect.signature(self.keras_class.__init__).parameters:
            self.use_cudnn = "auto" if use_cudnn is None else use_cudnn
        self.input_spec = keras.InputSpec(ndim=3)

    def run(self, sequences, mask=None, initial_state=None, training=False):
        if getattr(self, "use_cudnn", None) is True:
            raise ValueError(
                "`use_cudnn=True` is not for layers of nlpseq, which run on their own engine on "
                "every device: leave it at 'auto'."
            )
        return super().run(sequences, mask, initial_state, training)

    @classmethod
    def _cell_arguments(cls):
        """The names of the arguments that go to the cell."""
        layer = {*inspect.signature(keras.layers.RNN.__init__).parameters, "activity_regularizer"}
        names = inspect.signature(cls.keras_class.__init__).parameters
        known = [n for n in names if n not in layer | {"use_cudnn"}] + ["implementation"]
        return known + [*VARIANTS, *getattr(cls.cell_class, "variants", ())]

    @classmethod
    def _cell_name(cls):
        return f"{cls.__name__.lower()}_cell".replace("simplernn", "simple_rnn")

    def get_config(self):
        layer, cell = super().get_config(), self.cell.get_config()
        layer.pop("cell")
        if hasattr(self, "use_cudnn"):
            layer["use_cudnn"] = self.use_cudnn
        layer["activity_regularizer"] = keras.regularizers.serialize(self.activity_regularizer)
        return {**layer, **{name: cell[name] for name in self._cell_arguments()}}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable("nlpseq")
class SimpleRNN(CellLayer):
    """Plain recurrent layer; drop-in for `keras.layers.SimpleRNN`.

    The equation is in `nlpseq.cells.SimpleRNNCell`. Arguments are those of
    `keras.layers.SimpleRNN`, those that `nlpseq.layers.RNN` adds, and the variants of
    the cell; call arguments, returns, masking and
    errors are those of `nlpseq.layers.RNN`. Weights: kernel `(features, units)`,
    recurrent_kernel `(units, units)`, bias `(units,)`.

    Example:

    >>> tuple(SimpleRNN(4)(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    cell_class = SimpleRNNCell
    keras_class = keras.layers.SimpleRNN


@keras.saving.register_keras_serializable("nlpseq")
class LSTM(CellLayer):
    """Long short-term memory layer; drop-in for `keras.layers.LSTM`.

    The equations are in `nlpseq.cells.LSTMCell`. Arguments are those of
    `keras.layers.LSTM`, those that `nlpseq.layers.RNN` adds, and the variants of
    the cell; call arguments, returns, masking and errors
    are those of `nlpseq.layers.RNN`, with states `[h, c]`. Weights: kernel
    `(features, 4 * units)`, recurrent_kernel `(units, 4 * units)`, bias
    `(4 * units,)`, in the gate order i, f, c, o.

    Example:

    >>> layer = LSTM(4, return_sequences=True, return_state=True)
    >>> [tuple(each.shape) for each in layer(np.ones((2, 5, 3), "float32"))]
    [(2, 5, 4), (2, 4), (2, 4)]
    """

    cell_class = LSTMCell
    keras_class = keras.layers.LSTM


@keras.saving.register_keras_serializable("nlpseq")
class GRU(CellLayer):
    """Gated recurrent layer; drop-in for `keras.layers.GRU`.

    The equations are in `nlpseq.cells.GRUCell`. Arguments are those of
    `keras.layers.GRU`, those that `nlpseq.layers.RNN` adds, and the variants of
    the cell; call arguments, returns, masking and errors
    are those of `nlpseq.layers.RNN`. Weights: kernel `(features, 3 * units)`,
    recurrent_kernel `(units, 3 * units)`, bias `(2, 3 * units)` (input,
    recurrent) or `(3 * units,)` with `reset_after=False`, gate order z, r, h.

    Example:

    >>> tuple(GRU(4)(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    cell_class = GRUCell
    keras_class = keras.layers.GRU
