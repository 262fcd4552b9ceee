"""How the tags of a corpus are read: their notation, their scheme, and which sequences of them are legal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlpseq import tag_schemes
from nlpseq.tag_schemes import Notation


@dataclass(frozen=True)
class TagReading:
    """How tags as they are written become those that a task learns.

    Attributes:
        notation: The form of the tags if it is not that of bio and bioes, else None.
        scheme: "bio" or "bioes" if the tags mark spans, else None.
        note: What is odd in it, a sentence or "".

    Example:

    >>> reading = TagReading.of({"B_PER": 3, "I_PER": 2, "O": 9})
    >>> reading(["O", "I_PER"])
    ['O', 'B-PER']
    """

    notation: Notation | None = None
    scheme: str | None = None
    note: str = ""

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "TagReading":
        """The reading of tags, given how often each occurs in training."""
        notation, note = tag_schemes.notation_of(counts), ""
        if notation is not None:
            example = next(tag for tag in counts if notation.standard(tag) != "O")
            note = f"the tags mark spans: {example!r} is read as {notation.standard(example)!r}, and so on"
        standard = Counter()
        for tag, count in counts.items():
            standard[_in(notation, tag)] += count
        changed = Counter()
        for tag, count in standard.items():
            changed[tag_schemes.without_bilou(tag)] += count
        scheme = tag_schemes.scheme_of_most(changed)
        if scheme is None and tag_schemes.without_types(standard):
            tags = ", ".join(sorted(standard))
            note = f"the tags {tags} have no types, so tokens are scored, not spans: write B-X for B"
        return cls(notation, scheme, note)

    def standard(self, tag: str) -> str:
        """A tag in the notation of bio or bioes."""
        tag = _in(self.notation, tag)
        return tag if self.scheme is None else tag_schemes.without_bilou(tag)

    def legal(self, tags: Sequence[str]) -> Sequence[str]:
        """Standard tags of a sentence, legal in the scheme; a tag that continues no span starts one."""
        return tags if self.scheme is None else tag_schemes.repair(tags, self.scheme)

    def __call__(self, tags: Sequence[str]) -> Sequence[str]:
        return self.legal([self.standard(tag) for tag in tags])


def _in(notation, tag):
    return tag if notation is None else notation.standard(tag) or tag


def shortened(tags: list[int], labels: Sequence[str], scheme: str | None, most: int) -> list[int]:
    """The numbers of the tags of a sentence, legal also if it will be truncated within a span.

    Args:
        tags: Numbers, negative for none.
        labels: Names by number.
        scheme: "bio", "iob1" or "bioes", or None.
        most: Tokens that are left.

    Returns:
        As many numbers; -1 for a tag that has none.
    """
    if scheme is None or len(tags) <= most or min(tags) < 0:
        return tags
    repaired = tag_schemes.repair([labels[tag] for tag in tags[:most]], scheme)
    numbers = {label: number for number, label in enumerate(labels)}
    return [*(numbers.get(tag, -1) for tag in repaired), *tags[most:]]
