"""Compiled functions whose names do not depend on what the process did before.

TensorFlow numbers functions, and the number is part of what identifies a compiled program, in the
process and in the cache that keeps programs between runs. Here a function is named by a hash of its
graph: equal functions share a program, whatever was traced before them.
"""

import hashlib
import re
from collections.abc import Callable, Sequence

import tensorflow as tf


def named_by_graph(function: tf.types.experimental.ConcreteFunction) -> Callable[..., Sequence[tf.Tensor]]:
    """A must-compile function, which is called in graphs, named by a hash of its graph.

    Args:
        function: Traced with `jit_compile=True`, without captures.

    Returns:
        A function from the flat inputs to the flat outputs, without gradients.
    """
    definitions = _definitions(function)
    register = function._inference_function._bound_context.add_function_def  # there is no public way
    for definition in definitions:
        register(definition)
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = tf.version.GRAPH_DEF_VERSION  # else the graph that it is imported into becomes an old one
    graph.library.function.extend(definitions)
    inputs, outputs = ([t.dtype.as_datatype_enum for t in side] for side in (function.inputs, function.outputs))
    names = [f"input_{number}" for number in range(len(inputs))]
    for name, dtype in zip(names, inputs):
        graph.node.add(name=name, op="Placeholder").attr["dtype"].type = dtype
    call = graph.node.add(name="call", op="PartitionedCall", input=names)
    call.attr["Tin"].list.type.extend(inputs)
    call.attr["Tout"].list.type.extend(outputs)
    call.attr["f"].func.name = definitions[0].signature.name
    call.attr["_XlaMustCompile"].b = True
    results = [f"call:{number}" for number in range(len(outputs))]

    def call_by_hash(*tensors):
        inputs = map(tf.identity, tensors)  # brings tensors of outer graphs into this one
        return tf.graph_util.import_graph_def(graph, dict(zip(names, inputs)), results, name="compiled")

    return call_by_hash


def _definitions(function):
    """The function and those that it calls, the function first, renamed."""
    definitions = [*function.graph.as_graph_def().library.function, function.function_def]
    by_name = {definition.signature.name: definition for definition in definitions}
    # Arguments of a loop contain its name: "while_body_21_placeholder".
    pattern = re.compile(f"({'|'.join(map(re.escape, by_name))})(?![0-9])")
    texts, order = [], [function.function_def.signature.name]
    for name in order:  # grows: in the order of the calls, which is that of the graph
        texts.append(str(by_name[name]))
        order += [called for called in dict.fromkeys(pattern.findall(texts[-1])) if called not in order]
    numbers = {name: f"function_{number}" for number, name in enumerate(order)}
    anonymous = "".join(pattern.sub(lambda match: numbers[match[1]], text) for text in texts)
    digest = hashlib.sha256(anonymous.encode()).hexdigest()[:16]
    names = {name: f"nlpseq_{digest}_{number}" for number, name in enumerate(order)}
    return [_renamed(by_name[name], lambda text: pattern.sub(lambda match: names[match[1]], text)) for name in order]


def _renamed(definition, rename):
    """A copy with other names of functions, in all strings that can contain one."""
    copy = type(definition)()
    copy.CopyFrom(definition)  # by hand: parsing a changed text takes longer than all of the tracing
    for item in (copy.signature, *copy.signature.input_arg, *copy.signature.output_arg, *copy.node_def):
        item.name = rename(item.name)
    for node in copy.node_def:
        node.op, node.input[:] = rename(node.op), map(rename, node.input)
        node.ClearField("experimental_debug_info")
        for value in node.attr.values():
            for called in [value.func] * value.HasField("func") + list(value.list.func):
                called.name = rename(called.name)
    for returned in (copy.ret, copy.control_ret):
        pairs = [(rename(key), rename(value)) for key, value in returned.items()]
        returned.clear()
        returned.update(pairs)
    return copy
