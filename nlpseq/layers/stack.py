"""Several cells as one, with residual or highway connections."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.products import gate_product

CONNECTIONS = (None, "residual", "highway")
HIGHWAY_BIAS = -1.0  # initial bias of a highway gate: at first it mostly passes its input on


@keras.saving.register_keras_serializable("nlpseq")
class StackedRNNCells(keras.layers.StackedRNNCells):
    """A stack of cells; drop-in for `keras.layers.StackedRNNCells`.

        h^1_t = cell_1(x_t, ...)      y^1_t = h^1_t
        h^k_t = cell_k(y^{k-1}_t, ...)

        None         y^k_t = h^k_t
        residual     y^k_t = h^k_t + y^{k-1}_t                    (Wu et al. 2016)
        highway      y^k_t = g * h^k_t + (1 - g) * y^{k-1}_t
                     g = sigmoid(W_g y^{k-1}_t + b_g)             (Srivastava et al. 2015)

    In `nlpseq.layers.RNN`, cells of nlpseq run on the engine one after the other, each
    over the whole sequence, which gives the same numbers as step by step.

    Args:
        cells: List of cells, the lowest first.
        connection: The connection around each cell but the first: None, "residual" or
            "highway", which need cells with outputs of equal size. Default None.
        **kwargs: as in `keras.layers.Layer`.

    Call arguments:
        inputs: Float tensor `(batch, features)`.
        states: One list of states for each cell.
        training: Whether dropout applies. Default False.

    Returns:
        `(output, new_states)`: the output of the last cell, and the states in
        the form in which they were given.

    Weights:
        Those of the cells; with "highway" for each cell but the first
        highway_kernel W_g `(units, units)` and highway_bias b_g `(units,)`, which
        starts at -1.

    Raises:
        ValueError: `connection` is unknown, or the sizes of the outputs differ; a cell has
            no `call` or no `state_size`.

    Example:

    >>> from nlpseq.cells import GRUCell
    >>> layer = nlpseq.layers.RNN(StackedRNNCells([GRUCell(8), GRUCell(4)]))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    def __init__(self, cells: Sequence[keras.layers.Layer], connection: str | None = None, **kwargs: Any) -> None:
        super().__init__(cells, **kwargs)
        self.supports_masking = True
        if connection not in CONNECTIONS:
            raise ValueError(f"`connection` must be None, 'residual' or 'highway', got {connection!r}.")
        sizes = {getattr(cell, "output_size", None) for cell in cells}
        if connection is not None and len(sizes) > 1:
            raise ValueError(
                f"`connection`='{connection}' needs cells with outputs of one size, got "
                f"{[getattr(cell, 'output_size', None) for cell in cells]}."
            )
        self.connection = connection

    def build(self, input_shape: Sequence) -> None:
        super().build(input_shape)
        if self.connection == "highway":
            units = self.output_size
            self.highways = [
                (
                    self.add_weight(name=f"highway_kernel_{k}", shape=(units, units)),
                    self.add_weight(
                        name=f"highway_bias_{k}",
                        shape=(units,),
                        initializer=keras.initializers.Constant(HIGHWAY_BIAS),
                    ),
                )
                for k in range(1, len(self.cells))
            ]
        self.built = True

    def connect(self, number: int, inputs: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """`y^k` from the inputs `y^{k-1}` and the outputs `h^k` of a cell, `(..., units)`.

        Args:
            number: the index of the cell, from 0.
            inputs, outputs: those of the cell.
        """
        if self.connection is None or number == 0:
            return outputs
        inputs, outputs = tf.cast(inputs, self.compute_dtype), tf.cast(outputs, self.compute_dtype)
        if self.connection == "residual":
            return outputs + inputs
        kernel, bias = (tf.cast(weight, self.compute_dtype) for weight in self.highways[number - 1])
        # Not tf.einsum: that of "...i,ij->...j" is wrong in float16 on CPUs with AVX-512 FP16 or AMX (TensorFlow 2.21).
        gate = tf.sigmoid(gate_product(inputs, kernel, bias=bias))
        return gate * outputs + (1 - gate) * inputs

    def call(self, inputs: tf.Tensor, states: Sequence, training: bool = False, **kwargs: Any) -> tuple:
        if self.connection is None:
            return super().call(inputs, states, training=training, **kwargs)
        new_states = []
        for number, (cell, state) in enumerate(zip(self.cells, states)):
            outputs, new = cell(inputs, state, training=training)
            inputs = self.connect(number, inputs, outputs)
            new_states.append(new)
        return inputs, new_states

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "connection": self.connection}
