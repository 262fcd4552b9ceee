"""A recurrent layer of any model run step by step, so that each state can be looked at."""

import contextlib
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError


def recurrent_layers(model_or_layer):
    """All of a model, or the one that is given."""
    if not isinstance(model_or_layer, keras.Layer):
        raise InputError(f"expected a Keras model or a recurrent layer, got {type(model_or_layer).__name__}.")
    found = [each for each in model_or_layer._flatten_layers() if isinstance(each, keras.layers.RNN)]
    if not found:
        raise InputError(
            f"{model_or_layer.name!r} has no recurrent layer: give a model with one of nlpseq.layers or keras.layers."
        )
    return found


def supported(layer):
    """The layer, if it can be run step by step."""
    if hasattr(layer.cell, "cells"):
        raise InputError(f"layer {layer.name!r} runs a stack of cells: expected one cell; stack layers instead.")
    return layer


@dataclass(frozen=True)
class Run:
    """One run of a layer, in the order in which it took the steps.

    Attributes:
        cell: of the layer.
        inputs: list of `(batch, features)`, one a step.
        before, after: for each step the list of its states, `(batch, units)` each.
        mask: bool `(time, batch)`.
    """

    cell: keras.Layer
    inputs: list
    before: list
    after: list
    mask: np.ndarray


@contextlib.contextmanager
def step_by_step(layer, runs, tape=None):
    """Within the block the layer calls its cell at each step, and appends a `Run` to `runs`."""

    def run(sequences, mask=None, initial_state=None, training=False):
        made = _run(layer, sequences, mask, initial_state, tape)
        runs.append(made)
        outputs = _outputs(layer, made)
        if layer.return_sequences and layer.go_backwards:
            outputs = tf.reverse(outputs, [_time_axis(layer)])
        return outputs, made.after[-1]

    def call(sequences, initial_state=None, mask=None, training=False):
        outputs, states = run(sequences, mask, initial_state)
        if layer.return_sequences and layer.go_backwards:  # a call gives the order of the run
            outputs = tf.reverse(outputs, [_time_axis(layer)])
        return (outputs, *states) if layer.return_state else outputs

    object.__setattr__(layer, "call", call)
    object.__setattr__(layer, "run", run)  # what our Bidirectional calls
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
        object.__delattr__(layer, "run")


def _run(layer, sequences, mask, states, tape):
    """Calls the cell at each step; masked steps hold the states."""
    inputs = tf.unstack(tf.convert_to_tensor(sequences), axis=_time_axis(layer))
    if not inputs:
        raise InputError("the batch has no steps: give sequences of at least one step.")
    mask = _mask(layer, mask, inputs)
    inputs = inputs[::-1] if layer.go_backwards else inputs
    if states is None:
        stateful = layer.stateful and layer.states is not None
        states = layer.states if stateful else layer.get_initial_state(batch_size=len(inputs[0]))
    states = [tf.convert_to_tensor(each) for each in keras.tree.flatten(states)]
    befores, afters = [], []
    for x, real in zip(inputs, mask):
        befores.append(states)
        states = _step(layer, x, states, real)
        for each in states if tape is not None else ():
            tape.watch(each)
        afters.append(states)
    return Run(layer.cell, inputs, befores, afters, mask)


def _step(layer, x, states, real):
    output, new = layer.cell(x, states)
    new = list(keras.tree.flatten(new))
    if output is not new[0]:
        raise InputError(
            f"the cell of layer {layer.name!r} has an output that is not its first state: "
            "expected a cell that returns h, [h, ...]."
        )
    if real.all():
        return new
    return [tf.where(real[:, np.newaxis], each, old) for each, old in zip(new, states)]


def _mask(layer, mask, inputs):
    """Bool `(time, batch)` in the order of the run."""
    if mask is None:
        return np.ones((len(inputs), len(inputs[0])), bool)
    mask = np.asarray(keras.tree.flatten(mask)[0], bool)
    mask = mask if _time_axis(layer) == 0 else mask.T
    return mask[::-1] if layer.go_backwards else mask


def _outputs(layer, run):
    """As in Keras: zero before the first real step, and at every masked one on request."""
    shown = run.mask if layer.zero_output_for_mask else np.logical_or.accumulate(run.mask)
    hidden = tf.stack([states[0] for states in run.after])
    hidden = tf.where(shown[..., np.newaxis], hidden, tf.zeros_like(hidden))
    if not layer.return_sequences:
        return hidden[-1]
    return hidden if _time_axis(layer) == 0 else tf.transpose(hidden, [1, 0, 2])


def _time_axis(layer):
    return getattr(layer, "time_axis", 1)
