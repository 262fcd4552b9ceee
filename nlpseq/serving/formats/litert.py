"""Models in the format of LiteRT (TensorFlow Lite), with its built-in operators only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from nlpseq import engine
from nlpseq.errors import InputError

QUANTIZATIONS = ("none", "float16", "int8")


def write(functions: Mapping[str, Any], folder: Path, quantize: str = "none") -> list[Path]:
    """Writes `model.tflite`, with a signature for each function, for batches of one row and any length.

    Args:
        functions: `nlpseq.tasks.base.NumericFunction` by name.
        folder: Folder of the export.
        quantize: "none", "float16" for weights in float16, or "int8" for weights in 8 bits, whose products are
            computed in 8 bits with a scale found for each input ("dynamic range").

    Raises:
        InputError: an op has no built-in operator.
    """
    served = tf.Module()
    with engine.mode("portable"), engine.without_gradients():
        traced = {name: _traced(function) for name, function in functions.items()}
        served.functions = traced
        converter = tf.lite.TFLiteConverter.from_concrete_functions(list(traced.values()), served)
        converter._signature_keys = list(traced)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    path = folder / "model.tflite"
    path.write_bytes(converter.convert())
    return [path]


def _traced(function):
    """A concrete function of one row."""
    specs = {
        name: tf.TensorSpec(spec.shape if name in function.rows else [1, *spec.shape[1:]], spec.dtype, name)
        for name, spec in function.inputs.items()
    }
    return tf.function(lambda **tensors: function.call(**tensors), autograph=False).get_concrete_function(**specs)
