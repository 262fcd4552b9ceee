"""A sequence of frames as it is read from a file, and the size of its pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nlpseq.errors import InputError, plural
from nlpseq.tasks.clips.settings import ClipReading

LEAST_PICTURE = 8  # rows and columns from which the last axes of an array are a picture; fewer are joints and the like
MOST_CHANNELS = 4  # of a picture: grey, grey and alpha, red green blue, and alpha


@dataclass(frozen=True)
class ReadingOptions(ClipReading):
    """How clips are read, with the settings of files."""

    delimiter: str | None = None
    """Delimiter of the columns of files."""
    encoding: str | None = None
    """Encoding of files."""


@dataclass(frozen=True)
class Clip:
    """A sequence of frames.

    Attributes:
        frames: Vectors `(time, channels)`, float32, or pictures `(time, rows, columns, channels)`, uint8 or float32.
        label: Its class; a list with one for each frame; None if it is not known.
        name: What it is called in messages and answers.
    """

    frames: Any
    label: Any = None
    name: str = ""


@dataclass(frozen=True)
class Part:
    """The clips of a split.

    Attributes:
        clips: The clips.
        channels: Names of the channels of vectors, if they have names.
        notes: Sentences about problems in them.
        width: Number of values in a row, of a table whose rows are sequences; 0 for all else.
    """

    clips: list[Clip]
    channels: tuple[str, ...] | None = None
    notes: list[str] = field(default_factory=list)
    width: int = 0


def as_frames(values: Any, name: str, options: ClipReading) -> np.ndarray:
    """The frames of an array-like, as `Clip` has them: strided and cut, with an axis of channels.

    Args:
        values: `(time,)`, `(time, channels)`, `(time, joints, coordinates)`, `(time, rows, columns)` or
            `(time, rows, columns, channels)`; with 8 rows and columns or more the last two are pictures. Channels of
            pictures may stand first or second.
        name: Of the clip, for messages.
        options: Stride, greatest number of frames, and greatest size of pictures.

    Raises:
        InputError: the frames are not numbers, or of unequal size, or there are none.
    """
    try:
        frames = np.asarray(values)
        if frames.dtype == object or frames.dtype.kind in "USb":
            frames = np.asarray(frames.tolist(), np.float32)
    except (ValueError, TypeError):
        raise InputError(f"{name}: expected frames of numbers, all of one size: make them equal.") from None
    if frames.dtype.kind not in "fiu":
        raise InputError(f"{name}: expected frames of numbers, got values of type {frames.dtype}.")
    if not frames.ndim or not frames.size:
        raise InputError(f"{name} has no frames: leave it out, or give one frame at least.")
    frames = _channels_last(frames)[:: options.stride][: options.max_frames]
    frames = frames if is_picture(frames.shape[1:]) else frames.reshape(len(frames), -1)
    if frames.ndim == 3:
        frames = frames[..., np.newaxis]
    if frames.dtype != np.uint8 or frames.ndim != 4:
        with np.errstate(over="ignore"):  # infinite values count as missing
            frames = frames.astype(np.float32)
    return smaller(frames, options.picture_size) if frames.ndim == 4 else frames


def _channels_last(frames):
    """Pictures whose channels are the second or the first of four axes with the channels behind the others."""
    if frames.ndim == 4 and not is_picture(frames.shape[1:]) and min(frames.shape[2:]) >= LEAST_PICTURE:
        axis = next((axis for axis in (1, 0) if frames.shape[axis] in (1, 3, 4)), None)
        return frames if axis is None else np.moveaxis(frames, axis, -1)
    return frames


def is_picture(shape: Sequence[int]) -> bool:
    """Whether frames of this shape are pictures.

    >>> is_picture((16, 16)), is_picture((64, 48, 3)), is_picture((25, 3)), is_picture((17, 2, 2))
    (True, True, False, False)
    """
    if len(shape) == 3 and shape[2] > MOST_CHANNELS:
        return False
    return len(shape) in (2, 3) and min(shape[:2]) >= LEAST_PICTURE


def smaller(frames: np.ndarray, most: int) -> np.ndarray:
    """Pictures whose longer side has at most so many rows or columns."""
    factor = most / max(frames.shape[1:3])
    if factor >= 1:
        return frames
    rows, columns = (max(1, round(size * factor)) for size in frames.shape[1:3])
    return resized(frames, rows, columns)


def resized(frames: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Pictures in another size, by linear interpolation, which averages where they become smaller.

    Args:
        frames: `(time, rows, columns, channels)`.
        rows, columns: The new size; the ratio of both is not kept.

    Example:

    >>> resized(np.array([[[[0.0], [4.0]]]]), 1, 1).ravel().tolist()
    [2.0]
    """
    if frames.shape[1:3] == (rows, columns):
        return frames
    down, right = _weights(frames.shape[1], rows), _weights(frames.shape[2], columns)
    result = np.einsum("ri,tijc,kj->trkc", down, frames.astype(np.float32), right, optimize=True)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8) if frames.dtype == np.uint8 else result


def _weights(old, new):
    """The weights `(new, old)` of a triangular filter, as wide as a new pixel or an old one."""
    scale = max(1.0, old / new)
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    weights = np.maximum(0, 1 - np.abs(centres[:, np.newaxis] - np.arange(old)) / scale)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def fitted(clip: Clip, shape: Sequence[int]) -> Clip:
    """A clip with frames of a shape: pictures are resized, and made grey or coloured; vectors must have it.

    Raises:
        InputError: the frames are of another kind, or have another number of channels.
    """
    frames = clip.frames
    if len(shape) != frames.ndim - 1:
        raise InputError(
            f"{clip.name} holds {_kind(frames.shape[1:])}, and the others {_kind(shape)}: give clips of one kind."
        )
    if frames.ndim == 4:
        frames = resized(with_channels(frames, shape[2], clip.name), *shape[:2])
    elif frames.shape[1] != shape[0]:
        own = plural(frames.shape[1], "channel")
        raise InputError(f"{clip.name} has {own}, expected {shape[0]}: give those of the others.")
    return Clip(frames, clip.label, clip.name)


def with_channels(frames: np.ndarray, channels: int, name: str = "the clip") -> np.ndarray:
    """Pictures with a number of channels: alpha is dropped, grey is repeated, colours are averaged."""
    own = frames.shape[3]
    if own == channels:
        return frames
    colours = frames[..., : 1 if own <= 2 else 3]
    if channels == 1:
        return np.rint(colours.mean(axis=3, keepdims=True)).astype(frames.dtype)
    if channels == 3:
        return np.repeat(colours, 3, axis=3) if own <= 2 else colours
    raise InputError(f"{name} has pictures of {plural(own, 'channel')}, expected {channels}: give those of the others.")


def is_grey(frames: np.ndarray) -> bool:
    """Whether the colours of all pixels are equal."""
    return frames.shape[3] >= 3 and bool((frames[..., :1] == frames[..., 1:3]).all())


def _kind(shape):
    return f"vectors of {plural(shape[0], 'channel')}" if len(shape) == 1 else "pictures"
