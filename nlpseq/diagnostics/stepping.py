"""A recurrent layer inside any model, run step by step so that the state of every step can be read."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError


def recurrent_layers(model_or_layer: keras.Layer) -> list[keras.layers.RNN]:
    """All recurrent layers of a model, at any depth; of a recurrent layer, itself.

    Raises:
        InputError: `model_or_layer` is not a Keras layer, or has no recurrent layer.
    """
    if not isinstance(model_or_layer, keras.Layer):
        kind = type(model_or_layer).__name__
        raise InputError(f"`model_or_layer` must be a Keras model or a recurrent layer, got {kind}.")
    layers = [layer for layer in model_or_layer._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    if not layers:
        raise InputError(
            f"{model_or_layer.name!r} has no recurrent layer: give a model with one of nlpseq.layers or keras.layers."
        )
    return layers


def require_single_cell(layer: keras.layers.RNN) -> keras.layers.RNN:
    """The layer itself.

    Raises:
        InputError: The layer runs a stack of cells.
    """
    if hasattr(layer.cell, "cells"):
        raise InputError(
            f"layer {layer.name!r} runs a stack of cells, which cannot be run step by step here: "
            "stack layers instead of cells."
        )
    return layer


@contextlib.contextmanager
def replaced(target: Any, **values: Any) -> Iterator[None]:
    """Within the `with` block, attributes of an object have other values."""
    previous = {name: vars(target)[name] for name in values if name in vars(target)}
    for name, value in values.items():
        setattr(target, name, value)
    try:
        yield
    finally:
        for name in values:
            if name in previous:
                setattr(target, name, previous[name])
            else:  # the attribute of the class shows again
                delattr(target, name)


@dataclass(frozen=True)
class StepRecord:
    """The steps of one call of a layer, in the order in which it ran them.

    Attributes:
        cell: The cell of the layer.
        inputs: For each step the input, `(batch, features)`.
        before, after: For each step the list of states, `(batch, units)` each.
        mask: Bool `(time, batch)`, True for real steps.
    """

    cell: keras.Layer
    inputs: list[tf.Tensor]
    before: list[list[tf.Tensor]]
    after: list[list[tf.Tensor]]
    mask: np.ndarray


@contextlib.contextmanager
def step_by_step(
    layer: keras.layers.RNN, records: list[StepRecord], tape: tf.GradientTape | None = None
) -> Iterator[None]:
    """Within the `with` block, the layer calls its cell once for each step, eagerly and in inference.

    Args:
        layer: A recurrent layer with one cell.
        records: A list to which each call of the layer appends its `StepRecord`.
        tape: Watches the states after each step. Default None.
    """

    def call(sequences, initial_state=None, mask=None, training=False, in_order_of_time=False):
        record = _run(layer, sequences, mask, initial_state, tape)
        records.append(record)
        outputs = _outputs(layer, record)
        if layer.return_sequences and layer.go_backwards and in_order_of_time:
            outputs = tf.reverse(outputs, [_time_axis(layer)])
        return (outputs, *record.after[-1]) if layer.return_state else outputs

    with replaced(layer, call=call):
        yield


def _run(layer, sequences, mask, states, tape):
    """Calls the cell at each step; masked steps keep the states."""
    inputs = tf.unstack(tf.convert_to_tensor(sequences), axis=_time_axis(layer))
    if not inputs:
        raise InputError("`batch` has sequences of no steps: give sequences of at least one.")
    mask = _mask(layer, mask, inputs)
    inputs = inputs[::-1] if layer.go_backwards else inputs
    if states is None:
        stateful = layer.stateful and layer.states is not None
        states = layer.states if stateful else layer.get_initial_state(batch_size=len(inputs[0]))
    states = [tf.convert_to_tensor(state) for state in keras.tree.flatten(states)]
    before, after = [], []
    for x, real in zip(inputs, mask):
        before.append(states)
        states = _step(layer, x, states, real)
        if tape is not None:
            tape.watch(states)
        after.append(states)
    return StepRecord(layer.cell, inputs, before, after, mask)


def _step(layer, x, states, real):
    output, new_states = layer.cell(x, states)
    new_states = list(keras.tree.flatten(new_states))
    if output is not new_states[0]:
        raise InputError(
            f"the cell of layer {layer.name!r} returns an output that is not its first state: "
            "expected a cell that returns h, [h, ...]."
        )
    if real.all():
        return new_states
    return [tf.where(real[:, np.newaxis], new, old) for new, old in zip(new_states, states)]


def _mask(layer, mask, inputs):
    """Bool `(time, batch)` in the order in which the steps run."""
    if mask is None:
        return np.ones((len(inputs), len(inputs[0])), bool)
    mask = np.asarray(keras.tree.flatten(mask)[0], bool)
    mask = mask if _time_axis(layer) == 0 else mask.T
    return mask[::-1] if layer.go_backwards else mask


def _outputs(layer, record):
    """As in Keras: zero before the first real step, and with `zero_output_for_mask` at every masked one."""
    nonzero = record.mask if layer.zero_output_for_mask else np.logical_or.accumulate(record.mask)
    hidden = tf.stack([states[0] for states in record.after])
    hidden = tf.where(nonzero[..., np.newaxis], hidden, tf.zeros_like(hidden))
    if not layer.return_sequences:
        return hidden[-1]
    return hidden if _time_axis(layer) == 0 else tf.transpose(hidden, [1, 0, 2])


def _time_axis(layer):
    return getattr(layer, "time_axis", 1)
