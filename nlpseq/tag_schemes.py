"""Tags of spans: which may follow which, and the spans that they mark.

bio (IOB2)  B-X begins a span of type X, I-X goes on in it, O is outside
iob1        I-X begins or goes on; B-X begins a span right after another of type X
bioes       as bio, with E-X the end of a span and S-X a span of one token; BILOU writes
            L-X and U-X for them
"""

import numpy as np

from nlpseq.errors import InputError, one_of

PREFIXES = {"bio": "BIO", "iob1": "BIO", "bioes": "BIOES"}
FROM_BILOU = {"L": "E", "U": "S"}


def split_tag(tag):
    """`(prefix, type)`: ("B", "PER") of "B-PER", ("O", "") of "O"."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def check_tags(tags, scheme):
    """Raises an `InputError` for the first tag that does not fit the scheme."""
    one_of("tag scheme", scheme, PREFIXES)
    for tag in tags:
        prefix, kind = split_tag(tag)
        fits = tag == "O" if not kind else prefix in PREFIXES[scheme].replace("O", "")
        if not fits:
            forms = ", ".join(f"{letter}-X" for letter in PREFIXES[scheme] if letter != "O")
            raise InputError(f"tag {tag!r} does not fit the scheme {scheme}, whose tags are O, {forms}.")


def transition_rules(tags, scheme):
    """What is legal: bool `(tags, tags)` from row to column, and `(tags,)` as first and as last tag."""
    check_tags(tags, scheme)
    parts = [split_tag(tag) for tag in tags]
    between = np.array([[_follows(scheme, a, b) for b in parts] for a in parts])
    outside = ("O", "")
    first = np.array([_follows(scheme, outside, b) for b in parts])
    last = np.array([_follows(scheme, a, outside) for a in parts])
    return between, first, last


def _follows(scheme, before, after):
    """Whether one tag may follow another, both as `(prefix, type)`; "O" stands for the edges too."""
    (p, x), (q, y) = before, after
    if scheme == "bioes":
        inside = p in "BI"
        return (q in "IE" and x == y) if inside else q in "BSO"
    if scheme == "bio":
        return q != "I" or (p in "BI" and x == y)
    return q != "B" or (p in "BI" and x == y)  # iob1


def is_legal(tags, scheme):
    """Whether a sequence of tags obeys the scheme."""
    parts = [("O", ""), *map(split_tag, tags), ("O", "")]
    return all(_follows(scheme, a, b) for a, b in zip(parts, parts[1:]))


def spans(tags, scheme="bio"):
    """The spans `(type, start, end)` of a sequence, `end` being the first token after.

    As the evaluation script of CoNLL-2000 counts them: a tag that cannot go on in the
    span before it begins one.
    """
    found, start, open_kind, before = [], None, None, ("O", "")
    for at, (prefix, kind) in enumerate([*map(split_tag, tags), ("O", "")]):
        if open_kind is not None and (_ends(before, prefix, kind)):
            found.append((open_kind, start, at))
            open_kind = None
        if prefix != "O" and open_kind is None:
            start, open_kind = at, kind
        before = (prefix, kind)
    return found


def _ends(before, prefix, kind):
    """Whether the span to which the tag before belongs ends there."""
    return prefix in "OBS" or before[0] in "ES" or before[1] != kind


def convert(tags, source, target):
    """A sequence of tags in another scheme."""
    result = ["O"] * len(tags)
    found = spans(tags, source)
    for number, (kind, start, end) in enumerate(found):
        for at in range(start, end):
            result[at] = f"{_prefix(target, at, kind, start, end, found[:number])}-{kind}"
    return result


def _prefix(scheme, at, kind, start, end, earlier):
    if scheme == "iob1":
        touching = earlier and earlier[-1][2] == start and earlier[-1][0] == kind
        return "B" if at == start and touching else "I"
    if scheme == "bioes":
        if end - start == 1:
            return "S"
        return "B" if at == start else "E" if at == end - 1 else "I"
    return "B" if at == start else "I"


def repair(tags, scheme):
    """A sequence that obeys the scheme: itself, or else one with the same `spans`.

    As "I-X" that begins a span in iob1 is read like "B-X", this also turns iob1 into bio.
    """
    return tags if is_legal(tags, scheme) else convert(tags, scheme, scheme)


def without_bilou(tag):
    """The tag with the letters of bioes."""
    prefix, kind = split_tag(tag)
    return f"{FROM_BILOU[prefix]}-{kind}" if kind and prefix in FROM_BILOU else tag


def scheme_of_most(counts):
    """The scheme, "bio" or "bioes", of tags a few of which may be mistakes, or None.

    Args:
        counts: a dictionary from tag to how often it occurs. They mark spans where all
            are "O" or such as "B-X", or where "O" occurs and more than half are.
    """
    parts = {tag: split_tag(tag) for tag in counts}
    fitting = [tag for tag, (prefix, kind) in parts.items() if tag == "O" or (kind and prefix in set("BIES"))]
    most = "O" in fitting and 2 * sum(counts[tag] for tag in fitting) > sum(counts.values())
    return guess_scheme(fitting) if most or len(fitting) == len(counts) else None


def guess_scheme(tags):
    """ "bio", "iob1" or "bioes" by the prefixes of all tags, or None where they mark no spans."""
    parts = [split_tag(tag) for tag in tags]
    prefixes = {prefix for prefix, kind in parts if kind}
    others = {tag for tag, (_, kind) in zip(tags, parts) if not kind}
    if not prefixes or others - {"O"} or prefixes - set("BIES"):
        return None
    return "bioes" if prefixes & set("ES") else "bio"
