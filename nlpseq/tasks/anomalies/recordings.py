"""Recordings: numbers over time with the places of their anomalies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Scores = Sequence[np.ndarray]  # of each recording, float (steps,)
Windows = Sequence[tuple[int, int]]  # first and last index of each anomaly, in ascending order


def windows_of(labels: np.ndarray) -> Windows:
    """The runs of True in labels `(steps,)`.

    >>> windows_of(np.array([0, 1, 1, 0, 1]))
    ((1, 2), (4, 4))
    """
    edges = np.flatnonzero(np.diff(np.asarray(labels, np.int8), prepend=0, append=0))
    return tuple((int(left), int(right) - 1) for left, right in zip(edges[::2], edges[1::2]))


def united(windows: Iterable[tuple[int, int]], touching: bool = False) -> Windows:
    """Windows in ascending order, those that overlap as one; or also those without a step between them.

    >>> united([(7, 9), (1, 3), (2, 5)])
    ((1, 5), (7, 9))
    """
    result: list[tuple[int, int]] = []
    for left, right in sorted(windows):
        if result and left <= result[-1][1] + touching:
            result[-1] = (result[-1][0], max(right, result[-1][1]))
        else:
            result.append((left, right))
    return tuple(result)


def day_of(seconds: np.ndarray) -> int:
    """The steps of a day, of the times of steps in seconds; 0 if they are not a whole number, or fewer than 4.

    >>> day_of(np.arange(10) * 300.0), day_of(np.arange(10) * 86400.0)
    (288, 0)
    """
    step = float(np.median(np.abs(np.diff(seconds)))) if len(seconds) > 1 else 0.0
    count = round(86_400 / step) if step else 0
    return count if count >= 4 and abs(count * step - 86_400) < step / 2 else 0


@dataclass(frozen=True)
class Recording:
    """One series of one or several channels.

    Attributes:
        name: Name of the series, or of its file.
        values: float64 `(steps, channels)`, NaN where a value is missing.
        windows: First and last index of each anomaly; None where nothing is known of them.
        start: First step that is evaluated; a detector may use those before to learn the range of the series.
        times: The time of each step, as it is written; None where steps are only counted.
        season: Steps of a day; 0 where steps are only counted, or are days.
    """

    name: str
    values: np.ndarray
    windows: Windows | None = None
    start: int = 0
    times: Sequence[str] | None = None
    season: int = 0

    def __len__(self):
        return len(self.values)

    @property
    def labels(self) -> np.ndarray:
        """Whether each step is of an anomaly, bool `(steps,)`."""
        labels = np.zeros(len(self), bool)
        for left, right in self.windows or ():
            labels[left : right + 1] = True
        return labels

    @property
    def normal(self) -> np.ndarray:
        """Whether each step is evaluated and of no anomaly, bool `(steps,)`."""
        return ~self.labels & (np.arange(len(self)) >= self.start)

    def until(self, end: int, start: int = 0) -> "Recording":
        """The first `end` steps, of which those from `start` on are evaluated."""
        windows = self.windows
        if windows is not None:
            windows = tuple((left, min(right, end - 1)) for left, right in windows if left < end)
        times = None if self.times is None else self.times[:end]
        return replace(self, values=self.values[:end], windows=windows, start=start, times=times)


@dataclass(frozen=True)
class Recordings:
    """The recordings of a split."""

    items: list[Recording] = field(default_factory=list)

    def __len__(self):
        return len(self.items)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.items)

    @property
    def labelled(self) -> bool:
        """Whether anomalies are known, and there are some in what is evaluated."""
        return any(right >= item.start for item in self for _, right in item.windows or ())

    @property
    def values(self) -> list[np.ndarray]:
        """The values of each recording."""
        return [item.values for item in self]

    def places(self) -> tuple[list[list[tuple[int, int]]], list[int]]:
        """The windows of each recording that are evaluated, and the first step that is."""
        starts = [item.start for item in self]
        return [[pair for pair in item.windows or () if pair[1] >= item.start] for item in self], starts

    def after(self, steps: int) -> "Recordings":
        """The recordings, evaluated after their first `steps` steps, unless they are shorter."""
        return Recordings([replace(item, start=max(item.start, min(steps, len(item) // 2))) for item in self])

    @property
    def seasons(self) -> list[int]:
        """The season of each recording."""
        return [item.season for item in self]

    def select(self, indices: Any) -> "Recordings":
        """The recordings at indices."""
        return replace(self, items=[self.items[i] for i in indices])
