"""What files add to sentences, which no text of a user has: BOS and EOS around each (ATIS), "en:" before each token."""

import re
from collections.abc import Mapping
from dataclasses import replace

from nlpseq.tasks.tagging.own import RawSentences

BEGIN, END = "BOS", "EOS"
PREFIX = re.compile(r"[a-z][a-z-]{1,11}:(?=\S)")
LEAST = 100  # tokens that have a prefix


def without_marks(raw: Mapping[str, RawSentences]) -> tuple[dict[str, RawSentences], list[str]]:
    """The splits without what all sentences of training have, and notes on it."""
    train, notes, result = raw["train"].tokens, [], dict(raw)
    if all(len(tokens) > 2 and (tokens[0], tokens[-1]) == (BEGIN, END) for tokens in train):
        result = {split: _inner(part) for split, part in raw.items()}
        notes.append(f"{BEGIN} and {END} around each sentence, and their tags, are left out")
    match = PREFIX.match(train[0][0]) if train and train[0] else None
    prefix = match.group() if match else ""
    if prefix and sum(map(len, train)) >= LEAST and all(_begins(token, prefix) for tokens in train for token in tokens):
        result = {split: _without_prefix(part, prefix) for split, part in result.items()}
        notes.append(f"{prefix!r} before each token is left out")
    return result, notes


def _begins(token, prefix):
    return token.startswith(prefix) and len(token) > len(prefix)


def _inner(part):
    begins = [tokens[0] == BEGIN and tokens[-1] == END and len(tokens) > 2 for tokens in part.tokens]
    tokens, tags = ([row[1:-1] if cut else row for row, cut in zip(rows, begins)] for rows in (part.tokens, part.tags))
    return replace(
        part, tokens=tokens, tags=tags, place=lambda number, token: part.place(number, token + begins[number])
    )


def _without_prefix(part, prefix):
    return replace(
        part, tokens=[[t.removeprefix(prefix) if _begins(t, prefix) else t for t in tokens] for tokens in part.tokens]
    )
