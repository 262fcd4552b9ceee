"""Schemes of tags for spans: legal transitions, spans and conversion.

bio (IOB2)  B-X starts a span of type X, I-X continues it, O is outside
iob1        I-X starts or continues a span; B-X starts one directly after another of type X
bioes       as bio, with E-X for the last token of a span and S-X for a span of one token;
            BILOU has L-X and U-X instead, BMES (and BMEWO) M-X for I-X (and W-X for S-X)

Tags in other forms, such as B_X, X-B and b-X, are converted to these by a `Notation`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from nlpseq.errors import InputError, one_of

PREFIXES = {"bio": "BIO", "iob1": "BIO", "bioes": "BIOES"}
FROM_BILOU = {"L": "E", "U": "S", "M": "I", "W": "S"}
WORDS = {"begin": "B", "inside": "I", "middle": "I", "end": "E", "last": "E", "single": "S", "unit": "S"}
LETTERS = {letter.casefold(): FROM_BILOU.get(letter, letter) for letter in "BIESLUMW"} | WORDS
OUTSIDE = ("o", "0", "out", "outside", "none", "null", "-", "_")  # what "O" is called, in lower case
BEFORE = re.compile(r"([^\W_]+)([\W_]).")  # a letter and its separator before the type
BEHIND = re.compile(r".*.([\W_])([^\W_]+)", re.DOTALL)  # the same behind it


def split_tag(tag: str) -> tuple[str, str]:
    """`(prefix, type)`: ("B", "PER") of "B-PER", ("O", "") of "O"."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def fits(tag: str, scheme: str) -> bool:
    """Whether a tag is one of a scheme."""
    prefix, kind = split_tag(tag)
    return len(prefix) == 1 and prefix != "O" and prefix in PREFIXES[scheme] if kind else tag == "O"


def check_tags(tags: Iterable[str], scheme: str) -> None:
    """Raises an `InputError` for the first tag that does not fit the scheme."""
    one_of("tag scheme", scheme, PREFIXES)
    for tag in tags:
        if not fits(tag, scheme):
            forms = ", ".join(f"{letter}-X" for letter in PREFIXES[scheme] if letter != "O")
            raise InputError(f"tag {tag!r} does not fit the scheme {scheme}, whose tags are O, {forms}.")


def transition_rules(tags: Sequence[str], scheme: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Legal transitions, bool `(tags, tags)` from row to column, and legal first and last tags, bool `(tags,)`."""
    check_tags(tags, scheme)
    prefixes, kinds = (np.array(parts) for parts in zip(*map(split_tag, [*tags, "O"])))  # "O" is outside, at both ends
    same = kinds[:, np.newaxis] == kinds
    legal = np.zeros(same.shape, bool)
    for before, after in product(set(prefixes), repeat=2):
        pairs = np.ix_(prefixes == before, prefixes == after)
        alike, unlike = (_follows(scheme, (before, ""), (after, kind)) for kind in ("", "other"))
        legal[pairs] = np.where(same[pairs], alike, unlike)
    return legal[:-1, :-1], legal[-1, :-1], legal[:-1, -1]


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
    before it starts a new one. Tags that do not fit the scheme are spans whose type is the tag.
    """
    spans_, start, open_kind, before = [], None, None, ("O", "")
    parts = [split_tag(tag) if fits(tag, scheme) else (tag, tag) for tag in tags]
    for position, (prefix, kind) in enumerate([*parts, ("O", "")]):
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
    for before, (kind, start, end) in zip([("", 0, 0), *all_spans], all_spans):
        for position in range(start, end):
            result[position] = f"{_prefix(target, position, kind, start, end, before)}-{kind}"
    return result


def _prefix(scheme, position, kind, start, end, before):
    if scheme == "iob1":
        adjacent = before[2] == start and before[0] == kind
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
    """A form of tags: the separator of letter and type, and whether the letter stands behind the type.

    Letters are capital or small, or words such as "begin"; a tag in `OUTSIDE` stands for "O".

    Example:

    >>> Notation("_", behind=True).standard("PER_L")
    'E-PER'
    """

    separator: str = "-"
    behind: bool = False

    def standard(self, tag: str) -> str | None:
        """The tag of bio or bioes for a tag of this form; None if it has another form."""
        if tag.casefold() in OUTSIDE:
            return "O"
        if self.behind:
            kind, _, letter = tag.rpartition(self.separator)
        else:
            letter, _, kind = tag.partition(self.separator)
        letter = LETTERS.get(letter.casefold())
        return f"{letter}-{kind}" if letter and kind else None


def notation_of(tags: Iterable[str]) -> Notation | None:
    """The form in which all tags mark spans, or None: none has, or all are written as those of bio and bioes.

    One tag begins a span; another one continues it or is outside.

    Example:

    >>> notation_of(["B_PER", "I_PER", "O"])
    Notation(separator='_', behind=False)
    """
    tags = set(tags)
    if all(_is_usual(tag) for tag in tags):
        return None
    example = next((tag for tag in tags if tag.casefold() not in OUTSIDE), "")
    return next((notation for notation in _notations(example) if _marks_spans(notation, tags)), None)


def _is_usual(tag):
    prefix, kind = split_tag(tag)
    return prefix.casefold() in LETTERS and prefix.isupper() and len(prefix) == 1 if kind else tag == "O"


def _notations(tag: str) -> Iterator[Notation]:
    """The notations, two at most, in which a tag has a letter and a type."""
    before, behind = BEFORE.match(tag), BEHIND.fullmatch(tag)
    if before and before[1].casefold() in LETTERS:
        yield Notation(before[2])
    if behind and behind[2].casefold() in LETTERS:
        yield Notation(behind[1], behind=True)


def _marks_spans(notation, tags):
    standard = set()
    for tag in tags:
        if (name := notation.standard(tag)) is None:
            return False
        standard.add(name)
    kinds = {letter: {tag[2:] for tag in standard if tag[0] == letter} for letter in "BIEOS"}
    is_prefix = kinds["B"] or not notation.behind  # behind a type, a letter alone may be part of a name
    return bool(kinds["O"] and is_prefix and len(standard) > 1) or bool(kinds["B"] & (kinds["I"] | kinds["E"]))


def without_types(tags: Iterable[str]) -> list[str]:
    """The tags, sorted, if all are letters of a span scheme without types, as in "B", "I", "O"; else none."""
    tags = sorted(tags)
    letters = {_letter(tag) for tag in tags}
    return tags if "B" in letters and len(letters) > 1 and None not in letters else []


def _letter(tag):
    """The letter of a tag without a type, such as "B" or "B-"; None if it is more than that."""
    return "O" if tag.casefold() in OUTSIDE else LETTERS.get(re.sub(r"[\W_]+$", "", tag).casefold())


def mostly_spans(counts: Mapping[str, int]) -> tuple[str, str] | None:
    """A tag that looks like that of a span and one that does not, of tags most of which begin or continue spans.

    Args:
        counts: number of occurrences by tag.
    """
    inside = {tag: count for tag, count in counts.items() if tag.casefold() not in OUTSIDE}
    by_notation = Counter()
    for tag, count in inside.items():
        for notation in _notations(tag):
            by_notation[notation] += count
    for notation, count in by_notation.most_common(1):
        names = {tag: notation.standard(tag) for tag in inside}
        begins = next((tag for tag, name in names.items() if name and name[0] == "B"), None)
        other = next((tag for tag, name in names.items() if name is None), None)
        if begins and other and 2 * count > sum(inside.values()):
            return begins, other
    return None


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
