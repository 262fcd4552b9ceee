"""The random masks of a cell: new ones for a run, and those that Keras's protocol shares between steps."""

import keras
import tensorflow as tf

from nlpseq.cells.contract import DropoutMasks, RandomMasks
from nlpseq.cells.masks import KerasDropoutCell, MaskSource


class MaskedCell(KerasDropoutCell):
    """The part of a recurrent cell that draws its random masks.

    Attributes:
        mask_source: What draws and stores them.
        state_sizes: The size of each state.
        recurrent_kernel: The weight that weight dropout applies to.
    """

    mask_source: MaskSource
    state_sizes: list[int]
    recurrent_kernel: keras.Variable

    def draw_masks(self, inputs: tf.Tensor, states: list[tf.Tensor], training: bool = False) -> RandomMasks:
        """New random masks for a run over `inputs`; the cell does not store them.

        Args:
            inputs: `(batch, time, features)` or `(time, batch, features)`; or `(batch,
                features)` to call the cell step by step with the same masks. `zoneout` of
                the result is then None, and each step draws its own zoneout mask.
            states: list of `(batch, units)`.
            training: Whether there are any. Default False.

        Example:

        >>> cell, x, states = GRUCell(4, recurrent_dropout=0.5), np.ones((2, 5, 3), "float32"), [tf.zeros((2, 4))]
        >>> masks = cell.draw_masks(x[:, 0], states, training=True)
        >>> for step in range(5):
        ...     output, states = cell(x[:, step], states, training=True, masks=masks)
        """
        if not training:
            return RandomMasks()
        return self.mask_source.draw(self, inputs, states)

    def step_masks(
        self, inputs: tf.Tensor, states: list[tf.Tensor], training: bool = False, masks: RandomMasks | None = None
    ) -> RandomMasks:
        """The masks of one `call`: the given ones with a zoneout mask, else the stored ones."""
        if not training:
            return RandomMasks()
        if masks is None:
            return self.mask_source.stored(self, inputs, states)
        if masks.zoneout is not None:
            return masks
        return masks._replace(zoneout=self.mask_source.draw_zoneout(self, [tf.shape(inputs)[0]]))

    # Keras's protocol: `keras.layers.RNN` calls both `get_` methods before its loop, so that all
    # steps share the masks, and both `reset_` methods after it.

    def get_dropout_mask(self, step_input: tf.Tensor) -> DropoutMasks:
        """The stored dropout masks of the inputs, drawn if there are none."""
        return self.mask_source.stored_inputs(self, step_input)

    def get_recurrent_dropout_mask(self, step_input: tf.Tensor) -> DropoutMasks:
        """The stored dropout masks of the recurrent inputs, drawn if there are none."""
        return self.mask_source.stored_recurrent(self, step_input)

    def reset_dropout_mask(self) -> None:
        """Deletes the stored dropout masks of the inputs."""
        self.mask_source.reset_inputs()

    def reset_recurrent_dropout_mask(self) -> None:
        """Deletes the stored dropout masks of the recurrent inputs and of the recurrent kernel."""
        self.mask_source.reset_recurrent()
