"""Texts with labelled spans of characters, as annotation tools write them, as tokens and tags.

doccano, spaCy, Prodigy and Label Studio write objects of a text and its spans, brat a file of spans beside each text;
datasets write pieces of a text (SNIPS), or words and their places by label (CLUENER).
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
from nlpseq.errors import InputError, plural
from nlpseq.text import WordTokenizer

Span = tuple[int, int, str]
TEXTS = ("text", "sentence", "content")
SPANS = ("entities", "spans", "label", "labels", "annotations")
REJECTED = ("reject", "ignore")  # answers of Prodigy
STARTS, ENDS = ("start", "start_offset", "begin", "start_char"), ("end", "end_offset", "end_char")
LABELS = ("label", "labels", "type", "entity_type", "tag", "tag_name", "entity")
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
    texts, rejected = [], 0
    for row in rows:
        pair = _text_and_spans(row)
        if pair is None:
            return None
        if isinstance(row, Mapping) and row.get("answer") in REJECTED:
            pair, rejected = ("", []), rejected + 1
        texts.append(pair)
    if not any(spans for _, spans in texts):
        return None
    if rejected:
        notes.say_notes([f"left out, as the answer is reject or ignore: {plural(rejected, 'text')}"])
    return _tagged(texts, [f"row {number}" for number in range(1, len(rows) + 1)])


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


def _text_and_spans(row) -> tuple[str, list[Span]] | None:
    if isinstance(row, (tuple, list)) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], Mapping):
        row = {"text": row[0], **row[1]}
    if not isinstance(row, Mapping):
        return None
    if isinstance(row.get("data"), Mapping):
        row = {**row["data"], **row}
    if pieces := _pieces(row.get("data")):
        return pieces
    text = next((row[name] for name in TEXTS if isinstance(row.get(name), str)), None)
    annotations = next((row[name] for name in SPANS if isinstance(row.get(name), (list, tuple, Mapping))), None)
    if text is None or annotations is None:
        return None
    if isinstance(annotations, Mapping):
        return _by_label(text, annotations)
    if annotations and all(isinstance(item, Mapping) and isinstance(item.get("result"), list) for item in annotations):
        whole = next((item for item in annotations if not item.get("was_cancelled")), {"result": []})  # of Label Studio
        annotations = [part for part in whole["result"] if part.get("type", "labels") == "labels"]
    spans = [_span(item) for item in annotations]
    return None if None in spans else (text, [span for span in spans if span])


def _pieces(data) -> tuple[str, list[Span]] | None:
    """The text and spans of a list of its pieces, some with an entity, as of SNIPS."""
    if not isinstance(data, list) or not data:
        return None
    if not all(isinstance(piece, Mapping) and isinstance(piece.get("text"), str) for piece in data):
        return None
    ends = [0, *itertools.accumulate(len(piece["text"]) for piece in data)]
    named = [(start, end, str(piece["entity"]))
             for start, end, piece in zip(ends, ends[1:], data) if piece.get("entity") and end > start]  # fmt: skip
    return "".join(piece["text"] for piece in data), named


def _by_label(text, annotations) -> tuple[str, list[Span]] | None:
    """The text and its spans in an object of words and their places by label, as of CLUENER."""
    spans = []
    for label, words in annotations.items():
        for word, places in words.items() if isinstance(words, Mapping) else [("", None)]:
            if not isinstance(places, list) or not all(isinstance(place, list) and place for place in places):
                return None
            spans += [(place[0], place[0] + len(word), label) for place in places]
    return text, spans


def _span(item) -> Span | None:
    if isinstance(item, Mapping):
        item = item["value"] if isinstance(item.get("value"), Mapping) else item
        start, end, name = (next((item[key] for key in keys if key in item), None) for keys in (STARTS, ENDS, LABELS))
    elif isinstance(item, (list, tuple)) and len(item) == 3:
        start, end, name = item
    else:
        return None
    name = name[0] if isinstance(name, list) and name else name
    if isinstance(start, int) and isinstance(end, int) and isinstance(name, str):
        return start, end, name
    return None


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
