"""Numbers that come line by line, each with its time or without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np

from nlpseq.data.files.numbers import MISSING
from nlpseq.data.files.table import normal
from nlpseq.data.series.roles import TIME
from nlpseq.data.series.times import parse_times
from nlpseq.errors import ExampleError, InputError, first_of, plural, shorten, some_of

MARKS = ";\t,"  # between the fields of a line
SHOWN = 5  # numbers of bad lines


class Lines:
    """The values of each line of a stream, with its time if it has one.

    A line is an object of JSON, or fields; these have the order of the channels, perhaps after a time, or that of a
    header. A line that cannot be read is reported and left out.

    Args:
        stream: Lines, in bytes.
        channels: Names of the channels.
    """

    def __init__(self, stream: Iterable[bytes], channels: Sequence[str]):
        self.stream, self.channels = stream, list(channels)
        self.header: list[str] | None = None
        self.renamed: list[str] | None = None
        self.count, self.bad = 0, []

    def steps(self, note: Callable[[str], None]) -> Iterator[tuple[str | None, np.ndarray]]:
        """The time, or None, and the values `(channels,)` of each line.

        Args:
            note: Called with a sentence for each bad line, for the first time that does not follow the one before, and
                if all channels have other names.

        Raises:
            InputError: A header has the names of some channels, and lacks others.
        """
        astray, previous, renamed = 0, None, False
        for number, line in enumerate(self.stream, 1):
            text = line.decode("utf-8", "replace").strip("\ufeff\r\n")
            if not text.strip():
                continue
            try:
                step = self._step(text, first=not self.count)
            except InputError as error:
                note(f"line {number} is left out: {error}")
                self.bad.append(number)
                step = None, None
            if step is None:
                self._places(self.header, len(self.header or ()))
                continue
            if self.renamed and not renamed:
                renamed = True
                note(f"{', '.join(self.renamed[-len(self.channels) :])} are used as {', '.join(self.channels)}")
            self.count += 1
            time, values = step
            if values is None:
                continue
            if previous is not None and time is not None and not _follows(time, previous):
                astray += 1
                if astray == 1:
                    note(f"line {number}: the time {time} is not after {previous}: lines are taken as they come")
            previous = time
            yield time, values
        if astray > 1:
            note(f"{astray:,} lines have a time that is not after the one before")

    def check(self) -> None:
        """Raises an `ExampleError` if lines were left out."""
        if self.bad:
            subject = some_of(len(self.bad), self.count, "line", "is", "are")
            raise ExampleError(f"{subject} left out: {first_of(self.bad, SHOWN)}.")

    def _step(self, text, first):
        """The time and the values of a line, None of a header."""
        names, fields, decimal_comma = _fields(text, len(self.channels))
        if names is None and first and self.header is None and not any(map(_is_value, fields)):
            self.header = fields
            return None
        places, time = self._places(names or self.header, len(fields))
        try:
            cells = [fields[place].replace(",", ".") if decimal_comma else fields[place] for place in places]
            values = np.array([np.nan if cell.lower() in MISSING else float(cell) for cell in cells])
        except (ValueError, IndexError):
            raise self._unlike(text) from None
        if np.isinf(values).any():
            raise InputError("a number is infinite: leave it empty if the value is missing.")
        return (None if time is None else fields[time]), values

    def _places(self, names, count):
        """The indices of the values of the channels among `count` fields, and that of the time or None."""
        channels = len(self.channels)
        if names is not None and len(names) == count:
            indices = {normal(name): index for index, name in enumerate(names)}
            places = [indices[word] for word in map(normal, self.channels) if word in indices]
            if places and len(places) < channels:
                lacking = next(name for name in self.channels if normal(name) not in indices)
                reads = shorten(", ".join(self.channels))
                raise InputError(f"there is no {shorten(repr(lacking))}: the model reads {reads}.")
            self.renamed = None if places else names
            if places:
                times = [indices[word] for word in TIME.usual if word in indices and indices[word] not in places]
                return places, next(iter(times), None)
        if count not in (channels, channels + 1):
            return [count], None
        return list(range(count - channels, count)), 0 if count > channels else None

    def _unlike(self, text):
        numbers = plural(len(self.channels), "number")
        return InputError(f"expected {numbers}, with a time before them or without, got {shorten(repr(text), 60)}.")


def _fields(text, count):
    """The names of the fields of an object of JSON, else None; the fields, and whether a comma is a decimal point."""
    if text.lstrip().startswith("{"):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            row = {}
        return list(row), ["" if cell is None else str(cell) for cell in row.values()], False
    mark = next((mark for mark in MARKS if mark in text), None)
    fields = [field.strip() for field in text.split(mark)]
    return None, fields if len(fields) >= count else text.split(), mark != ","


def _is_value(field):
    """Whether a field is a number, or a word for a missing one, as no name of a column is."""
    try:
        return field.lower() in MISSING or np.isfinite(float(field.replace(",", ".")))
    except ValueError:
        return False


def _follows(time, previous):
    """Whether a time is after another, or nothing can be said."""
    if time == previous:
        return False
    try:  # ten times as fast
        return datetime.fromisoformat(time) > datetime.fromisoformat(previous)
    except (ValueError, TypeError):  # of another form, or only one has a zone
        pass
    try:
        before, after = parse_times([previous, time], lambda index: "")
    except InputError:
        return True
    return bool(after > before)
