"""Recurrent layers of a task from its settings."""

from collections.abc import Callable
from typing import Any

import keras

from nlpseq.cells import RecurrentCell
from nlpseq.errors import InputError, in_range, one_of
from nlpseq.layers import GRU, LSTM, RNN, Bidirectional, SimpleRNN

LAYERS = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
CELL_OPTIONS = ("recurrent_dropout", "weight_dropout")


def recurrent_layers(
    cell: str | type = "lstm",
    units: int = 64,
    layers: int = 1,
    bidirectional: bool = True,
    return_sequences: bool = True,
    **options: Any,
) -> list[keras.layers.Layer]:
    """A list of recurrent layers, bottom first.

    Args:
        cell: "rnn", "lstm" or "gru"; or a subclass of `nlpseq.cells.RecurrentCell`, or the
            name under which it is registered with Keras. Default "lstm".
        units: Size of the state in each direction, 1 or more. Default 64.
        layers: Number of layers, 1 or more. Default 1.
        bidirectional: Whether the layers run in both directions. Default True.
        return_sequences: Whether the top layer returns its outputs at all steps; the others
            always do. Default True.
        **options: Other arguments of all layers.

    Raises:
        InputError: the cell is unknown or not registered with Keras; a number is not positive.
    """
    make_layer = _layer_factory(cell)
    in_range("units", units, 1)
    in_range("layers", layers, 1)
    stack = []
    for number in range(1, layers + 1):
        layer = make_layer(units, return_sequences=return_sequences or number < layers, **options)
        stack.append(Bidirectional(layer) if bidirectional else layer)
    return stack


def state_sizes(layer: keras.layers.Layer) -> list[int]:
    """The sizes of the states of a recurrent layer with a single cell."""
    return list(keras.tree.flatten(layer.cell.state_size))


def cell_name(cell: str | type) -> str:
    """The name of a cell in the configuration of a saved task."""
    return keras.saving.get_registered_name(cell) if isinstance(cell, type) else cell


def _layer_factory(cell: str | type) -> Callable[..., keras.layers.Layer]:
    """A function that creates a layer of a cell from units and options."""
    registered = keras.saving.get_registered_object(cell) if isinstance(cell, str) else cell
    if not (isinstance(registered, type) and issubclass(registered, RecurrentCell)):
        return LAYERS[one_of("cell", cell, LAYERS)]
    cell_class = registered
    if keras.saving.get_registered_object(keras.saving.get_registered_name(cell_class)) is not cell_class:
        raise InputError(
            f"the cell {cell_class.__name__} is not registered with Keras: decorate it with "
            "@keras.saving.register_keras_serializable(), so that a task that uses it can be saved."
        )

    def make_layer(units, **options):
        rates = {name: options.pop(name) for name in CELL_OPTIONS if name in options}
        return RNN(cell_class(units, **{name: rate for name, rate in rates.items() if rate}), **options)

    return make_layer
