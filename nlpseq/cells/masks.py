"""Random masks: dropout of inputs, of recurrent inputs and of the recurrent kernel, and zoneout."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from nlpseq.cells.contract import DropoutMasks, RandomMasks

# `keras.layers.RNN` prepares one dropout mask a sequence for the cells that derive from this
# class, which Keras does not export: it is found among the bases of an exported cell.
KerasDropoutCell = next(base for base in keras.layers.LSTMCell.__mro__ if "get_dropout_mask" in vars(base))


@dataclass
class MaskSource:
    """Draws the random masks of a cell, and stores those that Keras's protocol shares between steps.

    Attributes:
        dropout, recurrent_dropout: dropout rates of inputs and recurrent inputs, in [0, 1].
        weight_dropout: dropout rate of the recurrent kernel, in [0, 1).
        zoneout: zoneout rate of each state, in [0, 1).
        count: number of dropout masks of inputs and recurrent inputs, one for each gate;
            None for a single mask for all gates.
        gates: number of gates; with several a dropout rate of 1 counts as 0, as in Keras.
        seed_generator: source of the random numbers.
    """

    dropout: float
    recurrent_dropout: float
    weight_dropout: float
    zoneout: list[float]
    count: int | None
    gates: int
    seed_generator: keras.random.SeedGenerator

    def __post_init__(self) -> None:
        self.reset_inputs()
        self.reset_recurrent()

    # New masks

    def draw(self, inputs: tf.Tensor, states: list[tf.Tensor], sizes: list[int], kernel: keras.Variable) -> RandomMasks:
        """The masks of a run: see `RecurrentCell.draw_masks`.

        Args:
            inputs: `(batch, time, features)`, `(time, batch, features)` or `(batch, features)`.
            states: list of `(batch, units)`.
            sizes: the size of each state.
            kernel: the recurrent kernel.
        """
        hidden = tf.stop_gradient(tf.cast(states[0], inputs.dtype))
        ones = tf.ones(tf.concat([tf.shape(hidden)[:1], tf.shape(inputs)[-1:]], 0), inputs.dtype)
        input_masks = self._dropout(ones, self.dropout)
        kernel_mask = self._kernel(kernel, inputs.dtype)
        recurrent_masks = self._dropout(hidden, self.recurrent_dropout)
        zoneout = None if len(inputs.shape) == 2 else self.draw_zoneout(tf.unstack(tf.shape(inputs)[:2]), sizes)
        return RandomMasks(input_masks, recurrent_masks, kernel_mask, zoneout)

    def draw_zoneout(self, shape: list, sizes: list[int]) -> tf.Tensor | None:
        """Which state entries keep their previous value, bool `(*shape, sum of sizes)`."""
        if not any(self.zoneout):
            return None
        masks = [
            keras.random.uniform((*shape, size), seed=self.seed_generator) < rate
            for size, rate in zip(sizes, self.zoneout)
        ]
        return tf.concat(masks, axis=-1)

    def _dropout(self, like, rate):
        if not (0 < rate < 1 or (rate == 1 and self.gates == 1)):
            return None
        ones = tf.ones_like(like)
        masks = [keras.random.dropout(ones, rate, seed=self.seed_generator) for _ in range(self.count or 1)]
        return masks[0] if self.count is None else masks

    def _kernel(self, kernel, dtype):
        if not self.weight_dropout:
            return None
        return keras.random.dropout(tf.ones(kernel.shape, dtype), self.weight_dropout, seed=self.seed_generator)

    # Stored masks

    def stored(
        self, inputs: tf.Tensor, states: list[tf.Tensor], sizes: list[int], kernel: keras.Variable
    ) -> RandomMasks:
        """The masks of one step, the stored ones where there are any, and a new zoneout mask."""
        input_masks = self.stored_inputs(inputs)
        recurrent_masks = self.stored_recurrent(states[0], kernel)
        zoneout = self.draw_zoneout([tf.shape(inputs)[0]], sizes)
        return RandomMasks(input_masks, recurrent_masks, self._stored_kernel, zoneout)

    def stored_inputs(self, inputs: tf.Tensor) -> DropoutMasks:
        """The stored dropout masks of inputs `(batch, features)`, drawn if none fit."""
        if not _fit(self._stored_inputs, inputs):
            self._stored_inputs = self._dropout(inputs, self.dropout)
        return self._stored_inputs

    def stored_recurrent(self, hidden: tf.Tensor, kernel: keras.Variable | None) -> DropoutMasks:
        """The stored dropout masks of `(batch, units)`, drawn if none fit; with that of the kernel."""
        if not _fit(self._stored_kernel):
            self._stored_kernel = self._kernel(kernel, hidden.dtype)
        if not _fit(self._stored_recurrent, hidden):
            self._stored_recurrent = self._dropout(hidden, self.recurrent_dropout)
        return self._stored_recurrent

    def reset_inputs(self) -> None:
        """Deletes the stored masks of the inputs."""
        self._stored_inputs = None

    def reset_recurrent(self) -> None:
        """Deletes the stored masks of the recurrent inputs and of the recurrent kernel."""
        self._stored_recurrent = None
        self._stored_kernel = None


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
