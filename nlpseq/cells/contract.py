"""What a cell gives the engine for one run: its weights and its random masks."""

from typing import NamedTuple

import tensorflow as tf

# One dropout mask for all gates, a list of one mask a gate, or None for no dropout.
DropoutMasks = tf.Tensor | list[tf.Tensor] | None


class CellWeights(NamedTuple):
    """The values of the weights of a cell; their gradients have the same structure.

    Attributes:
        kernel: `(features, gates * units)`.
        recurrent_kernel: `(units, gates * units)`.
        bias, recurrent_bias: `(gates * units,)`, or None.
        step: list of the weights that the step itself uses, of any shape: peepholes,
            gains, projections.
    """

    kernel: tf.Tensor
    recurrent_kernel: tf.Tensor
    bias: tf.Tensor | None
    recurrent_bias: tf.Tensor | None
    step: list[tf.Tensor]


class RandomMasks(NamedTuple):
    """The random masks of one run, drawn before the loop; each is None where nothing is dropped.

    Attributes:
        inputs: dropout of the inputs, `(batch, features)`, the same at every step.
        recurrent: dropout of the recurrent inputs, `(batch, units)`, the same at every step.
        recurrent_kernel: dropout of the entries of the recurrent kernel.
        zoneout: which state entries keep their previous value, bool, different at every
            step: `(batch, time, sum of state sizes)`, or `(time, batch, ...)` in a
            time-major run, or `(batch, ...)` for one step.
        step: dropout that the step itself applies, `(batch, units)`, the same at every step.
    """

    inputs: DropoutMasks = None
    recurrent: DropoutMasks = None
    recurrent_kernel: tf.Tensor | None = None
    zoneout: tf.Tensor | None = None
    step: tf.Tensor | None = None
