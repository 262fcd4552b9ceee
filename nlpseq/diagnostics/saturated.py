"""Which share of the gates is saturated, so that hardly a gradient passes."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from nlpseq.diagnostics.stepping import recurrent_layers, step_by_step, supported

LOW, HIGH = 0.05, 0.95  # a gate is saturated outside of these, a tanh beyond the second
# Attributes of cells, what they must be to be measured, and when a value of them is saturated.
NONLINEARITIES = {
    "saturated_gates": (
        "recurrent_activation", keras.activations.sigmoid, lambda y: (y < LOW) | (y > HIGH),
    ),
    "saturated_tanh": ("activation", keras.activations.tanh, lambda y: abs(y) > HIGH),
}  # fmt: skip


def saturation(model_or_layer, inputs):
    """Which share of the gates, and of the tanh values, is saturated.

    A sigmoid gate is saturated under 0.05 or over 0.95, a tanh (state, candidate or
    memory that is read) beyond 0.95 on either side: nearly no gradient passes. Steps that
    the mask hides do not count. Cells show their nonlinearities as attributes
    `recurrent_activation` and `activation`, as those of nlpseq and Keras do; layers as in
    `gradient_flow`, all of the model.

    Args:
        model_or_layer: a model, or a recurrent layer alone.
        inputs: of the model.

    Returns:
        A dict of floats, of those that are there: "saturated_gates", "saturated_tanh".

    Raises:
        InputError: there is no recurrent layer, or one that cannot be run step by step.

    Example:

    >>> sorted(saturation(nlpseq.layers.LSTM(4), np.ones((2, 7, 3), "float32")))
    ['saturated_gates', 'saturated_tanh']
    """
    runs = []
    with contextlib.ExitStack() as stack:
        for layer in recurrent_layers(model_or_layer):
            stack.enter_context(step_by_step(supported(layer), runs))
        model_or_layer(inputs, training=False)
    found = {name: [] for name in NONLINEARITIES}
    for run in runs:
        for name, values in _activations(run).items():
            found[name].extend(values)
    return {name: float(np.mean(np.concatenate(flat))) for name, flat in found.items() if flat}


def _activations(run):
    """Whether each value of the nonlinearities of a cell is saturated, at all the real steps of a run."""
    inputs = tf.boolean_mask(tf.stack(run.inputs), run.mask)
    states = [tf.boolean_mask(tf.stack(each), run.mask) for each in zip(*run.before)]
    values = {name: [] for name in NONLINEARITIES}
    with contextlib.ExitStack() as stack:
        for name, (attribute, usual, saturated) in NONLINEARITIES.items():
            if getattr(run.cell, attribute, None) is usual:
                kept = _kept(usual, saturated, values[name])
                stack.enter_context(_replaced(run.cell, attribute, kept))
        run.cell(inputs, states, training=False)
    return values


def _kept(function, saturated, values):
    """A function that keeps of its values whether they are saturated."""

    def keeping(x):
        y = function(x)
        values.append(saturated(np.asarray(y, np.float32)).ravel())
        return y

    return keeping


@contextlib.contextmanager
def _replaced(cell, attribute, value):
    before = getattr(cell, attribute)
    object.__setattr__(cell, attribute, value)
    try:
        yield
    finally:
        object.__setattr__(cell, attribute, before)
