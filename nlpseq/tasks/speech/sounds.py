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


def as_floats(samples: Any) -> np.ndarray:
    """Samples as float32; those of whole numbers of 8, 16 or 32 bits, as WAV files have them, from -1 to 1.

    >>> as_floats(np.array([-32768, 16384], np.int16)).tolist(), as_floats(np.array([0, 192], np.uint8)).tolist()
    ([-1.0, 0.5], [-1.0, 0.5])
    """
    samples = np.asarray(samples)
    bits = 8 * samples.dtype.itemsize
    if samples.dtype.kind in "iu" and bits <= 32:
        half = 2.0 ** (bits - 1)
        samples = (samples - half * (samples.dtype.kind == "u")) / half
    return samples.astype(np.float32)


def padded(sounds: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sounds, as of `as_floats`, with zeros behind them, `(batch, samples)`, one at least; and their lengths, int32.

    >>> padded([np.ones(1), np.ones(2)])[0].tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    sounds = [as_floats(sound) for sound in sounds]
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
