"""Samples of a sound, and several sounds in one array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sound:
    """Samples at the rate of the model, and what they are called.

    Attributes:
        name: Path of the file.
        samples: float32 `(samples,)`.
    """

    name: str
    samples: np.ndarray


def padded(sounds: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sounds with zeros behind them, float32 `(batch, samples)`, one sample at least, and their lengths, int32.

    >>> padded([np.ones(1), np.ones(2)])[0].tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    return padded_rows(sounds, 0.0, np.float32, 1), np.array([len(sound) for sound in sounds], np.int32)


def padded_rows(rows: Sequence[Sequence | np.ndarray], value: Any, dtype: Any, least: int = 0) -> np.ndarray:
    """Rows of any length as an array `(rows, longest)`.

    Args:
        rows: The rows.
        value: Of the places behind the end of a row.
        dtype: Of the array.
        least: Columns, at least. Default 0.
    """
    array = np.full([len(rows), max([least, *map(len, rows)])], value, dtype)
    for places, row in zip(array, rows):
        places[: len(row)] = row
    return array
