"""The base class of layers that make their own cell."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq.cells import RecurrentCell
from nlpseq.layers.recurrent import RNN

# The arguments that every cell of nlpseq shares.
CELL_ARGUMENTS = (
    "units", "use_bias",
    "kernel_initializer", "recurrent_initializer", "bias_initializer",
    "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint",
    "dropout", "recurrent_dropout", "seed", "implementation",
    "layer_normalization", "zoneout", "weight_dropout", "trainable_initial_state",
)  # fmt: skip


class CellLayer(RNN):
    """Base class of layers that make their own cell, as `LSTM` does: a custom cell under a name of its own.

    A subclass makes the cell in `__init__`, and names in `cell_arguments` those of its
    arguments that belong to the cell. They become read-only attributes of the layer
    and part of its config.

    Class attributes:
        cell_arguments: Names of the arguments of `__init__` that are arguments of the cell.
            Default: those of `nlpseq.cells.RecurrentCell`.

    Args:
        cell: The cell.
        **kwargs: as in `nlpseq.layers.RNN`.

    Call arguments, returns, raises: as in `nlpseq.layers.RNN`.

    Example:

    >>> class LeakyCell(nlpseq.cells.RecurrentCell):
    ...     def transition(self, wx, uh, states):
    ...         return [0.9 * states[0] + 0.1 * tf.tanh(wx + uh)]
    >>> class Leaky(CellLayer):
    ...     cell_arguments = ("units", "recurrent_dropout")
    ...     def __init__(self, units, recurrent_dropout=0.0, **kwargs):
    ...         super().__init__(LeakyCell(units, recurrent_dropout=recurrent_dropout), **kwargs)
    >>> layer = Leaky.from_config(Leaky(4, return_sequences=True).get_config())
    >>> layer.units, tuple(layer(np.ones((2, 5, 3), "float32")).shape)
    (4, (2, 5, 4))
    """

    cell_arguments: tuple[str, ...] = CELL_ARGUMENTS

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls.cell_arguments:
            if not hasattr(cls, name):
                setattr(cls, name, property(lambda self, name=name: getattr(self.cell, name)))

    def __init__(self, cell: RecurrentCell, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.input_spec = keras.InputSpec(ndim=3)

    def run(
        self,
        sequences: tf.Tensor,
        mask: tf.Tensor | None = None,
        initial_state: Any = None,
        training: bool | None = False,
    ) -> tuple[tf.Tensor, list]:
        if getattr(self, "use_cudnn", None) is True:
            raise ValueError(
                "`use_cudnn=True` is not supported by nlpseq, whose layers run on their own engine on "
                "every device: leave it at 'auto'."
            )
        return super().run(sequences, mask, initial_state, training)

    def get_config(self) -> dict[str, Any]:
        layer, cell = super().get_config(), self.cell.get_config()
        layer.pop("cell")
        if hasattr(self, "use_cudnn"):  # which not every layer has
            layer["use_cudnn"] = self.use_cudnn
        layer["activity_regularizer"] = keras.regularizers.serialize(self.activity_regularizer)
        return {**layer, **{name: cell[name] for name in self.cell_arguments}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CellLayer":
        return cls(**config)


def check_use_cudnn(use_cudnn: bool | str | None) -> bool | str:
    """`use_cudnn`, if it is "auto", True or False; "auto" for None.

    Raises:
        ValueError: it is something else.
    """
    if use_cudnn not in (None, "auto", True, False):
        raise ValueError(f"`use_cudnn` must be 'auto', True or False, got {use_cudnn!r}.")
    return "auto" if use_cudnn is None else use_cudnn
