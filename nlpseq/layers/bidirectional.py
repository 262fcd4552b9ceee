"""Both directions over time."""

import keras
import tensorflow as tf

from nlpseq.layers.recurrent import RNN

MERGES = {
    "concat": lambda y, y_back: tf.concat([y, y_back], axis=-1),
    "sum": lambda y, y_back: y + y_back,
    "ave": lambda y, y_back: (y + y_back) / 2,
    "mul": lambda y, y_back: y * y_back,
    None: lambda y, y_back: (y, y_back),
}


@keras.saving.register_keras_serializable("nlpseq")
class Bidirectional(keras.layers.Bidirectional):
    """Runs a recurrent layer in both directions; drop-in for `keras.layers.Bidirectional`.

        y_t = merge(forward h_t, backward h_t)      (Schuster and Paliwal 1997)

    With layers of nlpseq nothing is reversed: the backward loop runs from the end.

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

    def call(self, sequences, initial_state=None, mask=None, training=None):
        layers = self.forward_layer, self.backward_layer
        if not self._ours(layers):
            return super().call(sequences, initial_state, mask, training)
        starts = (None, None)
        if initial_state is not None:
            half = len(initial_state) // 2
            starts = initial_state[:half], initial_state[half:]
        (y, states), (y_back, states_back) = (
            layer.run(sequences, mask, start, training) for layer, start in zip(layers, starts)
        )
        merged = MERGES[self.merge_mode](*(tf.cast(each, self.compute_dtype) for each in (y, y_back)))
        if not self.return_state:
            return merged
        return (*(merged if self.merge_mode is None else [merged]), *states, *states_back)

    @staticmethod
    def _ours(layers):
        """Whether both layers run on the engine, one in each direction and in one order."""
        forward, backward = layers
        return (
            all(isinstance(layer, RNN) and layer.fused for layer in layers)
            and forward.time_major == backward.time_major
        )
