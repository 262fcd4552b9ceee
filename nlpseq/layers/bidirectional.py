"""Both directions over time."""

import keras


@keras.saving.register_keras_serializable("nlpseq")
class Bidirectional(keras.layers.Bidirectional):
    """Runs a recurrent layer in both directions; drop-in for `keras.layers.Bidirectional`.

        y_t = merge(forward h_t, backward h_t)      (Schuster and Paliwal 1997)

    Args:
        layer: A recurrent layer.
        merge_mode: "concat", "sum", "mul", "ave" or None. Default "concat".
        weights: Initial weights, those of the forward layer first. Default None.
        backward_layer: The layer to run backwards. Default a copy of `layer`.

    Call arguments:
        sequences: Float tensor `(batch, time, features)`.
        initial_state: List of states, those of the forward layer first.
        mask: Bool `(batch, time)`, True = real.
        training: Whether dropout applies. Default None.

    Returns:
        The merged output (a pair where `merge_mode` is None), followed by the
        final states of both layers with `return_state`. With `return_sequences`
        masked steps give zero.

    Raises:
        ValueError: `layer` is not recurrent, `merge_mode` is unknown, or the two
            layers disagree.

    Example:

    >>> layer = Bidirectional(nlpseq.layers.LSTM(4, return_sequences=True))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 5, 8)
    """
