"""The layer that runs any cell, or a stack of cells, over time."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells import RecurrentCell
from nlpseq.cells.checks import check_dense, check_mask, check_mask_shape, check_state_shape, check_states
from nlpseq.cells.padding import zero_padding
from nlpseq.engine import recurrence
from nlpseq.engine.compilation import check_mode
from nlpseq.engine.layout import swap
from nlpseq.errors import InputError
from nlpseq.layers.stack import StackedRNNCells


@keras.saving.register_keras_serializable("nlpseq")
class RNN(keras.layers.RNN):
    """Runs a cell over time; drop-in for `keras.layers.RNN`.

        h_t, s_t = cell(x_t, s_{t-1})      t = 1 ... T, the weights shared over time

    A `nlpseq.cells.RecurrentCell` runs on the engine: input products before the loop,
    backpropagation through time in one reverse loop, each weight gradient as one product
    over all steps. Any other Keras cell runs as in Keras.

    Args:
        cell: A cell, or a list of cells to stack.
        return_sequences: Whether to return every output or the last one. Default False.
        return_state: Whether to return the final states as well. Default False.
        go_backwards: Whether to run from the end; the outputs are then in the order of the
            run, as in Keras. Default False.
        stateful: Whether a batch starts from the final states of the previous batch.
            Default False.
        unroll: Whether to unroll the loop, for short static lengths; no effect on a compiled loop.
            Default False.
        zero_output_for_mask: Whether the output at a masked step is zero rather than the
            previous output. Default False.
        engine: "auto" (XLA in training, `evaluate` and `predict`, and for static shapes), "xla" or
            "portable". Default "auto".
        time_major: Whether sequences, masks and outputs are `(time, batch, ...)`, for data
            in that order; neither order is transposed. Default False.
        recompute: Whether to save less for the gradients and recompute it segment by
            segment (Chen et al. 2016): less memory for long sequences, and about half as
            much time again. Default False.
        **kwargs: as in `keras.layers.Layer`: `name`, `dtype`, `trainable`,
            `activity_regularizer`.

    Call arguments:
        sequences: Float tensor `(batch, time, features)`; time may be 0.
        initial_state: List of initial states. Default None, the cell's initial state, which
            is zeros.
        mask: Bool `(batch, time)`, True = real. A masked step keeps the states, whatever its inputs
            are, NaN included. Default None.
        training: Whether dropout applies. Default False.
        in_order_of_time: Whether outputs with `go_backwards` have the order of the inputs
            rather than that of the run. Default False.

    A mask that the sequences carry is used with an `initial_state` as well, where Keras loses it.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`;
        with `return_state` a tuple of that and each final state.

    Raises:
        ValueError: `engine` is unknown; the cell has no `call` or no `state_size`;
            `stateful` with a changing batch size or with a trainable initial state;
            `unroll` with unknown time; sequences, mask or `initial_state` have other shapes than
        those above, or `initial_state` a wrong number of tensors.

    Example:

    >>> cells = [nlpseq.cells.LSTMCell(8), nlpseq.cells.LSTMCell(4)]
    >>> layer = RNN(cells, return_sequences=True)
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 5, 4)

    With a custom cell:

    >>> class LeakyCell(nlpseq.cells.RecurrentCell):
    ...     def transition(self, wx, uh, states):
    ...         return [0.9 * states[0] + 0.1 * tf.tanh(wx + uh)]
    >>> tuple(RNN(LeakyCell(4, recurrent_dropout=0.1))(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)

    Reference:
        Werbos (1990), Backpropagation through time: what it does and how to do it.
    """

    def __init__(
        self,
        cell: keras.layers.Layer | Sequence[keras.layers.Layer],
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        *,
        engine: str = "auto",
        time_major: bool = False,
        recompute: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )
        self.supports_masking = True  # Keras 3.16 no longer sets it
        self.engine = check_mode(engine)
        self.time_major = time_major
        self.recompute = recompute
        if self.stateful and self._has_trainable_start():
            raise ValueError(
                "`stateful` and `trainable_initial_state` exclude each other: a stateful layer "
                "starts from the final states of the previous batch."
            )

    @property
    def fused(self) -> bool:
        """Whether the engine runs all the cells."""
        return all(
            isinstance(cell, RecurrentCell) and cell.fused and cell.activity_regularizer is None
            for cell in self._cells()
        )

    @property
    def time_axis(self) -> int:
        """The time axis of the sequences, 0 or 1."""
        return 0 if self.time_major else 1

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool | None = False,
        *,
        in_order_of_time: bool = False,
    ) -> Any:
        check_dense(sequences, self._owner())
        if mask is None:  # Keras passes the mask of the sequences on only if they are the only tensor
            mask = getattr(sequences, "_keras_mask", None)
        if not self.fused:
            return self._call_in_keras(sequences, initial_state, mask, training)
        outputs, states = self.run(sequences, mask, initial_state, training)
        if self.return_sequences and self.go_backwards and not in_order_of_time:
            outputs = tf.reverse(outputs, axis=[self.time_axis])
        return (outputs, *states) if self.return_state else outputs

    def _call_in_keras(self, sequences, initial_state, mask, training):
        """Runs cells that are not ours as Keras does, which is batch-major only."""
        if mask is not None:
            mask = check_mask(mask, sequences, self._owner())
            sequences = zero_padding(sequences, mask)
        options = {"initial_state": initial_state, "training": training}
        if not self.time_major:
            return super().call(sequences, mask=mask, **options)
        mask = None if mask is None else tf.transpose(mask)
        result = super().call(swap(sequences), mask=mask, **options)
        if not self.return_sequences:
            return result
        return (swap(result[0]), *result[1:]) if self.return_state else swap(result)

    def build(self, sequences_shape: Sequence, initial_state_shape: Sequence | None = None) -> None:
        if self.fused:
            if len(sequences_shape) != 3:
                raise InputError(
                    f"layer '{self.name}' needs sequences (batch, time, features), got the shape "
                    f"{tuple(sequences_shape)}."
                )
            self.input_spec = keras.InputSpec(ndim=3, axes={-1: sequences_shape[-1]})
        super().build(self._batch_major(sequences_shape), initial_state_shape)
        if self.fused:
            for cell in self._cells():
                cell.build_inner_layers()

    def compute_output_spec(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None, **options: Any
    ) -> Any:
        if self.fused and initial_state is not None:
            self._states_by_cell(initial_state)
            batch = sequences.shape[1 - self.time_axis]
            for number, (state, size) in enumerate(zip(keras.tree.flatten(initial_state), self._state_sizes())):
                check_state_shape(state.shape, batch, size, number, self._owner())
        if self.fused and mask is not None:
            check_mask_shape(keras.tree.flatten(mask)[0].shape, sequences.shape, self._owner())
        return super().compute_output_spec(sequences, initial_state, mask=mask, training=training)

    def compute_output_shape(self, sequences_shape: Sequence, initial_state_shape: Sequence | None = None) -> Any:
        shape = super().compute_output_shape(self._batch_major(sequences_shape), initial_state_shape)
        if not self.return_sequences:
            return shape
        return (self._batch_major(shape[0]), *shape[1:]) if self.return_state else self._batch_major(shape)

    def _batch_major(self, shape):
        """The shape of a sequence in batch-major order, or from it."""
        return (shape[1], shape[0], *shape[2:]) if self.time_major else shape

    def run(
        self,
        sequences: tf.Tensor,
        mask: tf.Tensor | None = None,
        initial_state: Any = None,
        training: bool | None = False,
    ) -> tuple[tf.Tensor, Any]:
        """As `call`, but with each output at the time of its input.

        Returns:
            `(outputs, states)`: all outputs, or the last one without `return_sequences`,
            and the final states.
        """
        self._check_sizes(sequences)
        mask = None if mask is None else check_mask(mask, sequences, self._owner())
        starts_nonzero = initial_state is not None or self.stateful or self._has_trainable_start()
        if initial_state is None:
            initial_state = self.states if self.stateful else None
        if initial_state is None:
            initial_state = self.get_initial_state(batch_size=tf.shape(sequences)[1 - self.time_axis])
        by_cell, batch_axis = self._states_by_cell(initial_state), 1 - self.time_axis
        for states, cell in zip(by_cell, self._cells()):
            rows = sequences.shape[batch_axis], tf.shape(sequences)[batch_axis]
            states[:] = check_states(states, cell.state_sizes, *rows, self._owner())
        outputs, final_states = self._run_cells(sequences, mask, by_cell, training)
        if mask is not None:
            outputs = self._mask_outputs(outputs, mask, starts_nonzero)
        states = keras.tree.pack_sequence_as(initial_state, final_states)
        if self.stateful:
            for variable, state in zip(keras.tree.flatten(self.states), final_states):
                variable.assign(tf.cast(state, variable.dtype))
        states = list(states) if keras.tree.is_nested(states) else [states]
        states = keras.tree.map_structure(lambda state: tf.cast(state, self.compute_dtype), states)
        return tf.cast(outputs, self.compute_dtype), states

    def _run_cells(self, sequences, mask, states, training):
        """Runs the cells one after the other, each over the whole sequence: outputs and flat final states."""
        cells, outputs, final_states = self._cells(), sequences, []
        connected = getattr(self.cell, "connection", None) is not None
        for number, (cell, initial) in enumerate(zip(cells, states)):
            inputs = outputs
            outputs, final = recurrence.run(
                cell,
                tf.cast(inputs, cell.compute_dtype),
                [tf.cast(tf.convert_to_tensor(state), cell.state_dtype) for state in initial],
                mask,
                return_sequences=self.return_sequences or number + 1 < len(cells) or connected,
                reverse=self.go_backwards,
                unroll=self.unroll,
                training=training,
                engine=self.engine,
                recompute=self.recompute,
                time_major=self.time_major,
            )
            # As in Keras, a run deletes the masks that single steps of the cell have stored.
            cell.reset_dropout_mask()
            cell.reset_recurrent_dropout_mask()
            if connected:
                outputs = self.cell.connect(number, inputs, outputs)
            final_states.extend(final)
        if connected and not self.return_sequences:
            outputs = self._last_step(outputs)
        return outputs, final_states

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zero, those of every cell of a stack."""
        for variable in keras.tree.flatten(self.states if self.states is not None else []):
            variable.assign(tf.zeros_like(variable))

    def _owner(self):
        return f"layer '{self.name}'"

    def _state_sizes(self):
        return [size for cell in self._cells() for size in cell.state_sizes]

    def _has_trainable_start(self):
        return any(getattr(cell, "trainable_initial_state", False) for cell in self._cells())

    def _cells(self):
        return list(getattr(self.cell, "cells", [self.cell]))

    def _states_by_cell(self, states):
        """The initial states as one list for each cell."""
        flat = keras.tree.flatten(states) if keras.tree.is_nested(states) else [states]
        counts = [len(keras.tree.flatten(cell.state_size)) for cell in self._cells()]
        if sum(counts) != len(flat):
            raise ValueError(
                f"`initial_state` of layer '{self.name}' must hold {sum(counts)} tensors, "
                f"one for each state of its cell, got {len(flat)}."
            )
        ends = [sum(counts[: i + 1]) for i in range(len(counts))]
        return [flat[end - count : end] for count, end in zip(counts, ends)]

    def _mask_outputs(self, outputs, mask, starts_nonzero):
        """Keras's outputs at masked steps: zero on request, and zero before the first real step."""
        if not (starts_nonzero or self.zero_output_for_mask):
            return outputs  # before the first real step it is the initial state, which is zero
        if self.zero_output_for_mask:
            visible = mask if self.return_sequences else self._last_step(mask)
        elif self.return_sequences:
            real = tf.cast(mask, tf.int32)
            visible = tf.cumsum(real, axis=self.time_axis, reverse=bool(self.go_backwards)) > 0
        else:
            visible = tf.reduce_any(mask, axis=self.time_axis)
        return tf.where(visible[..., tf.newaxis], outputs, tf.zeros_like(outputs))

    def _last_step(self, sequence):
        """The last step in the direction of the run."""
        last = 0 if self.go_backwards else -1
        return sequence[last] if self.time_major else sequence[:, last]

    def _check_sizes(self, sequences):
        time, batch = sequences.shape[self.time_axis], sequences.shape[1 - self.time_axis]
        if self.unroll and time is None:
            raise ValueError(
                "Cannot unroll a RNN if the time dimension is undefined: give the time in the "
                "shape of the input, or set unroll=False."
            )
        expected = self._expected_batch_size
        if self.stateful and None not in (expected, batch) and expected != batch:
            raise ValueError(
                "If an RNN is stateful, the batch size of the input sequences must be the same "
                f"as the batch size of the initial state. Expected {expected}, got {batch}."
            )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "engine": self.engine,
            "time_major": self.time_major,
            "recompute": self.recompute,
        }
