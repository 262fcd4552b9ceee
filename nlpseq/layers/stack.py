"""Several cells as one."""

import keras


@keras.saving.register_keras_serializable("nlpseq")
class StackedRNNCells(keras.layers.StackedRNNCells):
    """Cells one on top of another; drop-in for `keras.layers.StackedRNNCells`.

        h^1_t = cell_1(x_t, ...)      h^k_t = cell_k(h^{k-1}_t, ...)

    Within `nlpseq.layers.RNN`, cells of nlpseq run one whole sequence after the
    other on the engine, which gives the same numbers as step by step.

    Args:
        cells: List of cells.

    Call arguments:
        inputs: Float tensor `(batch, features)`.
        states: One list of states a cell.

    Returns:
        `(output, new_states)`: the output of the last cell, and the states in
        the form in which they were given.

    Raises:
        ValueError: a cell has no `call` or no `state_size`.

    Example:

    >>> from nlpseq.cells import GRUCell
    >>> layer = nlpseq.layers.RNN(StackedRNNCells([GRUCell(8), GRUCell(4)]))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)
    """
