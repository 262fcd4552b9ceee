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


def read_warmup(folder: Path) -> list[dict[str, np.ndarray]]:
    """The warm-up requests of an export: the inputs of "serving_default" by name; none if it has no such file."""
    path = folder / FILE_NAME
    if not path.exists():
        return []
    requests = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        (request,) = _fields(_fields(record)[6][0])[1]
        entries = [_fields(entry) for entry in _fields(request)[2]]
        requests.append({name.decode(): _array(tensor) for (name,), (tensor,) in (entry.values() for entry in entries)})
    return requests


def _array(tensor):
    """The array of a serialized `TensorProto`."""
    values = tf.make_tensor_proto(0)
    values.ParseFromString(tensor)
    return tf.make_ndarray(values)


def _field(number, payload):
    """A length-delimited field of a protocol buffer."""
    size, length = len(payload), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + payload


def _fields(message):
    """The length-delimited fields of a protocol buffer, by number."""
    values: dict[int, list[bytes]] = {}
    at = 0
    while at < len(message):
        number, at = message[at] >> 3, at + 1
        size = shift = 0
        while True:
            byte, at = message[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        values.setdefault(number, []).append(message[at : at + size])
        at += size
    return values
