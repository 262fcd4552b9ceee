"""The JSON of TensorFlow Serving's predict method: `instances` or `inputs` to arrays, and arrays to JSON.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import binascii
import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.runtime.saved_model import plain
from nlpseq.serving.server.errors import RequestError

ROWS, COLUMNS = "instances", "inputs"
LARGEST = sys.float_info.max


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        RequestError: there is none.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
        raise RequestError(400, f"the body is not JSON ({reason}): send an object.") from None
    if not isinstance(value, dict):
        raise RequestError(400, f"the body must be a JSON object, got {_type_of(value)}.")
    return value


def read_inputs(request: Mapping[str, Any], specs: Mapping[str, tf.TensorSpec]) -> tuple[dict[str, np.ndarray], bool]:
    """The inputs of a signature in a request.

    Args:
        request: JSON object with "instances" or "inputs".
        specs: Specification of each input.

    Returns:
        The arrays by name, and whether they came as "instances", a row for each example.

    Raises:
        RequestError: an input is missing, unknown, or of another type or shape.
    """
    if (ROWS in request) == (COLUMNS in request):
        raise RequestError(400, "expected either 'instances', a row for each example, or 'inputs', a column for each.")
    by_row = ROWS in request
    columns = _columns_of_rows(request[ROWS], specs) if by_row else _by_input(request[COLUMNS], specs)
    _check_names(columns, specs, "inputs")
    return {name: _array(name, columns[name], spec) for name, spec in specs.items()}, by_row


def answer_of(outputs: Mapping[str, np.ndarray], by_row: bool) -> dict[str, Any]:
    """The response to a request whose inputs came by row or by column.

    A single output comes without its name, as in TensorFlow Serving.
    """
    values = {
        name: plain(value, _in_base64) if name.endswith("_bytes") else plain(value) for name, value in outputs.items()
    }
    if not by_row:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [dict(zip(values, row)) for row in zip(*values.values())]}


def write_json(value: Any) -> bytes:
    """JSON as UTF-8; numbers that are not finite are NaN and Infinity, as TensorFlow Serving writes them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _in_base64(value):
    return {"b64": base64.b64encode(value).decode()}


def _columns_of_rows(rows, specs):
    if not isinstance(rows, list):
        raise RequestError(400, f"'instances' must be a list, got {_type_of(rows)}.")
    for name, spec in specs.items():
        if not spec.shape.rank:
            raise RequestError(400, f"input '{name}' is a single value and has no rows: send 'inputs'.")
    rows = [_by_input(row, specs) for row in rows]
    for row in rows:
        _check_names(row, specs, "an instance")
    return {name: [row[name] for row in rows] for name in specs}


def _by_input(value, specs):
    """Values by the names of the inputs; a signature of one input takes a value without the name too."""
    if isinstance(value, dict) and set(value) != {"b64"}:
        return value
    if len(specs) == 1:
        return {next(iter(specs)): value}
    raise RequestError(400, f"expected an object with {_listed(specs)}, got {_type_of(value)}.")


def _check_names(values, specs, subject):
    if values.keys() != specs.keys():
        raise RequestError(400, f"{subject} must have {_listed(specs)}, got {_listed(values) or 'nothing'}.")


def _array(name, value, spec):
    """The array of an input, whose type and shape are checked."""
    flat, shape = [], []
    _flatten(name, value, spec, 0, flat, shape)
    sizes = [*shape, *[0] * (spec.shape.rank - len(shape))]
    if not spec.shape.is_compatible_with(sizes):
        raise RequestError(400, f"input '{name}' must have the shape {spec.shape}, got {tuple(sizes)}.")
    return np.array(flat, object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype).reshape(sizes)


def _flatten(name, value, spec, depth, flat, shape):
    """Appends the leaves of nested lists to `flat`, and the length of the lists of each depth to `shape`."""
    if depth == spec.shape.rank:
        flat.append(_leaf(name, value, spec))
        return
    if not isinstance(value, list):
        raise RequestError(
            400, f"input '{name}' must be lists, {spec.shape.rank} deep, got {_type_of(value)} at depth {depth}."
        )
    if len(shape) == depth:
        shape.append(len(value))
    if shape[depth] != len(value):
        raise RequestError(400, f"input '{name}' has lists of {shape[depth]} and of {len(value)}: pad the shorter.")
    for item in value:
        _flatten(name, item, spec, depth + 1, flat, shape)


def _leaf(name, value, spec):
    """A single value of an input."""
    if spec.dtype == tf.string:
        if isinstance(value, str):
            return value.encode("utf-8", "replace")
        if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
            try:
                return base64.b64decode(value["b64"], validate=True)
            except (binascii.Error, ValueError):
                raise RequestError(400, f"input '{name}' has a value of 'b64' that is not base64.") from None
    elif spec.dtype == tf.bool:
        if isinstance(value, bool):
            return value
    elif not isinstance(value, bool) and isinstance(value, int if spec.dtype.is_integer else (int, float)):
        low, high = (spec.dtype.min, spec.dtype.max) if spec.dtype.is_integer else (-LARGEST, LARGEST)
        if isinstance(value, int) and not low <= value <= high:
            raise RequestError(400, f"input '{name}' has a number that is not {spec.dtype.name}.")
        return value
    raise RequestError(400, f"input '{name}' must be of the type {spec.dtype.name}, got {_type_of(value)}.")


def _listed(names):
    return ", ".join(f"'{str(name)[:50]}'" for name in list(names)[:20])


def _type_of(value):
    """The JSON type of a value, for messages: they do not repeat what may be a text."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
