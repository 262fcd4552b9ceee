"""Recordings that have not been read yet: which are held out, and other texts for their labels."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nlpseq.errors import InputError, suggest


@dataclass(frozen=True)
class Recording:
    """A recording that has not been read yet.

    Attributes:
        path: The file.
        text: What is said in it.
        fields: What its name or table says beside the text, such as the speaker.
        start, seconds: The part of the file; None for all of it.
        where: The line that names the part, for messages.
    """

    path: Path
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    start: float = 0.0
    seconds: float | None = None
    where: str = ""


def held_out(recordings: Sequence[Recording], conditions: str, name: str) -> tuple[list[Recording], list[Recording]]:
    """The recordings that do not meet a condition, and those that do.

    Args:
        recordings: At least one.
        conditions: "field=value", "field=value,value", or "field=0-4"; several separated by blanks must all be met.
        name: Of the argument, for the error.

    Raises:
        InputError: there is no such field, or no recording meets it.
    """
    requirements = []
    for condition in conditions.split():
        key, mark, values = condition.partition("=")
        keys = sorted({field for recording in recordings for field in recording.fields})
        if not mark or key not in keys:
            raise InputError(f"`{name}` must be such as speaker=anna,ben, got {conditions!r}: {suggest(key, keys)}")
        requirements.append((key, {value for part in values.split(",") for value in _range(part)}))

    def meets(recording):
        return all(recording.fields.get(key) in values for key, values in requirements)

    train, held = [], []
    for recording in recordings:
        (held if meets(recording) else train).append(recording)
    if not held or not train:
        raise InputError(f"`{name}` {conditions!r} is met by {'no' if not held else 'every'} recording: change it.")
    return train, held


def _range(part):
    """The values of "0-4", or a single value."""
    match = re.fullmatch(r"(\d+)-(\d+)", part)
    return map(str, range(int(match.group(1)), int(match.group(2)) + 1)) if match else [part]


def with_texts(recordings: Sequence[Recording], texts: Mapping[str, str]) -> list[Recording]:
    """The recordings with other texts for labels: {"7": "seven"}."""
    return [replace(recording, text=texts.get(recording.text.strip(), recording.text)) for recording in recordings]
