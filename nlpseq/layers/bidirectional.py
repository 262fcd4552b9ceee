"""A recurrent layer in both directions over time."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells.checks import check_mask
from nlpseq.cells.padding import zero_padding
from nlpseq.errors import InputError
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

    With layers of nlpseq no sequence is reversed: the backward loop runs from the end. A mask that
    the sequences carry is used with an `initial_state` as well, where Keras loses it.

    Args:
        layer: A recurrent layer, which runs forward.
        merge_mode: "concat", "sum", "mul", "ave" or None. Default "concat".
        weights: Initial weights, those of the forward layer first. Default None.
        backward_layer: The layer that runs backward, with `go_backwards=True`. Default None,
            a copy of `layer`.
        **kwargs: as in `keras.layers.Layer`.

    Call arguments:
        sequences: Float tensor `(batch, time, features)`.
        initial_state: List of states, those of the forward layer first. Default None, zeros.
        mask: Bool `(batch, time)`, True = real. Default None.
        training: Whether dropout applies. Default None, False.

    Returns:
        The merged output, a pair if `merge_mode` is None, followed by the final states of
        both layers with `return_state`. With `return_sequences` both layers have zero
        outputs at masked steps.

    Weights:
        Those of the forward layer, then those of the backward layer.

    Raises:
        ValueError: `layer` is not recurrent, `merge_mode` is unknown, or the two
            layers disagree.

    Example:

    >>> layer = Bidirectional(nlpseq.layers.LSTM(4, return_sequences=True))
    >>> tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (2, 5, 8)

    Reference:
        Schuster and Paliwal (1997), Bidirectional recurrent neural networks.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        merge_mode: str | None = "concat",
        weights: list | None = None,
        backward_layer: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layer, merge_mode, weights, backward_layer, **kwargs)  # pyright: ignore[reportArgumentType]
        self.supports_masking = True

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        if mask is None:  # Keras passes the mask of the sequences on only if they are the only tensor
            mask = getattr(sequences, "_keras_mask", None)
        layers = self.forward_layer, self.backward_layer
        if not self._run_on_engine(layers):
            if mask is not None:
                mask = check_mask(mask, sequences, f"layer '{self.name}'")
                sequences = zero_padding(sequences, mask)
            return super().call(sequences, initial_state, mask, training)
        starts = (None, None)
        if initial_state is not None:
            self._check_states(initial_state)
            half = len(initial_state) // 2
            starts = initial_state[:half], initial_state[half:]
        (y, *states), (y_back, *states_back) = (
            self._outputs_and_states(layer, sequences, start, mask, training) for layer, start in zip(layers, starts)
        )
        sizes = y.shape[-1], y_back.shape[-1]
        if self.merge_mode not in ("concat", None) and sizes[0] != sizes[1]:
            problem = f"`merge_mode` {self.merge_mode!r} of layer '{self.name}' needs outputs of one size"
            raise InputError(f"{problem}, got {sizes[0]} and {sizes[1]}", "use 'concat'")
        merged = MERGES[self.merge_mode](tf.cast(y, self.compute_dtype), tf.cast(y_back, self.compute_dtype))
        if not self.return_state:
            return merged
        return (*(merged if self.merge_mode is None else [merged]), *states, *states_back)

    def _check_states(self, initial_state):
        layers = self.forward_layer, self.backward_layer
        needed = sum(len(keras.tree.flatten(layer.state_size)) for layer in layers)
        count = len(keras.tree.flatten(initial_state))
        if count != needed:
            raise InputError(
                f"`initial_state` of layer '{self.name}' must hold {needed} tensors, those of the forward layer first, "
                f"got {count}."
            )

    def _outputs_and_states(self, layer, sequences, start, mask, training):
        result = layer(sequences, initial_state=start, mask=mask, training=training, in_order_of_time=True)
        return result if self.return_state else (result,)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        mask = keras.tree.flatten(mask)[0] if self.return_sequences else None
        outputs = [mask] if self.merge_mode else [mask, mask]
        if self.return_state:
            outputs += [None] * 2 * len(keras.tree.flatten(self.forward_layer.state_size))
        return outputs if len(outputs) > 1 else mask

    @staticmethod
    def _run_on_engine(layers):
        """Whether the engine runs both layers, with the same order of batch and time."""
        forward, backward = layers
        return (
            all(isinstance(layer, RNN) and layer.fused and type(layer).call is RNN.call for layer in layers)
            and forward.time_major == backward.time_major
        )
