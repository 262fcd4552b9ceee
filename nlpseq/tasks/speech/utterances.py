"""Sounds and their texts, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Utterances:
    """Sounds and their texts, in memory.

    Attributes:
        audio: float32 arrays `(samples,)` at one rate, object array `(n,)`.
        texts: UTF-8 bytes, object array `(n,)`.
        names: What each is called in reports, object array `(n,)`.
        fields: What is known of each beside the text, such as the speaker: dicts, object array `(n,)`.
    """

    audio: np.ndarray
    texts: np.ndarray
    names: np.ndarray
    fields: np.ndarray

    @classmethod
    def of(cls, audio: Sequence, texts: Sequence, names: Sequence[str] = (), fields: Sequence = ()) -> "Utterances":
        """Utterances of sequences; names are numbers by default."""
        count = len(audio)
        texts = [text.encode("utf-8", "replace") if isinstance(text, str) else text for text in texts]
        columns = [audio, texts, names or [str(number + 1) for number in range(count)], fields or [{}] * count]
        return cls(*(_objects(column) for column in columns))

    def __len__(self):
        return len(self.audio)

    def select(self, indices) -> "Utterances":
        """The utterances at indices, a slice or a mask."""
        return Utterances(self.audio[indices], self.texts[indices], self.names[indices], self.fields[indices])

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of every utterance with each of its characters: held-out parts leave all to training."""
        pairs = [(i, character) for i, text in enumerate(self.texts) for character in set(text.decode("utf-8"))]
        numbers = {character: number for number, character in enumerate(sorted({pair[1] for pair in pairs}))}
        owners = np.array([i for i, _ in pairs], int)
        return owners, np.array([numbers[character] for _, character in pairs], int)

    @property
    def lengths(self) -> np.ndarray:
        """The number of samples of each, int `(n,)`."""
        return np.array([len(samples) for samples in self.audio], int)

    def strings(self) -> list[str]:
        """The texts as strings."""
        return [text.decode("utf-8", "replace") for text in self.texts]

    def lower(self) -> "Utterances":
        """The utterances with their texts in lower case."""
        return replace(self, texts=_objects([text.lower().encode() for text in self.strings()]))


def _objects(items):
    array = np.empty(len(items), object)
    array[:] = list(items)
    return array
