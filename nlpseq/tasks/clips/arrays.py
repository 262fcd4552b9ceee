"""Clips in NumPy files: .npy of one array, .npz of several by name, folders of .npy."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.paths import split_of
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.clips.cells import label_name
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions, as_frames, is_picture

ARRAYS = (".npy", ".npz")
FEW_FRAMES = 16  # of a clip whose channels are so many times as many
FRAMES = ("x", "data", "frames", "clips", "sequences", "inputs", "features", "images", "videos", "series", "samples")
LABELS = ("y", "labels", "label", "targets", "target", "classes", "class")
LENGTHS = ("lengths", "length", "n frames", "frame counts")


def parts_of(arrays: Mapping[str, np.ndarray], place: str, options: ReadingOptions) -> dict[str, Part]:
    """The clips by split of arrays by name, such as x_train, y_train, x_test, y_test, or x, y and lengths.

    Raises:
        InputError: there are no frames, or numbers of clips, labels and lengths differ.
    """
    splits: dict[str, dict[str, np.ndarray]] = {}
    if set(arrays) == {"arr_0", "arr_1"}:  # of `np.savez` without names
        arrays = {"x": arrays["arr_0"], "y": arrays["arr_1"]}
    for name, values in arrays.items():
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)  # trainX
        splits.setdefault(split_of(name) or "train", {})[role_of(name)] = values
    filled = {split: by_role for split, by_role in splits.items() if "frames" in by_role}
    if not filled:
        names = ", ".join(arrays)
        raise InputError(f"{place}: expected arrays of frames and labels such as x and y; it has {shorten(names)}.")
    return {
        split: Part(
            _clips(by_role["frames"], by_role.get("labels"), by_role.get("lengths"), f"{place}, {split}", options),
            notes=_of_axes(by_role["frames"], place) if split == "train" else [],
        )
        for split, by_role in filled.items()
    }


def _of_axes(frames, place):
    """A note on clips of few frames with many channels, whose axes may be in another order."""
    if frames.ndim != 3 or frames.shape[1] >= FEW_FRAMES or frames.shape[2] < FEW_FRAMES * frames.shape[1]:
        return []
    counts = f"{plural(frames.shape[1], 'frame')} of {plural(frames.shape[2], 'channel')}"
    return [f"{place}: a clip is {counts}; transpose the array if its channels stand before the time"]


def role_of(name):
    words = " ".join(word for word in re.split(r"[\W_]+", name.lower()) if word and not split_of(word))
    for role, usual in (("frames", FRAMES), ("labels", LABELS), ("lengths", LENGTHS)):
        if words in usual:
            return role
    return words


def _clips(frames, labels, lengths, place, options):
    """Clips of padded frames `(clips, time, ...)`, or with lengths also of `(frames of all, ...)`."""
    for role, values in (("frames", frames), ("labels", labels), ("lengths", lengths)):
        if values is not None and not np.ndim(values):
            raise InputError(
                f"{place}: expected {role} as an array, one for each clip, got {shorten(repr(values), 40)}."
            )
    if lengths is not None and (lengths.ndim > 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any()):
        raise InputError(
            f"{place}: expected lengths as whole numbers, one for each clip, got {lengths.dtype} of shape "
            f"{lengths.shape}."
        )
    if lengths is not None and len(frames) == int(np.sum(lengths)) and len(lengths) != len(frames):
        rows = np.split(frames, np.cumsum(lengths.astype(int))[:-1])
    else:
        rows = list(frames)
        if lengths is not None:
            check_count(place, len(rows), len(lengths), "lengths")
            most = frames.shape[1] if frames.ndim > 1 else 0
            if (lengths > most).any():
                number = int(np.argmax(lengths > most))
                raise InputError(
                    f"{place}, clip {number + 1}: the length is {lengths[number]:,}, and the array has {most:,} "
                    "frames: give lengths of frames that are there."
                )
            rows = [row[: int(length)] for row, length in zip(rows, lengths)]
    if labels is not None:
        check_count(place, len(rows), len(labels), "labels")
    return [
        Clip(
            as_frames(row, f"{place}, clip {number}", options), label_of(labels, number - 1), f"{place}, clip {number}"
        )
        for number, row in enumerate(rows, start=1)
    ]


def check_count(place: str, clips: int, others: int, unit: str) -> None:
    """Raises an `InputError` unless there are as many labels or lengths as clips."""
    if clips != others:
        raise InputError(f"{place}: there are {clips} clips and {others} {unit}: give one for each clip.")


def label_of(labels: Any, index: int) -> Any:
    """The label of a clip: a name, or a list with one for each frame; of a one-hot row the number of its class."""
    if labels is None:
        return None
    label = labels[index]
    if isinstance(label, np.ndarray) and label.ndim:
        one_hot = label.ndim == 1 and set(np.unique(label).tolist()) == {0, 1} and label.sum() == 1
        if one_hot:
            return str(int(label.argmax()))
        return label_name(label[0]) if label.size == 1 else [label_name(value) for value in label]
    if isinstance(label, (list, tuple)):
        return [label_name(value) for value in label]
    return label_name(label)


def are_rows(first: Sequence[int], frame: Sequence[int]) -> bool:
    """Whether the first element of an array is a sequence of one channel, and no frame of that: its shape tells.

    >>> are_rows((60,), (1,)), are_rows((1,), (1,)), are_rows((60,), (60,))
    (True, False, False)
    """
    return tuple(frame) == (1,) and len(first) == 1 and first[0] != 1


def clips_of_array(frames: np.ndarray, name: str, frame: Sequence[int], options: ReadingOptions) -> list[Clip]:
    """The clips of an array without labels: one, or many if it has an axis more.

    Args:
        frames: The array.
        name: Of the file.
        frame: The shape of a frame of the model: `(channels,)` or `(rows, columns, channels)`.
        options: Stride, and greatest numbers and sizes.
    """
    if len(frame) == 1:
        one = frames.ndim <= 2 and not are_rows(frames.shape[1:], frame)
    else:
        one = is_picture(frames.shape[1:]) and not is_picture(frames.shape[2:])
    if one:
        return [Clip(as_frames(frames, name, options), None, name)]
    return _clips(frames, None, None, name, options)
