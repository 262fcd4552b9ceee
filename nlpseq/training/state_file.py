"""The file format of a checkpoint: a tree of values and arrays, with a digest.

    magic (8 bytes), length of the header (8 bytes, little endian), header, arrays, digest (32 bytes)

The header is JSON: the tree, in which `{"array": n}` stands for an array, and type and shape of each
array. The digest is BLAKE2b of all before it.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

MAGIC = b"nlpseq.1"
ARRAY = "\x00array"  # no key of a tree
SIZE, DIGEST = 8, 32  # bytes


def encode(tree: Any) -> Iterator[bytes | memoryview]:
    """The content of a file, in parts.

    Args:
        tree: Dicts with strings as keys, lists, tuples, NumPy arrays and numbers, and what JSON has. Tuples are read
            back as lists, arrays without axes as NumPy numbers.
    """
    arrays: list[np.ndarray] = []
    values = _without_arrays(tree, arrays)
    forms = [{"dtype": array.dtype.name, "shape": array.shape} for array in arrays]
    header = json.dumps({"tree": values, "arrays": forms}).encode()
    digest = hashlib.blake2b(digest_size=DIGEST)
    for part in (MAGIC, len(header).to_bytes(SIZE, "little"), header, *map(_bytes_of, arrays)):
        digest.update(part)
        yield part
    yield digest.digest()


def decode(content: bytes) -> Any:
    """The tree in a file.

    Raises:
        ValueError: The content is not complete, or is of another kind of file.
    """
    view = memoryview(content)
    if len(view) < len(MAGIC) + SIZE + DIGEST or view[: len(MAGIC)] != MAGIC:
        raise ValueError("not a checkpoint")
    if hashlib.blake2b(view[:-DIGEST], digest_size=DIGEST).digest() != view[-DIGEST:]:
        raise ValueError("not complete")
    start = len(MAGIC) + SIZE
    end = start + int.from_bytes(view[len(MAGIC) : start], "little")
    header, arrays = json.loads(bytes(view[start:end])), []
    for form in header["arrays"]:
        dtype, shape = np.dtype(form["dtype"]), form["shape"]
        size = dtype.itemsize * math.prod(shape)
        arrays.append(np.frombuffer(view[end : end + size], dtype).reshape(shape))
        end += size
    return _with_arrays(header["tree"], arrays)


def _bytes_of(array):
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _without_arrays(tree, arrays):
    if isinstance(tree, (np.ndarray, np.generic)) and not isinstance(tree, str):
        arrays.append(np.asarray(tree))
        return {ARRAY: len(arrays) - 1}
    if isinstance(tree, dict):
        return {name: _without_arrays(value, arrays) for name, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_without_arrays(value, arrays) for value in tree]
    return tree


def _with_arrays(tree, arrays):
    if isinstance(tree, dict):
        if ARRAY in tree:
            return arrays[tree[ARRAY]][()]
        return {name: _with_arrays(value, arrays) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_with_arrays(value, arrays) for value in tree]
    return tree
