"""Requests that TensorFlow Serving runs when it loads a model (`PredictionLog` records)."""

from pathlib import Path

import numpy as np
import tensorflow as tf

FILE_NAME = Path("assets.extra") / "tf_serving_warmup_requests"


def write_warmup(folder: Path, examples: list[dict[str, np.ndarray]]) -> None:
    """Adds warm-up requests to an export.

    Args:
        folder: Folder of the export.
        examples: The inputs of "serving_default" by name, one dict for each request.
    """
    path = folder / FILE_NAME
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            request = _field(1, _field(3, b"serving_default"))
            for name, value in example.items():
                tensor = tf.make_tensor_proto(value).SerializeToString()
                request += _field(2, _field(1, name.encode()) + _field(2, tensor))
            writer.write(_field(6, _field(1, request)))


def _field(number, payload):
    """A length-delimited field of a protocol buffer."""
    size, length = len(payload), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + payload
