"""Schemes of tags for spans: legal transitions, spans and conversion.

bio (IOB2)  B-X starts a span of type X, I-X continues it, O is outside
iob1        I-X starts or continues a span; B-X starts one directly after another of type X
bioes       as bio, with E-X for the last token of a span and S-X for a span of one token;
            BILOU has L-X and U-X instead, BMES (and BMEWO) M-X for I-X (and W-X for S-X)

Tags in other forms, such as B_X, X-B and b-X, are converted to these by a `Notation`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nlpseq.errors import InputError, one_of

PREFIXES = {"bio": "BIO", "iob1": "BIO", "bioes": "BIOES"}
FROM_BILOU = {"L": "E", "U": "S", "M": "I", "W": "S"}
LETTERS = "BIESLUMW"
SEPARATORS = "-_:./|"


def split_tag(tag: str) -> tuple[str, str]:
    """`(prefix, type)`: ("B", "PER") of "B-PER", ("O", "") of "O"."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def check_tags(tags: Iterable[str], scheme: str) -> None:
    """Raises an `InputError` for the first tag that does not fit the scheme."""
    one_of("tag scheme", scheme, PREFIXES)
    for tag in tags:
        prefix, kind = split_tag(tag)
        fits = tag == "O" if not kind else prefix in PREFIXES[scheme].replace("O", "")
        if not fits:
            forms = ", ".join(f"{letter}-X" for letter in PREFIXES[scheme] if letter != "O")
            raise InputError(f"tag {tag!r} does not fit the scheme {scheme}, whose tags are O, {forms}.")


