"""Weights that have other values for a while."""

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from nlpseq.errors import InputError


class WeightValues(keras.StatelessScope):
    """A context in which weights have given values, as floats of one dtype, and no variable may change.

    Other variables have the values of the context around it. Within a layer's call Keras casts the weights that are
    used to its compute dtype; the engine differentiates a step outside of such a call.

    Args:
        values: Pairs of a `keras.Variable` and its value.
        dtype: The dtype that a use of the weight gets.
        owner: What errors name.

    Raises:
        InputError: a variable is assigned, by which Keras draws random numbers as well.

    Example:

    >>> weight = keras.Variable(1.0)
    >>> with WeightValues([(weight, tf.constant(2.0))], tf.float16, "cell 'a'"):
    ...     print(tf.convert_to_tensor(weight).dtype.name, float(weight))
    float16 2.0
    """

    def __init__(self, values: Iterable[tuple[keras.Variable, tf.Tensor]], dtype: tf.DType, owner: str) -> None:
        super().__init__(state_mapping=list(values))
        self.dtype, self.owner = dtype, owner

    def get_current_value(self, variable: keras.Variable) -> Any:
        value = super().get_current_value(variable)
        if value is not None:
            return tf.cast(value, self.dtype)
        return None if self.original_scope is None else self.original_scope.get_current_value(variable)

    def add_update(self, update: tuple) -> None:
        raise impure(self.owner)


def impure(owner: str) -> InputError:
    """The error for a transition that does more than it returns."""
    return InputError(
        f"`transition` of {owner} must be a pure function, but it draws random numbers or assigns variables",
        "use the options of the cell for dropout and zoneout",
        "override `call`, and run the cell in keras.layers.RNN",
    )
