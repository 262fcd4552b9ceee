"""Sounds and texts that are Python objects: arrays of samples, or paths, in pairs, in columns and in rows."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.data.files import objects
from nlpseq.data.files.audio import Resampler
from nlpseq.data.files.table import normal
from nlpseq.data.files.values import is_missing
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.tasks.speech.own import AUDIO, SPEAKER, TEXT
from nlpseq.tasks.speech.recordings import Recording
from nlpseq.tasks.speech.sounds import as_floats

EXPECTED = "a list of (samples, text), two lists, or a table with columns such as audio and text"
Item = tuple[Any, str, dict[str, str]]  # a sound, its text, and what else is known of it


def items_of(data: Any) -> dict[str, list[Item]]:
    """The sounds of an object by split, each with its text and fields.

    Args:
        data: Pairs of a sound and a text; a tuple of a list of sounds and a list of texts; rows with members such as
            "audio" and "text", a frame, or a dataset of Hugging Face; or a dict of these by split. A sound is an array,
            a dict with "array" and "sampling_rate", or a path.

    Raises:
        InputError: it is none of these.
    """
    return {split: _items(part) for split, part in objects.training_and_others(data).items()}


def _items(data) -> list[Item]:
    if isinstance(data, tuple) and len(data) == 2 and _are_texts(data[1]):
        sounds, texts = map(list, data)
        if len(sounds) != len(texts):
            raise InputError(f"there are {len(sounds)} sounds and {len(texts)} texts: give a text for each sound.")
        return [(sound, str(text), {}) for sound, text in zip(sounds, texts)]
    if isinstance(data, (list, tuple)) and not any(isinstance(row, Mapping) for row in data):
        if not all(isinstance(row, (list, tuple)) and len(row) == 2 for row in data):
            raise InputError(f"expected {EXPECTED}, got {shorten(repr(data[0]), 60)}.")
        return [(sound, _text(text), {}) for sound, text in data]
    rows = data if isinstance(data, (list, tuple)) else _rows(data)
    return [_of_row(row) for row in rows]


def _are_texts(values):
    values = values.tolist() if hasattr(values, "tolist") else values
    return isinstance(values, (list, tuple)) and bool(values) and all(isinstance(text, str) for text in values)


def _text(text):
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else "" if is_missing(text) else str(text)


def _rows(data):
    if hasattr(data, "column_names") and hasattr(data, "features"):  # of Hugging Face, whose sounds are decoded by row
        return [dict(row) for row in data]
    table = objects.training_table(data)
    columns = [table.values(name) for name in table.names]
    return [dict(zip(map(str, table.names), cells)) for cells in zip(*columns)]


def _of_row(row) -> Item:
    names = {normal(name): name for name in reversed(list(row))}
    sound, text = (next((names[word] for word in words if word in names), None) for words in (AUDIO, TEXT))
    if sound is None or text is None:
        raise InputError(f"expected {EXPECTED}; the columns are {shorten(', '.join(map(str, row)))}.")
    fields = {normal(name): str(value) for name, value in row.items() if isinstance(value, (str, int, float))}
    speaker = next((names[word] for word in SPEAKER if word in names), None)
    return row[sound], _text(row[text]), fields | ({"speaker": str(row[speaker])} if speaker else {})


def recordings_of(items: list[Item]) -> list[Recording] | None:
    """The recordings of sounds that are paths; None if they are samples."""
    if not items or not all(isinstance(sound, (str, PathLike)) for sound, _, _ in items):
        return None
    return [Recording(Path(as_path(sound)), text, fields) for sound, text, fields in items]


def rate_of(sound: Any) -> int | None:
    """The samples a second of a dict of a sound; None of an array."""
    return int(sound["sampling_rate"]) if isinstance(sound, Mapping) and sound.get("sampling_rate") else None


def samples_of(sound: Any, rate: int) -> np.ndarray:
    """The samples of an array or a dict of a sound at a rate, the mean of its channels, float32 `(samples,)`.

    Whole numbers are parts of the greatest that their type has; of two axes the shorter one is that of the channels.

    Raises:
        InputError: it is no sound.
    """
    array = sound.get("array") if isinstance(sound, Mapping) else sound
    array = np.asarray(array if array is not None else "")
    if array.dtype.kind not in "fiu" or not 1 <= array.ndim <= 2:
        raise InputError(f"expected the samples of a sound, got {shorten(repr(sound), 60)}.")
    array = as_floats(array)
    if array.ndim == 2:
        array = array.mean(axis=int(np.argmin(array.shape)))
    samples = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
    resampler = Resampler(rate_of(sound) or rate, rate)
    return np.concatenate([resampler(samples), resampler.finish()])