def transition_rules(tags: Sequence[str], scheme: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Legal transitions, bool `(tags, tags)` from row to column, and legal first and last tags, bool `(tags,)`."""
    check_tags(tags, scheme)
    parts = [split_tag(tag) for tag in tags]
    between = np.array([[_follows(scheme, a, b) for b in parts] for a in parts])
    outside = ("O", "")
    first = np.array([_follows(scheme, outside, b) for b in parts])
    last = np.array([_follows(scheme, a, outside) for a in parts])
    return between, first, last


def _follows(scheme, before, after):
    """Whether a tag may follow another one, both as `(prefix, type)`; "O" also stands for start and end."""
    (p, x), (q, y) = before, after
    if scheme == "bioes":
        inside = p in "BI"
        return (q in "IE" and x == y) if inside else q in "BSO"
    if scheme == "bio":
        return q != "I" or (p in "BI" and x == y)
    return q != "B" or (p in "BI" and x == y)  # iob1


def is_legal(tags: Iterable[str], scheme: str) -> bool:
    """Whether a sequence of tags is legal in a scheme."""
    parts = [("O", ""), *map(split_tag, tags), ("O", "")]
    return all(_follows(scheme, a, b) for a, b in pairwise(parts))


def spans(tags: Iterable[str], scheme: str = "bio") -> list[tuple[str, int, int]]:
    """The spans `(type, start, end)` of a sequence; `end` is exclusive.

    As in the evaluation script of CoNLL-2000, a tag that does not continue the span
    before it starts a new one.
    """
    spans_, start, open_kind, before = [], None, None, ("O", "")
    for position, (prefix, kind) in enumerate([*map(split_tag, tags), ("O", "")]):
        if open_kind is not None and _ends(before, prefix, kind):
            spans_.append((open_kind, start, position))
            open_kind = None
        if prefix != "O" and open_kind is None:
            start, open_kind = position, kind
        before = (prefix, kind)
    return spans_


def _ends(before, prefix, kind):
    """Whether the span of the tag `before` ends there."""
    return prefix in "OBS" or before[0] in "ES" or before[1] != kind


def convert(tags: Sequence[str], source: str, target: str) -> list[str]:
    """Converts a sequence of tags from the scheme `source` to `target`."""
    result = ["O"] * len(tags)
    all_spans = spans(tags, source)
    for index, (kind, start, end) in enumerate(all_spans):
        for position in range(start, end):
            result[position] = f"{_prefix(target, position, kind, start, end, all_spans[:index])}-{kind}"
    return result


def _prefix(scheme, position, kind, start, end, earlier):
    if scheme == "iob1":
        adjacent = earlier and earlier[-1][2] == start and earlier[-1][0] == kind
        return "B" if position == start and adjacent else "I"
    if scheme == "bioes":
        if end - start == 1:
            return "S"
        return "B" if position == start else "E" if position == end - 1 else "I"
    return "B" if position == start else "I"


def repair(tags: Sequence[str], scheme: str) -> Sequence[str]:
    """The sequence itself if it is legal, else the legal one with the same `spans`.

    With scheme "bio" this also converts iob1 to bio.
    """
    return tags if is_legal(tags, scheme) else convert(tags, scheme, scheme)


def without_bilou(tag: str) -> str:
    """The bioes tag for a tag of BILOU or BMES; other tags are unchanged."""
    prefix, kind = split_tag(tag)
    return f"{FROM_BILOU[prefix]}-{kind}" if kind and prefix in FROM_BILOU else tag


@dataclass(frozen=True)
class Notation:
    """A form of tags: the separator, whether the letter stands behind the type, and whether it is a small one.

    Example:

    >>> Notation("_", behind=True).standard("PER_L")
    'E-PER'
    """

    separator: str = "-"
    behind: bool = False
    small: bool = False

    def standard(self, tag: str) -> str | None:
        """The tag of bio or bioes for a tag of this form; None if it has another form."""
        letters, outside = (LETTERS.lower(), "o") if self.small else (LETTERS, "O")
        if tag == outside:
            return "O"
        form = (
            f"(.+){re.escape(self.separator)}([{letters}])"
            if self.behind
            else (f"([{letters}]){re.escape(self.separator)}(.+)")
        )
        match = re.fullmatch(form, tag)
        if match is None:
            return None
        letter, kind = reversed(match.groups()) if self.behind else match.groups()
        return f"{FROM_BILOU.get(letter.upper(), letter.upper())}-{kind}"


def notation_of(tags: Iterable[str]) -> Notation | None:
    """The form in which all tags mark spans, which is not that of bio and bioes, or None.

    Of two tags or more one is "O" (or "o"), and one begins a span.

    Example:

    >>> notation_of(["B_PER", "I_PER", "O"])
    Notation(separator='_', behind=False, small=False)
    """
    tags = set(tags)
    for behind in (False, True):
        for separator in SEPARATORS:
            for small in (False, True):
                notation = Notation(separator, behind, small)
                standard = [notation.standard(tag) for tag in tags]
                begins = any(tag and tag[:2] in ("B-", "S-") for tag in standard)
                if begins and None not in standard and "O" in standard and notation != Notation():
                    return notation
    return None


def without_types(tags: Iterable[str]) -> bool:
    """Whether all tags are letters of a span scheme without types, as in "B", "I", "O"."""
    tags = {tag.upper() for tag in tags}
    return "B" in tags and len(tags) > 1 and tags <= set(f"{LETTERS}O")


def scheme_of_most(counts: Mapping[str, int]) -> str | None:
    """The scheme, "bio" or "bioes", of tags that may contain a few mistakes, or None.

    The tags mark spans if all are "O" or of the form "B-X", or if "O" occurs and more than
    half of all occurrences are of these forms.

    Args:
        counts: number of occurrences by tag.
    """
    parts = {tag: split_tag(tag) for tag in counts}
    fitting = [tag for tag, (prefix, kind) in parts.items() if tag == "O" or (kind and prefix in set("BIES"))]
    majority = "O" in fitting and 2 * sum(counts[tag] for tag in fitting) > sum(counts.values())
    return guess_scheme(fitting) if majority or len(fitting) == len(counts) else None


def guess_scheme(tags: Iterable[str]) -> str | None:
    """The scheme, "bio" or "bioes", by the prefixes of a set of tags, or None if they mark no spans."""
    tags = list(tags)
    parts = [split_tag(tag) for tag in tags]
    prefixes = {prefix for prefix, kind in parts if kind}
    others = {tag for tag, (_, kind) in zip(tags, parts) if not kind}
    if not prefixes or others - {"O"} or prefixes - set("BIES"):
        return None
    return "bioes" if prefixes & set("ES") else "bio"
