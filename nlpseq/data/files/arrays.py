"""Arrays of numbers in files of NumPy."""

from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files.contents import check_file
from nlpseq.errors import InputError, first_of

SUFFIXES = (".npy", ".npz")
USUAL = ("x", "data", "values")  # of several arrays in a .npz file


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz by name, or the one of a .npy as "x".

    Raises:
        InputError: it cannot be read, or holds Python objects, which could run code.
    """
    check_file(path)
    try:
        loaded: Any = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"x": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except Exception as error:  # damaged files raise errors of many classes
        if "Object arrays" in str(error):
            raise InputError(
                f"cannot read {path}: it holds Python objects, which may run code: save padded frames and an array "
                "`lengths` as .npz instead."
            ) from None
        raise InputError(f"cannot read {path}: no NumPy file, or a damaged one ({type(error).__name__}).") from None


def load_array(path: Path, most_axes: int = 2) -> np.ndarray:
    """The array of a .npy file, or that of a .npz file with one, or with one called "data", float64.

    Raises:
        InputError: it cannot be read, holds no numbers, or has more than `most_axes` axes, of which the first are
            steps and channels.
    """
    arrays = load_arrays(path)
    names = [name for name in USUAL if name in arrays] if len(arrays) > 1 else list(arrays)
    if not names:
        raise InputError(f"{path} has the arrays {first_of(list(arrays))}: expected one, or one called data.")
    array = arrays[names[0]]
    if array.dtype.kind not in "fiub" or not 1 <= array.ndim <= most_axes:
        raise InputError(f"{path}: expected an array of numbers, (steps,) or (steps, channels).")
    if not array.size:
        raise InputError(f"{path} is empty: expected an array of numbers, (steps,) or (steps, channels).")
    return array.astype(float)
