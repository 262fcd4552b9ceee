"""The interpreters of the formats: functions of arrays by name, whichever program computes them."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.errors import InputError

Function = Callable[..., dict[str, np.ndarray]]


def onnx_functions(folder: Path) -> dict[str, Function]:
    """The functions of the `.onnx` files of an export, in ONNX Runtime."""
    runtime = _imported("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    functions = {}
    for path in sorted(folder.glob("model*.onnx")):
        session = _loaded(path, lambda path: runtime.InferenceSession(path, options, ["CPUExecutionProvider"]))
        functions[session.get_modelmeta().graph_name] = _of_session(session)
    return functions


def _of_session(session):
    names = [output.name for output in session.get_outputs()]
    return lambda **arrays: dict(zip(names, session.run(names, arrays)))


def litert_functions(folder: Path) -> dict[str, Function]:
    """The signatures of `model.tflite`, in the interpreter of LiteRT, for one text at a time."""
    interpreters = _imported("ai_edge_litert.interpreter", "litert")
    interpreter = _loaded(folder / "model.tflite", lambda path: interpreters.Interpreter(path))
    return {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}


def _imported(module, extra) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0].replace("_", "-")
        raise InputError(f"the package {package} is missing: pip install {package}, or nlpseq[{extra}].") from None


def _loaded(path: Path, load: Callable[[str], Any]) -> Any:
    try:
        return load(str(path))
    except Exception as error:  # of a class of the interpreter
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        raise InputError(f"the model in {path} cannot be loaded ({reason}): export it again.") from None


INTERPRETERS: Mapping[str, tuple[str, Callable[[Path], dict[str, Function]]]] = {
    "onnx": ("model.onnx", onnx_functions),
    "litert": ("model.tflite", litert_functions),
}
