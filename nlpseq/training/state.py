"""The state of a training run between two steps: what must be saved to continue it exactly."""

import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError

NOT_STATE = ("params",)  # attributes of a callback that `fit` sets


def model_state(model: Any) -> dict[str, Any]:
    """Weights, seeds, optimizer and metrics of a model, and the random generators of the process.

    The arrays are copies. A model with further state, such as the states that a language model
    carries from batch to batch, has methods `extra_state()` and `restore_extra_state(state)`.
    """
    return {
        "variables": variable_values(model),
        "optimizer": _values(model.optimizer.variables),
        "metrics": _values(model.metrics_variables),
        "extra": model.extra_state() if hasattr(model, "extra_state") else {},
        "random": random_state(),
    }


def restore_model(model: Any, state: dict[str, Any]) -> None:
    """Restores `model_state`; metrics that the model has not created yet are left out.

    Raises:
        InputError: The state is that of another model.
    """
    restore_variables(model, state["variables"])
    _assign("variables of the optimizer", model.optimizer.variables, state["optimizer"])
    if len(model.metrics_variables) == len(state["metrics"]):
        _assign("metrics", model.metrics_variables, state["metrics"])
    if state["extra"]:
        model.restore_extra_state(state["extra"])
    restore_random(state["random"])


def variable_values(model: Any) -> list[np.ndarray]:
    """Copies of the weights and seeds of a model."""
    return _values(model.variables)


def restore_variables(model: Any, values: list[np.ndarray]) -> None:
    """Restores `variable_values`.

    Raises:
        InputError: They are those of another model.
    """
    _assign("variables of the model", model.variables, values)


def _values(variables):
    return [np.array(variable) for variable in variables]


def _assign(unit, variables, values):
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise InputError(
            f"the {unit} do not fit the checkpoint: it has {len(values)} arrays, of other shapes or number than the "
            f"{len(shapes)} of this run; build the model as before, or use `restart`."
        )
    for variable, value in zip(variables, values):
        variable.assign(value)


def random_state() -> dict[str, Any]:
    """The states of the generators of Python, NumPy and TensorFlow."""
    try:
        tensorflow = tf.random.get_global_generator().state.numpy()
    except RuntimeError:  # operations are deterministic, and there is none
        tensorflow = None
    return {"python": random.getstate(), "numpy": np.random.get_state(), "tensorflow": tensorflow}  # noqa: NPY002


def restore_random(state: dict[str, Any]) -> None:
    """Restores `random_state`."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(tuple(state["numpy"]))  # noqa: NPY002
    if state["tensorflow"] is not None:
        tf.random.set_global_generator(tf.random.Generator.from_state(state["tensorflow"], "philox"))


def callback_states(callbacks: Sequence[keras.callbacks.Callback]) -> list[dict[str, Any]]:
    """The states of callbacks.

    The state of a callback is what its method `get_state()` returns; without one, its attributes
    that are numbers, strings, arrays, `tf.Variable`s, or lists and dicts of them.
    """
    return [_callback_state(callback) for callback in callbacks]


def _callback_state(callback):
    if hasattr(callback, "get_state"):
        return callback.get_state()
    values = {name: value for name, value in vars(callback).items() if name not in NOT_STATE}
    values = {name: np.array(value) if isinstance(value, tf.Variable) else value for name, value in values.items()}
    return {name: _copy(value) for name, value in values.items() if _is_plain(value)}


def _is_plain(value):
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    is_array = isinstance(value, np.ndarray) and value.dtype != object
    return value is None or is_array or isinstance(value, (bool, int, float, str, np.generic))


def _copy(value):
    """A copy of lists and dicts, which callbacks append to; arrays are replaced as a whole."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, (list, tuple)) else value


def restore_callbacks(callbacks: Sequence[keras.callbacks.Callback], states: list[dict[str, Any]]) -> None:
    """Restores `callback_states`."""
    for callback, state in zip(callbacks, states):
        set_state = getattr(callback, "set_state", None)
        if set_state is not None:
            set_state(state)
            continue
        for name, value in state.items():
            variable = getattr(callback, name, None)
            if isinstance(variable, tf.Variable):
                variable.assign(value)
            else:
                setattr(callback, name, _copy(value))
