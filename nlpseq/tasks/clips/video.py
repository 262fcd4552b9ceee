"""Clips from GIF, MP4 and other films, decoded by PyAV."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files.contents import check_file
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import How
from nlpseq.tasks.clips.settings import ClipReading

FILMS = (".gif", ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".apng", ".webp")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")


def read_film(path: Path, how: ClipReading) -> np.ndarray:
    """The frames of a film, uint8 `(time, rows, columns, 3)`; a frame of another size has that of the first.

    Raises:
        InputError: PyAV is not installed; the file is no film, or has no frames.
    """
    av = _package(path)
    check_file(path)
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise InputError(f"{path} has no pictures: give a film.")
            frames, _ = _decoded(container, how)
    except (av.error.FFmpegError, EOFError, ValueError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(f"cannot read {path}: it is no film that can be decoded ({reason.lower()}).") from None
    if not frames:
        raise InputError(f"{path} has no frames: leave it out.")
    return np.stack(frames)


def read_pictures(paths: Sequence[Path], how: ClipReading) -> np.ndarray:
    """The frames of a clip whose frames are files; they have the size of the first."""
    av = _package(paths[0])
    frames, size = [], None
    for path in paths[:: how.stride][: how.max_frames]:
        check_file(path)
        try:
            with av.open(str(path)) as container:
                picture, size = _decoded(container, How().replace(picture_size=how.picture_size, max_frames=1), size)
        except (av.error.FFmpegError, EOFError, ValueError, IndexError) as error:
            raise InputError(f"cannot read {path}: it is no picture ({type(error).__name__}).") from None
        frames += picture
    return np.stack(frames)


def _decoded(container, how, size=None):
    """Every `stride`-th frame, at most `max_frames`, and the size; the longer side has at most `picture_size`."""
    frames = []
    for number, frame in enumerate(container.decode(video=0)):
        if number % how.stride:
            continue
        if size is None:
            factor = min(1.0, how.picture_size / max(frame.width, frame.height))
            size = max(1, round(frame.width * factor)), max(1, round(frame.height * factor))
        frames.append(frame.reformat(*size, "rgb24", interpolation="AREA").to_ndarray())
        if len(frames) == how.max_frames:
            break
    return frames, size


def _package(path) -> Any:
    try:
        return importlib.import_module("av")
    except ImportError:
        raise InputError(
            f"to read {path} the package av is required: run pip install 'nlpseq[video]', or save the frames as .npy."
        ) from None
