"""Answers of exported models without TensorFlow: NumPy and the interpreter of one format.

    model = nlpseq.runtime.load("saved_models/sentiment")
    model.predict(["not bad at all"])

Texts become ids, and outputs become answers, in Python and NumPy; the model itself runs in ONNX Runtime,
in LiteRT, or in TensorFlow. `pip install --no-deps nlpseq numpy onnxruntime` is enough.
"""

from nlpseq.runtime.model import FORMATS, Model, load

__all__ = ["FORMATS", "Model", "load"]
