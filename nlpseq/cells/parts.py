"""What a cell hands to the engine: its weights, and what is random in a run."""

from typing import NamedTuple

import tensorflow as tf


class Weights(NamedTuple):
    """The weights of a cell, and in the same form their gradients.

    Attributes:
        kernel: `(features, gates * units)`.
        recurrent_kernel: `(units, gates * units)`.
        bias, recurrent_bias: `(gates * units,)` or None.
        own: list of the weights that the cell uses in its step, of any shape.
    """

    kernel: tf.Tensor
    recurrent_kernel: tf.Tensor
    bias: tf.Tensor | None
    recurrent_bias: tf.Tensor | None
    own: list


class Draws(NamedTuple):
    """What is random in one run, drawn before the loop; None where there is nothing.

    Attributes:
        inputs, recurrent: dropout masks of the inputs and of the recurrent inputs,
            `(batch, features)` and `(batch, units)`, or lists of one a gate.
        noise: what the step itself needs, another at each time: `(batch, time, any)`
            or `(time, batch, any)` as the inputs.
        constant: what the step itself needs, the same at each time, `(batch, any)`.
    """

    inputs: tf.Tensor | list | None
    recurrent: tf.Tensor | list | None
    noise: tf.Tensor | None
    constant: tf.Tensor | None


def tensors(structure):
    """The tensors of a nested structure in order, without the Nones."""
    return [each for each in tf.nest.flatten(structure) if each is not None]


def pack(structure, values):
    """`structure` with its tensors replaced by `values`; None stays None."""
    values = iter(values)
    return tf.nest.map_structure(lambda each: None if each is None else next(values), structure)
