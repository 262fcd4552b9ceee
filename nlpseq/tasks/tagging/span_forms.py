"""The forms in which tools and datasets write a text and its labelled spans.

doccano, spaCy, Prodigy and Label Studio write objects of a text and its spans, Dataturks labels with several; SNIPS has
the pieces of a text, MASSIVE marks within it, and CLUENER words and their places by label.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from nlpseq.errors import InputError

Span = tuple[int, int, str]
TEXTS = ("text", "sentence", "content")
SPANS = ("entities", "spans", "label", "labels", "annotations", "annotation")
STARTS, ENDS = ("start", "start_offset", "begin", "start_char"), ("end", "end_offset", "end_char")
LABELS = ("label", "labels", "type", "entity_type", "tag", "tag_name", "entity")
MARKED = re.compile(r"\[\s*([^\[\]:]+?)\s*:\s*([^\[\]]+?)\s*\]")


def text_and_spans(row: Any) -> tuple[str, list[Span]] | None:
    """The text of a row and its spans `(start, end, label)`, some without a label, ""; None if it has no such form.

    A text whose annotations are null has not been annotated: it is "".

    Raises:
        InputError: A span has no start or no end.
    """
    if isinstance(row, (tuple, list)) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], Mapping):
        row = {"text": row[0], **row[1]}
    if not isinstance(row, Mapping):
        return None
    if isinstance(row.get("data"), Mapping):
        row = {**row["data"], **row}
    if pieces := _pieces(row.get("data")) or _marked(row.get("annot_utt")):
        return pieces
    text = next((row[name] for name in TEXTS if isinstance(row.get(name), str)), None)
    annotations = next((row[name] for name in SPANS if isinstance(row.get(name), (list, tuple, Mapping))), None)
    if annotations is None and text is not None and any(name in row and row[name] is None for name in SPANS):
        return "", []
    if text is None or annotations is None:
        return None
    if isinstance(annotations, Mapping):
        return _by_label(text, annotations)
    if annotations and all(isinstance(item, Mapping) and isinstance(item.get("result"), list) for item in annotations):
        whole = next((item for item in annotations if not item.get("was_cancelled")), {"result": []})  # of Label Studio
        annotations = [part for part in whole["result"] if part.get("type", "labels") == "labels"]
    spans = [_span(part) for item in annotations for part in _points(item)]
    return None if None in spans else (text, [span for span in spans if span])


def _pieces(data) -> tuple[str, list[Span]] | None:
    """The text and spans of a list of its pieces, some with an entity, as of SNIPS."""
    if not isinstance(data, list) or not data:
        return None
    if not all(isinstance(piece, Mapping) and isinstance(piece.get("text"), str) for piece in data):
        return None
    ends = [0, *itertools.accumulate(len(piece["text"]) for piece in data)]
    spans = [(start, end, str(piece["entity"]))
             for start, end, piece in zip(ends, ends[1:], data) if piece.get("entity") and end > start]  # fmt: skip
    return "".join(piece["text"] for piece in data), spans


def _marked(text) -> tuple[str, list[Span]] | None:
    """The text and spans of one with marks such as "wake me at [time : nine]", as of MASSIVE."""
    if not isinstance(text, str):
        return None
    parts = MARKED.split(text)
    pieces = [{"text": part} for part in parts]
    for label, piece in zip(parts[1::3], pieces[2::3]):
        piece["entity"] = label
    return _pieces([piece for number, piece in enumerate(pieces) if number % 3 != 1])


def _points(item):
    """The spans of a label with several, whose ends are their last characters, as of Dataturks; else the item."""
    points = item.get("points") if isinstance(item, Mapping) else None
    if not isinstance(points, list) or not all(isinstance(point, Mapping) for point in points):
        return [item]
    spans = [{"start": None, "end": None, "label": None, **item, **point} for point in points]
    return [{**span, "end": None if (last := _offset(span["end"])) is None else last + 1} for span in spans]


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
    """The span of an object or a list, with an empty label if it has none; None of another object.

    Raises:
        InputError: it has no start or no end.
    """
    if isinstance(item, Mapping):
        item = item["value"] if isinstance(item.get("value"), Mapping) else item
        keys = [next((key for key in names if key in item), None) for names in (STARTS, ENDS, LABELS)]
        if None in keys:
            return None
        start, end, name = (item[key] for key in keys)
    elif isinstance(item, (list, tuple)) and len(item) == 3 and isinstance(item[0], (int, float)):
        start, end, name = item
    else:
        return None
    name = next(iter(name), "") if isinstance(name, list) else name or ""
    start, end = _offset(start), _offset(end)
    if start is None or end is None or not isinstance(name, str):
        return None
    return start, end, name


def _offset(value) -> int | None:
    """A number of characters, which may be written as a text or a float; None of another value.

    Raises:
        InputError: it is missing.
    """
    if value is None:
        raise InputError("a span has no start or no end: give both as offsets of characters, or remove it")
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    return int(value) if whole else None
