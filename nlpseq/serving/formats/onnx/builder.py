"""Nodes of an ONNX graph, under names of its own."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17  # read by ONNX Runtime 1.12 and later
IR_VERSION = 8  # that of the first version with this opset

Value = str | np.ndarray  # the name of a tensor that is computed, or a constant


class Builder:
    """Collects the nodes and constants of a graph, or of the body of a loop in it.

    Args:
        outer: The builder of the graph around the body. Default None.
    """

    def __init__(self, outer: "Builder | None" = None):
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[Any, onnx.TensorProto] = {} if outer is None else outer.constants
        self._numbers: Any = itertools.count() if outer is None else outer._numbers
        self.zeros: set[str] = set() if outer is None else outer.zeros  # names of tensors of zeros

    def name(self, hint: str = "t") -> str:
        """A name that is not in use."""
        return f"{hint}_{next(self._numbers)}"

    def add(self, kind: str, *inputs: Value | None, outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node.

        Args:
            kind: The operator.
            inputs: Names and constants; None for an optional input that is left out.
            outputs: Number of outputs.
            attributes: Of the operator; those that are None are left out.

        Returns:
            The name of the output, or a list of the names of several.
        """
        references = [self.reference(value) for value in inputs]
        results = [self.name(kind.lower()) for _ in range(outputs)]
        set_attributes = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, references, results, **set_attributes))
        return results[0] if outputs == 1 else results

    def reference(self, value: Value | None) -> str:
        """The name of a value; a constant is added to the graph, once."""
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, self.name("c"))
        return self.constants[key].name

    def cast(self, value: Value, dtype: Any) -> Value:
        """The value in another dtype."""
        if isinstance(value, np.ndarray):
            return value.astype(dtype)
        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def int64(self, value: Value) -> Value:
        """The value as int64, the dtype of shapes and axes in ONNX."""
        return self.cast(value, np.int64)

    def output(self, value: Value, name: str) -> None:
        """Gives a value the name of an output."""
        self.nodes.append(helper.make_node("Identity", [self.reference(value)], [name]))

    def graph(self, name: str, inputs: Sequence, outputs: Sequence, with_constants: bool = True) -> onnx.GraphProto:
        """The graph; inputs and outputs are `(name, NumPy dtype, shape)`, sizes that vary are names or None."""
        needed = {described[0] for described in outputs}
        nodes = []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                nodes.append(node)
                needed |= _read_by(node)
        constants = [c for c in self.constants.values() if with_constants and c.name in needed]
        return helper.make_graph(nodes[::-1], name, *(map(_info, infos) for infos in (inputs, outputs)), constants)


def model(graph: onnx.GraphProto) -> onnx.ModelProto:
    """A model of one graph, which `onnx.checker` accepts."""
    proto = helper.make_model(
        graph, producer_name="nlpseq", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _read_by(node):
    """The names that a node reads, those of its body too."""
    bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return set(node.input).union(*(_read_by(inner) for body in bodies for inner in body.node))


def _info(described):
    name, dtype, shape = described
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
