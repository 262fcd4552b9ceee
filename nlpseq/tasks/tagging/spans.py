"""Texts with labelled spans of characters, as annotation tools write them, as tokens and tags.

Most write objects of a text and its spans (`span_forms`), brat a file of spans beside each text.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from nlpseq.data import notes
from nlpseq.data.files.contents import read_text
from nlpseq.data.files.paths import files_in
from nlpseq.data.files.table import SPLIT_COLUMNS
from nlpseq.errors import InputError, plural
from nlpseq.tasks.tagging.span_forms import Span, text_and_spans
from nlpseq.text import WordTokenizer

REJECTED = ("reject", "ignore")  # answers of Prodigy
ANNOTATION = re.compile(r"T\d+\t(\S+) (\d+)(?: \d+;\d+)* (\d+)(?:\t|$)")  # of brat; a span in pieces is read as a whole


def columns_of(rows: Sequence[Any]) -> dict[str, list] | None:
    """The columns "tokens" and "tags" of rows that all have a text and spans, some of them any; else None.

    Words are those of the tokenizer of taggers, cut where a span begins or ends; tags are B-X, I-X and O. Of spans that
    overlap the one that begins first, or the longer one, is kept, and the others are counted in a note.

    Args:
        rows: Objects, or pairs of a text and an object. Spans are lists `[start, end, label]` or objects.

    Raises:
        InputError: A span ends before it begins or behind the text.
    """
    texts, rejected, unlabelled, bare = [], 0, 0, 0
    for number, row in enumerate(rows, start=1):
        try:
            pair = text_and_spans(row)
        except InputError as error:
            raise InputError(f"row {number}: {error}.") from None
        if pair is None:
            return None
        unlabelled += sum(not name for _, _, name in pair[1])
        bare += not pair[0]
        pair = pair[0], [span for span in pair[1] if span[2]]
        if isinstance(row, Mapping) and row.get("answer") in REJECTED:
            pair, rejected = ("", []), rejected + 1
        texts.append(pair)
    if not any(spans for _, spans in texts):
        return None
    left_out = (
        (rejected, "the answer is reject or ignore", "text"),
        (bare, "there is no text, or nobody has annotated it", "row"),
        (unlabelled, "they have no label", "span"),
    )
    notes.say_notes([f"left out, as {why}: {plural(count, unit)}" for count, why, unit in left_out if count])
    columns = _tagged(texts, [f"row {number}" for number in range(1, len(rows) + 1)])
    splits = [name for name in SPLIT_COLUMNS if all(isinstance(row, Mapping) and name in row for row in rows)]
    return {**columns, **{name: [row[name] for row in rows] for name in splits}}


def brat_columns(folder: Path, encoding: str | None = None) -> dict[str, list] | None:
    """The columns "tokens" and "tags" of a folder of .txt files with an .ann file for each, or None.

    Each line of a text is a sentence.
    """
    files = {path.name: path for path in files_in(folder)}
    texts, places = [], []
    for name, path in files.items():
        beside = files.get(f"{Path(name).stem}.txt")
        if path.suffix == ".ann" and beside is not None:
            for part in _lines(read_text(beside, encoding), _annotations(read_text(path, encoding))):
                texts.append(part)
                places.append(str(path))
    return _tagged(texts, places) if texts else None


def _annotations(text):
    matches = filter(None, map(ANNOTATION.match, text.splitlines()))
    return [(int(match[2]), int(match[3]), match[1]) for match in matches]


def _lines(text, spans):
    """The lines of a text with the spans in each; a span over a line end joins its lines."""
    text, start = text.replace("\r\n", " \n"), 0  # offsets stay
    for end in [*(match.start() for match in re.finditer("\n", text)), len(text)]:
        if any(first < end < last for first, last, _ in spans):
            continue
        inside = [(first - start, last - start, name) for first, last, name in spans if start <= first <= end]
        yield text[start:end], inside
        start = end + 1


def _tagged(texts: Sequence[tuple[str, list[Span]]], places: Sequence[str]) -> dict[str, list]:
    """Tokens and tags of texts with spans."""
    segments, owners, overlapping = [], [], 0
    for row, ((text, spans), place) in enumerate(zip(texts, places)):
        position = 0
        for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
            if not 0 <= start < end <= len(text):
                raise InputError(
                    f"{place}: the span {start} to {end} is not within its text of {plural(len(text), 'character')}: "
                    "give offsets of characters, from 0."
                )
            if start < position:
                overlapping += 1
                continue
            segments += [text[position:start], text[start:end]]
            owners += [(row, ""), (row, name)]
            position = end
        segments.append(text[position:])
        owners.append((row, ""))
    if overlapping:
        notes.say_notes([f"left out, as a token has one tag: {plural(overlapping, 'span')} within or across others"])
    return _columns(len(texts), segments, owners)


def _columns(rows, segments, owners):
    tokens: list[list[str]] = [[] for _ in range(rows)]
    tags: list[list[str]] = [[] for _ in range(rows)]
    tokenizer = WordTokenizer(lowercase=False, strip_markup=False, split_contractions=True, keep_whole=True)
    for start in range(0, len(segments), 1024):
        part = tf.constant([text.encode("utf-8", "replace") for text in segments[start : start + 1024]])
        for (row, name), words in zip(owners[start:], tokenizer(part).to_list()):
            tokens[row] += [word.decode() for word in words]
            inside = itertools.chain(["B"], itertools.repeat("I"))
            tags[row] += [f"{next(inside)}-{name}" if name else "O" for _ in words]
    return {"tokens": tokens, "tags": tags}
