"""Random masks: dropout of inputs, of recurrent inputs and of the recurrent kernel, and zoneout."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.contract import DropoutMasks, RandomMasks

# `keras.layers.RNN` prepares one dropout mask a sequence for the cells that derive from this
# class, which Keras does not export: it is found among the bases of an exported cell.
KerasDropoutCell = next(base for base in keras.layers.LSTMCell.__mro__ if "get_dropout_mask" in vars(base))


class MaskSource:
    """Draws the random masks of a cell, and stores those that Keras's protocol shares between steps.

    Rates and the source of random numbers are those of the cell when it draws: see `RecurrentCell`.
    """

    def __init__(self) -> None:
        self.reset_inputs()
        self.reset_recurrent()

    # New masks

    def draw(self, cell: Any, inputs: tf.Tensor, states: list[tf.Tensor]) -> RandomMasks:
        """The masks of a run: see `RecurrentCell.draw_masks`.

        Args:
            cell: the cell.
            inputs: `(batch, time, features)`, `(time, batch, features)` or `(batch, features)`.
            states: list of `(batch, units)`.
        """
        hidden = tf.stop_gradient(tf.cast(states[0], inputs.dtype))
        ones = tf.ones(tf.concat([tf.shape(hidden)[:1], tf.shape(inputs)[-1:]], 0), inputs.dtype)
        input_masks = _dropout(cell, ones, cell.dropout)
        kernel_mask = _kernel(cell, inputs.dtype)
        recurrent_masks = _dropout(cell, hidden, cell.recurrent_dropout)
        zoneout = None if len(inputs.shape) == 2 else self.draw_zoneout(cell, tf.unstack(tf.shape(inputs)[:2]))
        return RandomMasks(input_masks, recurrent_masks, kernel_mask, zoneout)

    def draw_zoneout(self, cell: Any, shape: list) -> tf.Tensor | None:
        """Which state entries keep their previous value, bool `(*shape, sum of sizes)`."""
        rates = cell.zoneout_rates
        if not any(rates):
            return None
        masks = [
            keras.random.uniform((*shape, size), seed=cell.seed_generator) < rate
            for size, rate in zip(cell.state_sizes, rates)
        ]
        return tf.concat(masks, axis=-1)

    # Stored masks

    def stored(self, cell: Any, inputs: tf.Tensor, states: list[tf.Tensor]) -> RandomMasks:
        """The masks of one step, the stored ones where there are any, and a new zoneout mask."""
        input_masks = self.stored_inputs(cell, inputs)
        recurrent_masks = self.stored_recurrent(cell, states[0])
        zoneout = self.draw_zoneout(cell, [tf.shape(inputs)[0]])
        return RandomMasks(input_masks, recurrent_masks, self._stored_kernel, zoneout)

    def stored_inputs(self, cell: Any, inputs: tf.Tensor) -> DropoutMasks:
        """The stored dropout masks of inputs `(batch, features)`, drawn if none fit."""
        if not _fit(self._stored_inputs, inputs):
            self._stored_inputs = _dropout(cell, inputs, cell.dropout)
        return self._stored_inputs

    def stored_recurrent(self, cell: Any, hidden: tf.Tensor) -> DropoutMasks:
        """The stored dropout masks of `(batch, units)`, drawn if none fit; with that of the kernel."""
        if not _fit(self._stored_kernel):
            self._stored_kernel = _kernel(cell, hidden.dtype)
        if not _fit(self._stored_recurrent, hidden):
            self._stored_recurrent = _dropout(cell, hidden, cell.recurrent_dropout)
        return self._stored_recurrent

    def reset_inputs(self) -> None:
        """Deletes the stored masks of the inputs."""
        self._stored_inputs = None

    def reset_recurrent(self) -> None:
        """Deletes the stored masks of the recurrent inputs and of the recurrent kernel."""
        self._stored_recurrent = None
        self._stored_kernel = None


def _dropout(cell, like, rate):
    """One mask for each gate, or one for all; with several gates a rate of 1 counts as 0, as in Keras."""
    if not (0 < rate < 1 or (rate == 1 and cell.gates == 1)):
        return None
    ones, count = tf.ones_like(like), cell.dropout_mask_count
    masks = [keras.random.dropout(ones, rate, seed=cell.seed_generator) for _ in range(count or 1)]
    return masks[0] if count is None else masks


def _kernel(cell, dtype):
    if not cell.weight_dropout:
        return None
    ones = tf.ones(cell.recurrent_kernel.shape, dtype)
    return keras.random.dropout(ones, cell.weight_dropout, seed=cell.seed_generator)


def _fit(stored: DropoutMasks, like: tf.Tensor | None = None) -> bool:
    """Whether stored masks belong to the code that runs: to this graph or one around it, and to this batch."""
    if stored is None:
        return False
    mask = stored[0] if isinstance(stored, list) else stored
    return _graph_of(mask) in _graphs() and (like is None or mask.shape.is_compatible_with(like.shape))


def _graph_of(tensor):
    """The graph of a tensor; None if it is eager."""
    return getattr(tensor, "graph", None)


def _graphs():
    """The graph that is being traced, and those around it; [None] in eager code."""
    graph, graphs = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph(), []
    while graph is not None:
        graphs.append(graph)
        graph = getattr(graph, "outer_graph", None)
    return graphs or [None]
