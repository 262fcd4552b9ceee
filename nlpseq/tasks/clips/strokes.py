"""Pen strokes in the UNIPEN format, and series in the .ts format of the UEA archive."""

import re

import numpy as np

from nlpseq.errors import InputError, shorten
from nlpseq.tasks.clips.frames import Clip, Part

SEGMENT = re.compile(r'\.SEGMENT\s.*"(.*)"')
PEN = ("x", "y", "pen")


def is_unipen(text: str) -> bool:
    """Whether a text has segments in the UNIPEN format."""
    return ".SEGMENT" in text and ".PEN_DOWN" in text


def read_unipen(text: str, place: str) -> Part:
    """A clip for each segment of a UNIPEN file: `x`, `y`, and `pen`, which is 1 at the last point of a stroke.

    Raises:
        InputError: a line is not in the format; there are points before the first segment.
    """
    segments: list[tuple[str | None, str, list]] = []  # label, name, points
    down = False
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if words[0] == ".SEGMENT":
            label = SEGMENT.match(line)
            segments.append((label.group(1) if label else None, f"{place}, line {number}", []))
        elif words[0] in (".PEN_DOWN", ".PEN_UP"):
            down = words[0] == ".PEN_DOWN"
            if not down and segments and segments[-1][2]:
                segments[-1][2][-1][2] = 1.0
        elif not words[0].startswith(".") and down:
            if not segments:
                raise InputError(f"{place}, line {number}: there are points before the first .SEGMENT with a label.")
            segments[-1][2].append([*_point(words, place, number), 0.0])
    return Part([Clip(np.array(points, np.float32), label, name) for label, name, points in segments], PEN)


def _point(words, place, number):
    try:
        return float(words[0]), float(words[1])
    except (ValueError, IndexError):
        raise InputError(
            f"{place}, line {number}: expected the numbers x and y of a point, got {shorten(' '.join(words), 40)!r}."
        ) from None


def _parts(text, marker, place):
    """What stands before and behind the line @data."""
    parts = re.split(marker, text, maxsplit=1)
    if len(parts) < 2:
        raise InputError(f"{place}: expected a line @data before the series.")
    return parts


def read_ts(text: str, place: str) -> Part:
    """A clip for each line of a .ts file: the values of each channel, separated by colons, and the class.

    Raises:
        InputError: a line is not in the format.
    """
    head, body = _parts(text, r"(?im)^@data\s*$", place)
    labelled = re.search(r"(?im)^@classlabel\s+true", head) is not None
    if re.search(r"(?im)^@timestamps\s+true", head):
        raise InputError(f"{place} has time stamps in its series: write them without, in equal steps.")
    clips, start = [], head.count("\n") + 1
    for number, line in enumerate(body.split("\n"), start=start):
        if not line.strip() or line.startswith(("#", "%")):
            continue
        parts = line.strip().split(":")
        label = parts.pop().strip() if labelled else None
        name = f"{place}, line {number}"
        clips.append(Clip(_channels(parts, name), label, name))
    return Part(clips)


def read_arff(text: str, place: str) -> Part:
    """A clip for each line of an .arff file: the values of one channel, or in quotes those of each, and the class.

    Raises:
        InputError: a line is not in the format.
    """
    head, body = _parts(text, r"(?im)^\s*@data\s*$", place)
    clips = []
    for number, line in enumerate(body.split("\n"), start=head.count("\n") + 1):
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        match = re.fullmatch(r"\s*(['\"])(.*)\1\s*,\s*(.*)", line.strip())
        parts, label = (
            (match[2].split("\\n"), match[3]) if match else ([line.rpartition(",")[0]], line.rpartition(",")[2])
        )
        name = f"{place}, line {number}"
        clips.append(Clip(_channels(parts, name), label.strip().strip("'\""), name))
    return Part(clips)


def _channels(parts, name):
    """The channels side by side; a shorter one ends with missing values."""
    try:
        columns = [[float(value.replace("?", "nan")) for value in part.split(",") if value.strip()] for part in parts]
    except ValueError:
        raise InputError(f"{name}: expected numbers separated by commas, and channels by colons.") from None
    longest = max(map(len, columns), default=0)
    return np.array([[*column, *[np.nan] * (longest - len(column))] for column in columns], np.float32).T
