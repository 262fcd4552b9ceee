"""Several cells as one, and what leads round a cell."""

import keras
import tensorflow as tf

CONNECTIONS = (None, "residual", "highway")
CARRY = -1.0  # initial bias of a highway's gate: at first it mostly carries


@keras.saving.register_keras_serializable("nlpseq")
class StackedRNNCells(keras.layers.StackedRNNCells):
    """Cells one on top of another; drop-in for `keras.layers.StackedRNNCells`.

        h^1_t = cell_1(x_t, ...)      y^1_t = h^1_t
        h^k_t = cell_k(y^{k-1}_t, ...)

        None         y^k_t = h^k_t
        residual     y^k_t = h^k_t + y^{k-1}_t                    (Wu et al. 2016)
        highway      y^k_t = g * h^k_t + (1 - g) * y^{k-1}_t
                     g = sigmoid(W_g y^{k-1}_t + b_g)             (Srivastava et al. 2015)

    Within `nlpseq.layers.RNN`, cells of nlpseq run one whole sequence after the
    other on the engine, which gives the same numbers as step by step.

    Args:
        cells: List of cells.
        connection: What leads round each cell but the first: None, "residual" or
            "highway"; the outputs of all the cells are then of one size.
            Default None.

    Call arguments:
        inputs: Float tensor `(batch, features)`.
        states: One list of states a cell.

    Returns:
        `(output, new_states)`: the output of the last cell, and the states in
        the form in which they were given.

    Weights:
        Those of the cells; with "highway" for each cell but the first
        highway_kernel `(units, units)` and highway_bias `(units,)`, which
        starts at -1.

    Raises:
        ValueError: `connection` is unknown, or the sizes of the cells differ; a cell has no `call` or no `state_size`.

    Example:

    >>> from nlpseq.cells import GRUCell
    >>> layer = nlpseq.layers.RNN(StackedRNNCells([GRUCell(8), GRUCell(4)]))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    def __init__(self, cells, connection=None, **kwargs):
        super().__init__(cells, **kwargs)
        if connection not in CONNECTIONS:
            raise ValueError(f"`connection` must be None, 'residual' or 'highway', got {connection!r}.")
        sizes = {getattr(cell, "output_size", None) for cell in cells}
        if connection is not None and len(sizes) > 1:
            raise ValueError(
                f"connection='{connection}' needs cells with outputs of one size, got "
                f"{[getattr(cell, 'output_size', None) for cell in cells]}."
            )
        self.connection = connection

    def build(self, input_shape):
        super().build(input_shape)
        if self.connection == "highway":
            units = self.output_size
            self.highways = [
                (
                    self.add_weight(name=f"highway_kernel_{k}", shape=(units, units)),
                    self.add_weight(
                        name=f"highway_bias_{k}",
                        shape=(units,),
                        initializer=keras.initializers.Constant(CARRY),
                    ),
                )
                for k in range(1, len(self.cells))
            ]
        self.built = True

    def connect(self, number, below, above):
        """`y^k` from `y^{k-1}` and `h^k`, both `(..., units)`; the first cell has number 0."""
        if self.connection is None or number == 0:
            return above
        below, above = (tf.cast(each, self.compute_dtype) for each in (below, above))
        if self.connection == "residual":
            return above + below
        kernel, bias = (tf.cast(each, self.compute_dtype) for each in self.highways[number - 1])
        gate = tf.sigmoid(tf.einsum("...i,ij->...j", below, kernel) + bias)
        return gate * above + (1 - gate) * below

    def call(self, inputs, states, training=False, **kwargs):
        if self.connection is None:
            return super().call(inputs, states, training=training, **kwargs)
        new_states = []
        for number, (cell, state) in enumerate(zip(self.cells, states)):
            outputs, new = cell(inputs, state, training=training)
            inputs = self.connect(number, inputs, outputs)
            new_states.append(new)
        return inputs, new_states

    def get_config(self):
        return {**super().get_config(), "connection": self.connection}
