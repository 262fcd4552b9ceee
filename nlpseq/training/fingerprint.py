"""A digest of the data that a model learns from."""

import dataclasses
import hashlib
from typing import Any

import numpy as np


def fingerprint(*values: Any) -> str:
    """A digest of examples, the same in every process.

    Args:
        *values: Dataclasses, lists, tuples, dicts, arrays, strings and numbers.

    Returns:
        32 hexadecimal digits.

    Example:

    >>> fingerprint(["a", "b"]) == fingerprint(["a", "b"]) != fingerprint(["ab"])
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    _update(digest, values)
    return digest.hexdigest()


def _update(digest, value):
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        _update(digest, {name: getattr(value, name) for name in names})
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, dict):
        for name, item in value.items():
            _update(digest, str(name))
            _update(digest, item)
    elif isinstance(value, (list, tuple, np.ndarray)):
        digest.update(f"[{len(value)}".encode())
        for item in value:
            _update(digest, item)
    else:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        digest.update(f"{type(value).__name__}{len(data)}:".encode())
        digest.update(data)
