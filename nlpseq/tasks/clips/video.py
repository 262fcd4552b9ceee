"""Clips from GIF, MP4 and other films, decoded by PyAV."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files.contents import check_file
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import ReadingOptions
from nlpseq.tasks.clips.settings import ClipReading

FILMS = (".gif", ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".apng", ".webp")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")


def has_package() -> bool:
    """Whether PyAV is installed, without which no film is read."""
    return importlib.util.find_spec("av") is not None


def read_film(path: Path, options: ClipReading) -> tuple[np.ndarray, list[str]]:
    """The frames of a film, uint8 `(time, rows, columns, 3)`, and a note on those of another size than the first.

    Raises:
        InputError: PyAV is not installed; the file is not a film, or has no frames.
    """
    av = _package(path)
    check_file(path)
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise InputError(f"{path} has no pictures: give a film.")
            frames, size, resized = _decoded(container, options)
    except (av.error.FFmpegError, EOFError, ValueError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(f"cannot read {path}: it is not a film that can be decoded ({reason.lower()}).") from None
    if not frames:
        raise InputError(f"{path} has no frames: leave it out.")
    return np.stack(frames), _resizing_notes(path, size, resized)


def read_pictures(paths: Sequence[Path], options: ClipReading) -> tuple[np.ndarray, list[str]]:
    """The frames of a clip whose frames are files, and a note on those of another size than the first."""
    av = _package(paths[0])
    frames, size, resized = [], None, 0
    for path in paths[:: options.stride][: options.max_frames]:
        check_file(path)
        try:
            with av.open(str(path)) as container:
                picture, size, other = _decoded(
                    container, ReadingOptions().replace(picture_size=options.picture_size, max_frames=1), size
                )
        except (av.error.FFmpegError, EOFError, ValueError, IndexError) as error:
            raise InputError(f"cannot read {path}: it is not a picture ({type(error).__name__}).") from None
        frames += picture
        resized += other
    return np.stack(frames), _resizing_notes(paths[0].parent, size, resized)


def _resizing_notes(path, size, resized):
    verb = "is" if resized == 1 else "are"
    return [f"{path}: {resized:,} of the pictures {verb} made {size[1]} x {size[0]}, as the first one"] * bool(resized)


def _decoded(container, reading, size=None):
    """Every `stride`-th frame, at most `max_frames`, with the size of the first, and how many have another one.

    The size is given for frames behind the first file. The longer side has at most `picture_size`.
    """
    frames, others = [], 0
    for number, frame in enumerate(container.decode(video=0)):
        if number % reading.stride:
            continue
        size = size or (frame.width, frame.height)
        others += (frame.width, frame.height) != size
        factor = min(1.0, reading.picture_size / max(size))
        target = (max(1, round(side * factor)) for side in size)
        frames.append(frame.reformat(*target, "rgb24", interpolation="AREA").to_ndarray())
        if len(frames) == reading.max_frames:
            break
    return frames, size, others


def _package(path) -> Any:
    try:
        return importlib.import_module("av")
    except ImportError:
        raise InputError(
            f"to read {path} the package av is required: run pip install 'nlpseq[video]', or save the frames as .npy."
        ) from None
