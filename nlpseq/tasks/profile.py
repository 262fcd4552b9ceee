"""What the defaults of a kind of task are chosen from: the size of its data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """The size of a training split.

    Attributes:
        examples: Number of examples, such as texts or sentences.
        tokens: Number of tokens in all of them.
        vocabulary: Number of distinct tokens.
        classes: Number of classes or tags; 0 if there are none.
    """

    examples: int
    tokens: int
    vocabulary: int
    classes: int = 0

    @property
    def length(self) -> float:
        """The mean number of tokens of an example."""
        return self.tokens / max(1, self.examples)

    @classmethod
    def of(cls, sequences: Iterable[Sequence], classes: int = 0) -> "Profile":
        """The profile of sequences of tokens.

        >>> Profile.of([["a", "b"], ["a"]], classes=2)
        Profile(examples=2, tokens=3, vocabulary=2, classes=2)
        """
        examples, tokens, known = 0, 0, set()
        for sequence in sequences:
            examples += 1
            tokens += len(sequence)
            known.update(sequence)
        return cls(examples, tokens, len(known), classes)


def clipped(value: float, low: float, high: float) -> int:
    """The nearest whole number between two bounds.

    >>> clipped(7.6, 1, 20), clipped(0.2, 1, 20)
    (8, 1)
    """
    return round(min(max(value, low), high))
