"""Clips in memory."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Clips:
    """The clips of a split, in memory, one after another.

    Attributes:
        values: The frames of all clips, `(frames, channels)` float32, or `(frames, rows, columns, channels)`, uint8 or
            float32.
        lengths: Number of frames of each clip, int64 `(n,)`.
        labels: int32 `(n,)`; with `per_frame` one for each frame, `(frames,)`, -1 for none.
        unseen: Names of the labels that training never shows, numbered from the number of classes.
        per_frame: Whether each frame has a label.
    """

    values: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    unseen: tuple[str, ...] = ()
    per_frame: bool = False

    def __len__(self):
        return len(self.lengths)

    @property
    def frame(self) -> tuple[int, ...]:
        """The shape of a frame: `(channels,)` or `(rows, columns, channels)`."""
        return self.values.shape[1:]

    @property
    def starts(self) -> np.ndarray:
        """The first frame of each clip."""
        return np.cumsum(self.lengths) - self.lengths

    def clip(self, index: int) -> np.ndarray:
        """The frames of a clip."""
        start = self.starts[index]
        return self.values[start : start + self.lengths[index]]

    def select(self, indices: Any) -> "Clips":
        """The clips at indices, a slice or a mask."""
        chosen = np.arange(len(self))[indices]
        return self._rows(chosen, self.lengths[chosen])

    def beginning(self, share: float) -> "Clips":
        """The beginnings of the clips: a share of their frames, one at least."""
        lengths = np.maximum(1, np.ceil(share * self.lengths - 1e-9).astype(int))
        return self._rows(np.arange(len(self)), lengths)

    def _rows(self, chosen, lengths):
        starts = self.starts[chosen]
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        frames = np.repeat(starts, lengths) + steps
        labels = self.labels[frames if self.per_frame else chosen]
        return replace(self, values=self.values[frames], lengths=lengths, labels=labels)

    def with_known_labels(self, classes: int) -> "Clips":
        """The clips whose label is one of `classes`, the number of labels that training shows; of frames all clips."""
        if self.per_frame:
            return replace(self, labels=np.where(self.labels < classes, self.labels, -1))
        return self.select(self.labels < classes) if self.unseen else self

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of every clip, or of that of every labelled frame, and the label."""
        if not self.per_frame:
            return np.arange(len(self)), self.labels
        real = self.labels >= 0
        return np.repeat(np.arange(len(self)), self.lengths)[real], self.labels[real]
