"""Models in the format of LiteRT (TensorFlow Lite), with its built-in operators only."""

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from nlpseq import engine
from nlpseq.errors import InputError, shorten

FILE_NAME = "model.tflite"


def write(task: Any, folder: Path, quantize: str = "none") -> list[Path]:
    """Writes `model.tflite`, with a signature for each numeric function, for one text of any length.

    Args:
        task: `nlpseq.tasks.base.Task`.
        folder: Folder of the export.
        quantize: "none"; "float16" for weights in float16; or "int8" for weights in 8 bits, with which products are
            computed in 8 bits after each input is scaled ("dynamic range").

    Raises:
        InputError: an op has no built-in operator.
    """
    served = tf.Module()
    served.weights = [variable.value for variable in task.variables]
    with engine.mode("portable"), engine.without_gradients(), tempfile.TemporaryDirectory() as scratch:
        traced = {name: _of_one_text(function) for name, function in task.numeric_functions().items()}
        tf.saved_model.save(served, scratch, signatures=traced)
        converter: Any = tf.lite.TFLiteConverter.from_saved_model(scratch, signature_keys=list(traced))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        path = folder / FILE_NAME
        path.write_bytes(_converted(converter))
    return [path]


def _of_one_text(function):
    """The concrete function for a batch of one text; its hypotheses may be many."""
    specs = {
        name: tf.TensorSpec(spec.shape if name in function.hypotheses else [1, *spec.shape[1:]], spec.dtype, name)
        for name, spec in function.inputs.items()
    }
    return tf.function(lambda **tensors: function.call(**tensors), autograph=False).get_concrete_function(**specs)


def _converted(converter):
    try:
        return converter.convert()
    except Exception as error:  # of a class that only TensorFlow knows
        listed = [line for line in str(error).splitlines() if line.startswith("TF Select ops:")]
        if not listed:
            reason = shorten((str(error).strip().splitlines() or [type(error).__name__])[0])
            raise InputError(f"this model cannot be converted to litert ({reason}).") from error
        ops = listed[0].partition(": ")[2]
        raise InputError(
            f"litert has no built-in operators for {ops} of this model: export it to another format, or give nlpseq a "
            "cell or layer without them."
        ) from None
