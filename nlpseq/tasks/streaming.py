"""Signatures "init" and "step" of models that read forward: an answer after each token, and the states for the next.

The server is stateless: "init" reads the beginning of a text, or nothing, and returns states, which a client
passes to "step" together with the next token. A row whose token is empty keeps its states.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nlpseq.cells.checks import check_shape
from nlpseq.tasks.checked import checked
from nlpseq.tasks.recurrent import state_sizes
from nlpseq.tasks.text_task import text_spec

LEAST = tf.float32.min  # the maximum of no outputs
Read = Callable[[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]], tuple[dict, dict]]


class CellStates:
    """The states of recurrent layers that run forward, `state_0`, `state_1`, ..., float32 `(batch, size)`.

    Args:
        layers: Layers with a single cell, bottom first.
    """

    def __init__(self, layers: list):
        self.layers = layers

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state."""
        flat = [size for layer in self.layers for size in state_sizes(layer)]
        return {f"state_{number}": size for number, size in enumerate(flat)}

    def step(self, inputs: tf.Tensor, states: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The output of the top layer `(batch, units)` for inputs `(batch, features)`, and the new states."""
        hidden, left, new = inputs, [states[name] for name in self.sizes], []
        for layer in self.layers:
            count = len(state_sizes(layer))
            hidden, after = layer.cell(hidden, [tf.cast(state, inputs.dtype) for state in left[:count]])
            left = left[count:]
            new += after
        return hidden, {name: tf.cast(state, tf.float32) for name, state in zip(self.sizes, new)}


class PooledStates:
    """The states of recurrent layers that run forward, and of the pooling of their outputs, for an answer at any step.

    Beside those of the cells: `largest` and `total` of the outputs, and `count`, float32 `(batch, units)` and
    `(batch, 1)`.

    Args:
        layers: Layers with a single cell, bottom first.
        pooling: "last", "max", "mean" or "max_mean", as of `nlpseq.layers.Pooling`; "last" is the last output.
        units: Size of the outputs of the top layer.
    """

    POOLINGS = ("last", "max", "mean", "max_mean")

    def __init__(self, layers: list, pooling: str, units: int):
        self.cells, self.pooling, self.units = CellStates(layers), pooling, units

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state."""
        return {**self.cells.sizes, "largest": self.units, "total": self.units, "count": 1}

    def start(self, rows: Any) -> dict[str, tf.Tensor]:
        """The states before the first step."""
        starts = {name: tf.zeros([rows, size]) for name, size in self.sizes.items()}
        return {**starts, "largest": tf.fill(tf.shape(starts["largest"]), LEAST)}

    def step(
        self, inputs: tf.Tensor, states: dict[str, tf.Tensor], real: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The output of the top layer, float32 `(batch, units)`, and the states; rows that are not real keep theirs."""
        hidden, cells = self.cells.step(inputs, states)
        hidden = tf.cast(hidden, tf.float32)
        for name in ("largest", "total", "count"):
            check_shape(states[name], [tf.shape(hidden)[0], self.sizes[name]], name, "(batch, size)", "a step")
        pools = {"largest": tf.maximum(states["largest"], hidden), "total": states["total"] + hidden}
        own = {name: states[name] for name in self.sizes}
        return hidden, held(real, {**cells, **pools, "count": states["count"] + 1}, own)

    def pooled(self, states: dict[str, tf.Tensor]) -> tf.Tensor:
        """The pooled outputs `(batch, features)`."""
        empty = states["count"] == 0
        parts = {
            "max": tf.where(empty, 0.0, states["largest"]),
            "mean": states["total"] / tf.maximum(states["count"], 1),
        }
        if self.pooling == "last":
            top = list(self.cells.sizes)[-len(state_sizes(self.cells.layers[-1]))]
            return states[top]
        return tf.concat([parts[name] for name in self.pooling.split("_")], axis=-1)


def held(real: tf.Tensor, new: dict[str, tf.Tensor], old: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The new states of the rows that are real, bool `(batch,)`, and the old ones of the others."""
    return {name: tf.where(real[:, tf.newaxis], new[name], old[name]) for name in old}


def read_steps(
    step: Callable[[tf.Tensor, dict], tuple[Any, dict]], ids: tf.Tensor, states: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Calls a step for each time of ids.

    Args:
        step: From ids `(batch, ...)` and states to an output, float32 `(batch, size)`, and states.
        ids: `(batch, time, ...)`, one step at least.
        states: The first states.

    Returns:
        The outputs `(batch, time, size)`, and the last states.
    """
    names = list(states)
    steps = tf.shape(ids)[1]
    first, _ = step(ids[:, 0], states)
    outputs = tf.TensorArray(tf.float32, steps, element_shape=first.shape)

    def body(time, outputs, *values):
        output, new = step(ids[:, time], dict(zip(names, values)))
        return time + 1, outputs.write(time, output), *(new[name] for name in names)

    loop = (tf.constant(0), outputs, *states.values())
    _, outputs, *values = tf.while_loop(lambda time, *_: time < steps, body, loop)
    return tf.transpose(outputs.stack(), [1, 0, 2]), dict(zip(names, values))


def signatures(init: Callable, step: Callable, sizes: dict[str, int]) -> dict[str, Callable]:
    """The signatures "init", of a text, and "step", of a token and states of these sizes."""
    states = {name: tf.TensorSpec([None, size], tf.float32, name=name) for name, size in sizes.items()}
    return {
        "init": tf.function(init, [text_spec("text")], autograph=False),
        "step": tf.function(checked(step, states), autograph=False).get_concrete_function(text_spec("token"), **states),
    }
