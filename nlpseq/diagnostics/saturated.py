"""The share of saturated gates, through which almost no gradient flows."""

import contextlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.stepping import recurrent_layers, replaced, require_single_cell, step_by_step

LOW, HIGH = 0.05, 0.95  # a sigmoid is saturated outside of these, a tanh beyond HIGH on either side
# For each figure: the attribute of a cell, the function it must be, and when a value is saturated.
NONLINEARITIES = {
    "saturated_gates": (
        "recurrent_activation", keras.activations.sigmoid, lambda y: (y < LOW) | (y > HIGH),
    ),
    "saturated_tanh": ("activation", keras.activations.tanh, lambda y: abs(y) > HIGH),
}  # fmt: skip


def saturation(model_or_layer: keras.Layer, inputs: Any) -> dict[str, float]:
    """The shares of gates and of tanh values that are saturated.

        gates: sigmoid(a) < 0.05 or sigmoid(a) > 0.95        tanh: |tanh(a)| > 0.95

    The derivative of a saturated sigmoid is below 0.05, of a saturated tanh below 0.1. The shares
    are over all real steps, rows and units of all recurrent layers, in inference. Cells must have
    their functions as attributes `recurrent_activation` and `activation`, as those of Keras and
    nlpseq do; of an LSTM the tanh values are the candidate and tanh(c).

    Args:
        model_or_layer: A model, or a recurrent layer. As in `gradient_flow`, with any number of
            recurrent layers.
        inputs: A batch of inputs of the model.

    Returns:
        `{"saturated_gates": ..., "saturated_tanh": ...}`, from 0 to 1; without what no cell has.

    Raises:
        InputError: There is no recurrent layer, or one of them cannot be run step by step.

    Example:

    >>> sorted(saturation(nlpseq.layers.LSTM(4), np.ones((2, 7, 3), "float32")))
    ['saturated_gates', 'saturated_tanh']
    """
    records = []
    with contextlib.ExitStack() as stack:
        for layer in recurrent_layers(model_or_layer):
            stack.enter_context(step_by_step(require_single_cell(layer), records))
        model_or_layer(inputs, training=False)
    flags = {name: [] for name in NONLINEARITIES}
    for record in records:
        for name, arrays in _saturated(record).items():
            flags[name].extend(arrays)
    return {name: float(np.mean(np.concatenate(arrays))) for name, arrays in flags.items() if arrays}


def _saturated(record):
    """For each nonlinearity of the cell, bool arrays over all real steps: is the value saturated?"""
    inputs = tf.boolean_mask(tf.stack(record.inputs), record.mask)
    states = [tf.boolean_mask(tf.stack(steps), record.mask) for steps in zip(*record.before)]
    flags = {name: [] for name in NONLINEARITIES}
    with contextlib.ExitStack() as stack:
        for name, (attribute, function, is_saturated) in NONLINEARITIES.items():
            if getattr(record.cell, attribute, None) is function:
                recorder = _recorder(function, is_saturated, flags[name])
                stack.enter_context(replaced(record.cell, **{attribute: recorder}))
        record.cell(inputs, states, training=False)
    return flags


def _recorder(function, is_saturated, flags):
    """The function, which also appends to `flags` whether its values are saturated."""

    def record(x):
        y = function(x)
        flags.append(is_saturated(np.asarray(y, np.float32)).ravel())
        return y

    return record
