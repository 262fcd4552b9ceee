"""Graphs of TensorFlow to ONNX: each op by the function of its name in a table, constants computed beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.serving.formats.onnx.builder import Builder, Value
from nlpseq.serving.formats.onnx.operators import OPERATORS
from nlpseq.serving.formats.onnx.recurrence import Runs

PASSED_ON = ("Identity", "StopGradient", "PreventGradient", "EnsureShape", "Snapshot")


class Conversion:
    """Adds what a traced function computes to an ONNX graph.

    Args:
        builder: Takes the nodes.
        runs: The recurrences that were noted while the function was traced.
    """

    def __init__(self, builder: Builder, runs: Runs):
        self.builder = builder
        self.runs = runs

    def __call__(self, function: Any, inputs: Sequence[Value]) -> list[Value]:
        """Converts a `ConcreteFunction`.

        Args:
            function: The function; its variables become constants.
            inputs: The values of its arguments, in the order of its flat inputs.

        Returns:
            The values of its flat outputs.

        Raises:
            InputError: it has an op that is not in the table.
        """
        captured = function.captured_inputs
        arguments = function.inputs[: len(function.inputs) - len(captured)]
        values: dict[Any, Any] = {tensor.ref(): value for tensor, value in zip(arguments, inputs)}
        values |= {
            tensor.ref(): _Captured(constant) for tensor, constant in zip(function.inputs[len(arguments) :], captured)
        }
        for op in _needed(function.outputs, values):
            results = self._convert(op, [values[tensor.ref()] for tensor in op.inputs])
            values |= {tensor.ref(): value for tensor, value in zip(op.outputs, results)}
        return [_value(values[tensor.ref()]) for tensor in function.outputs]

    def _convert(self, op, inputs):
        if op.type == "ReadVariableOp":
            return [inputs[0].read(op.get_attr("dtype"))]
        if op.type == "ResourceGather":
            table = inputs[0].read(op.get_attr("dtype"))
            return [OPERATORS["GatherV2"](self.builder, op, [table, inputs[1], np.array(0)])]
        inputs = [_value(value) for value in inputs]
        if op.name in self.runs:
            return self.runs[op.name].convert(self, inputs)
        if op.type in PASSED_ON:
            return inputs[:1]
        if op.type == "IdentityN":
            return inputs
        if all(isinstance(value, np.ndarray) for value in inputs):
            return _computed(op, inputs)
        if op.type not in OPERATORS:
            raise InputError(
                f"onnx has no equivalent of the op {op.type} of this model: export it to another format, or give "
                "nlpseq a cell or layer without it."
            )
        results = OPERATORS[op.type](self.builder, op, inputs)
        return results if isinstance(results, list) else [results]


class _Captured:
    """A tensor, or the handle of a variable, that a function captures."""

    def __init__(self, tensor):
        self.tensor = tensor

    def read(self, dtype=None):
        """The value, of a variable for a handle."""
        if self.tensor.dtype != tf.resource:
            return self.tensor.numpy()
        return tf.raw_ops.ReadVariableOp(resource=self.tensor, dtype=dtype).numpy()


def _value(value):
    return value.read() if isinstance(value, _Captured) else value


def _needed(outputs, values: Mapping) -> list:
    """The ops that the outputs depend on, each after those that it depends on."""
    ordered, seen, stack = [], set(), [(tensor.op, False) for tensor in reversed(outputs) if tensor.ref() not in values]
    while stack:
        op, complete = stack.pop()
        if complete:
            ordered.append(op)
        elif op.name not in seen:
            seen.add(op.name)
            stack.append((op, True))
            stack += [(tensor.op, False) for tensor in op.inputs if tensor.ref() not in values]
    return ordered


def _computed(op, inputs):
    """The outputs of an op of constants."""
    if op.type == "Const":
        return [tf.make_ndarray(op.get_attr("value"))]
    alone = tf.compat.v1.GraphDef()
    node = alone.node.add()
    node.CopyFrom(op.node_def)
    names = [f"input_{number}" for number in range(len(inputs))]
    del node.input[:]
    node.input.extend(names)
    node.attr.pop("_class", None)  # names of ops that it should stand beside
    with tf.Graph().as_default():
        feed = {name: tf.constant(value) for name, value in zip(names, inputs)}
        outputs = [f"{op.name}:{number}" for number in range(len(op.outputs))]
        results = tf.graph_util.import_graph_def(alone, feed, outputs)
        with tf.compat.v1.Session() as session:
            return [np.asarray(value) for value in session.run(results)]
