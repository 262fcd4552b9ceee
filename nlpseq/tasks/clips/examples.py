"""Sequences without a dataset: the arrays of a program, and examples that stand for data, made up and odd."""

from collections.abc import Sequence

import numpy as np

from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import Clip


class Arrays:
    """Arrays with `lengths` and `clip(index)` like `nlpseq.data.Clips`, without a copy of their frames.

    Args:
        arrays: Frames of each sequence, array-likes `(time, *frame)`.
        frame: The shape of a frame.

    Raises:
        InputError: a sequence has frames of another shape, or none.
    """

    def __init__(self, arrays: Sequence, frame: tuple[int, ...]):
        self.arrays = [np.asarray(array) for array in arrays]
        self.lengths = np.array([len(array) for array in self.arrays], int)
        for number, array in enumerate(self.arrays, start=1):
            if array.shape[1:] != frame or not len(array):
                raise InputError(
                    f"clip {number} has the shape {array.shape}: expected frames of shape {frame}, one at least."
                )

    def clip(self, index: int) -> np.ndarray:
        """The frames of a sequence."""
        return self.arrays[index]


def random_clips(mean: np.ndarray, scale: np.ndarray, frame: tuple[int, ...], count: int) -> list[Clip]:
    """Random sequences around the means of the training data, of many lengths.

    Args:
        mean, scale: Mean and standard deviation of the channels, float `(channels,)`.
        frame: The shape of a frame.
        count: Number of sequences.
    """
    random = np.random.default_rng(0)
    lengths = random.integers(1, 30, size=count)
    return [Clip((mean + scale * random.normal(size=(length, *frame))).astype(np.float32)) for length in lengths]


def odd(frame: tuple[int, ...]) -> dict[str, Clip]:
    """Clips that no data set has, by what they are."""
    one, long = np.zeros((1, *frame), np.float32), np.ones((300, *frame), np.float32)
    missing = np.where(np.arange(5).reshape(-1, *[1] * len(frame)) % 2, np.nan, 1.0) * one
    clips = {
        "a clip of one frame": one,
        "a clip of 300 frames": long,
        "a frame of 1e9": one + 1e9,
        "a frame of -1e9": one - 1e9,
        "a clip with missing frames": missing,
    }
    return {called: Clip(frames.astype(np.float32)) for called, frames in clips.items()}
