"""Folders as of Kaldi: `wav.scp` and `text`, with `segments` and `utt2spk` if there are any."""

import math
import os
import re
from pathlib import Path
from typing import NamedTuple

from nlpseq.data.files import paths
from nlpseq.data.files.contents import read_lines
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.tasks.speech.recordings import Recording


def recordings_of(folder: Path, encoding: str | None = None) -> list[Recording]:
    """The recordings of `wav.scp` and `text`, with `segments` and `utt2spk` if there are any.

    Raises:
        InputError: a line names no recording, or has another form.
    """
    tables = {name: _lines_by_id(folder / name, encoding) for name in ("wav.scp", "text", "segments", "utt2spk")}
    if not tables["text"]:
        raise InputError(f"folder {folder} has wav.scp and no text: expected a line `id words` for each recording.")
    files = {}
    for name, line in tables["wav.scp"].items():
        if line.rest.endswith("|"):
            raise InputError(f"{folder / 'wav.scp'} has a command for {name!r}: write the files first, and name them.")
        if not line.rest:
            raise InputError(f"{folder / 'wav.scp'} has no file for {name!r}: add its path behind the name.")
        files[name] = _beside(folder, line.rest)
    recordings = []
    for name, text in tables["text"].items():
        source, start, seconds, where = name, 0.0, None, ""
        if tables["segments"]:
            if name not in tables["segments"]:
                raise InputError(f"{folder / 'segments'} has no line `{name} recording start end`: add it.")
            where = tables["segments"][name].where
            source, start, seconds = _segment(tables["segments"][name])
        if source not in files:
            raise InputError(f"{folder / 'wav.scp'} has no recording {source!r}, which text names: add a line.")
        fields = {"speaker": tables["utt2spk"][name].rest} if name in tables["utt2spk"] else {}
        recordings.append(Recording(files[source], text.rest, fields, start, seconds, where))
    return recordings


class Line(NamedTuple):
    """What stands behind the id of a line, and the place of the line."""

    rest: str
    where: str


def _lines_by_id(file, encoding) -> dict[str, Line]:
    """The lines `id rest` of a file, empty if there is none."""
    lines: dict[str, Line] = {}
    for number, line in enumerate(read_lines(file, encoding) if os.path.isfile(file) else (), start=1):
        name, _, rest = re.sub(r"\s+", " ", line.strip(), count=1).partition(" ")
        if name in lines:
            raise InputError(f"{file}, line {number}: the id {shorten(name)!r} is used before: give each line its own.")
        if name:
            lines[name] = Line(rest, f"{file}, line {number}")
    return lines


def _segment(line: Line) -> tuple[str, float, float | None]:
    """Recording, start and length of a line of `segments`; a negative end is that of the recording."""
    parts = line.rest.split()
    try:
        source, start, end = parts[0], *map(float, parts[1:])
    except (ValueError, IndexError):
        raise InputError(
            f"{line.where}: expected `id recording start end` with seconds, got {shorten(repr(line.rest), 60)}."
        ) from None
    if not (0 <= start < end < math.inf or (end < 0 <= start)):
        raise InputError(
            f"{line.where}: the segment from {start:g} to {end:g} s is empty: give an end behind its start."
        )
    return source, start, None if end < 0 else end - start


def _beside(folder, place):
    """A path of `wav.scp`: as it stands, or from the folder."""
    path = as_path(place)
    path = path if path.is_absolute() or paths.in_any_case(path) else folder / path
    return paths.in_any_case(path) or path
