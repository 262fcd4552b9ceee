"""Rows of different lengths as one array."""

from collections.abc import Sequence

import numpy as np


def padded(rows: Sequence[np.ndarray | Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows padded with zeros to the length of the longest, and to one step at least.

    Args:
        rows: int, `(time, ...)` each.

    Returns:
        int32 `(rows, longest, ...)`, and the lengths `(rows,)`.
    """
    arrays = [np.asarray(row, np.int32) for row in rows]
    lengths = np.array([len(array) for array in arrays], np.int32)
    ids = np.zeros((len(arrays), max([1, *lengths]), *arrays[0].shape[1:]), np.int32)
    for row, array in zip(ids, arrays):
        row[: len(array)] = array
    return ids, lengths
