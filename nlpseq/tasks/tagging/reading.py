"""How the tags of a corpus are read: their notation, their scheme, and which sequences of them are legal."""

import functools
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
        note: A sentence about a problem in it, or "".

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
        notation = tag_schemes.notation_of(counts)
        scheme = tag_schemes.scheme_of_most(_summed(counts, lambda tag: _standard(notation, "bioes", tag)))
        return cls(notation, scheme, _note(counts, notation, scheme))

    def standard(self, tag: str) -> str:
        """A tag in the notation of bio or bioes; a tag that fits neither is unchanged."""
        return _standard(self.notation, self.scheme, tag)

    def __call__(self, tags: Sequence[str]) -> Sequence[str]:
        """The standard tags of a sentence, legal in the scheme: a tag that continues no span starts one.

        Tags that do not fit the scheme stay as they are, and end a span.
        """
        standard = [self.standard(tag) for tag in tags]
        if self.scheme is None:
            return standard
        other = {i: tag for i, tag in enumerate(standard) if not tag_schemes.fits(tag, self.scheme)}
        legal = tag_schemes.repair(["O" if i in other else tag for i, tag in enumerate(standard)], self.scheme)
        return [other.get(i, tag) for i, tag in enumerate(legal)] if other else legal


@functools.lru_cache(1 << 16)
def _standard(notation, scheme, tag):
    """A tag as `TagReading.standard` returns it."""
    name = tag if notation is None else notation.standard(tag) or tag
    if scheme is None:
        return name
    name = tag_schemes.without_bilou(name)
    return name if tag_schemes.fits(name, scheme) else tag


def _summed(counts, change):
    """The counts of tags after a change of their names."""
    summed = Counter()
    for tag, count in counts.items():
        summed[change(tag)] += count
    return summed


def _note(counts, notation, scheme):
    """A note on a problem of tags that mark spans, or nearly do, else ""."""
    if notation is not None:
        changed = {tag: name for tag in counts if (name := notation.standard(tag)) != tag}
        inside = [tag for tag, name in changed.items() if name != "O"][:1]
        outside = [tag for tag, name in changed.items() if name == "O"]
        pairs = [f"{tag!r} is read as {changed[tag]!r}" for tag in inside + outside]
        return f"the tags mark spans: {', '.join(pairs)}{', and so on' if inside else ''}"
    if all(tag.isdecimal() for tag in counts):
        return "the tags are numbers: tokens are scored, not spans; give their names, such as B-X, if they mark spans"
    if scheme is None and (tags := tag_schemes.without_types(counts)):
        return f"the tags {', '.join(tags)} have no types, so tokens are scored, not spans: write B-X for B"
    if scheme is None and (pair := tag_schemes.mostly_spans(counts)):
        return f"tokens are scored, not spans: most tags look like {pair[0]!r}, which begins one, but not {pair[1]!r}"
    return ""


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
