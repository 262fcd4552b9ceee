"""Models in the ONNX format, with its own recurrent operators."""

from pathlib import Path
from typing import Any

import onnx
import tensorflow as tf

from nlpseq import engine
from nlpseq.serving.formats.onnx.builder import Builder, model
from nlpseq.serving.formats.onnx.conversion import Conversion
from nlpseq.serving.formats.onnx.recurrence import Runs


def write(task: Any, folder: Path) -> list[Path]:
    """Writes a file for each numeric function: `model.onnx` for the first one, `model_<name>.onnx` for the others.

    Args:
        task: `nlpseq.tasks.base.Task`.
        folder: Folder of the export.

    Raises:
        InputError: an op has no equivalent.
    """
    paths = []
    for number, (name, function) in enumerate(task.numeric_functions().items()):
        paths.append(folder / (f"model_{name}.onnx" if number else "model.onnx"))
        onnx.save(convert(name, function, task.padding_at_end), str(paths[-1]))
    return paths


def convert(name: str, function: Any, padding_at_end: bool = True) -> onnx.ModelProto:
    """A function as an ONNX model, of any batch and length.

    Args:
        name: Name of the graph.
        function: `nlpseq.tasks.base.NumericFunction`.
        padding_at_end: Whether masks are those of padding behind sequences. Default True.

    Raises:
        InputError: an op has no equivalent.
    """
    runs = Runs(padding_at_end)
    traced = tf.function(lambda **tensors: function.call(**tensors), autograph=False)
    with engine.mode("portable"), engine.without_gradients(), engine.substituted_runs(runs.substitute):
        specs = {key: tf.TensorSpec(spec.shape, spec.dtype, key) for key, spec in function.inputs.items()}
        concrete = traced.get_concrete_function(**specs)
        flat = [tensor.op.name for tensor in concrete.inputs[: len(specs)]]
        builder = Builder()
        values = Conversion(builder, runs)(concrete, flat)
    names = sorted(concrete.structured_outputs)
    for output, value in zip(names, values):
        builder.output(value, output)
    inputs = [_described(key, specs[key], f"{key}_") for key in flat]
    outputs = [_described(key, concrete.structured_outputs[key], f"{key}_") for key in names]
    return model(builder.graph(name, inputs, outputs))


def _described(name, spec, prefix):
    sizes = ["batch" if axis == 0 else f"{prefix}{axis}" for axis in range(spec.shape.rank)]
    return name, spec.dtype.as_numpy_dtype, [size or default for size, default in zip(spec.shape, sizes)]
