"""Rows of a table with the answers to one of their columns, and how they are written."""

import json
import math
from collections.abc import Iterator
from typing import Any


def with_answer(row: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """A row with the values of an answer; those with the name of a column get `predicted_` before it.

    >>> with_answer({"text": "fine", "label": "?"}, {"label": "good"})
    {'text': 'fine', 'label': '?', 'predicted_label': 'good'}
    """
    return {**row, **{f"predicted_{name}" if name in row else name: value for name, value in answer.items()}}


def cells(values: dict[str, Any], separator: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Values as the cells of a table: objects as several, lists of texts joined by `separator`, others as JSON."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from cells(value, separator, f"{prefix}{name}.")
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            yield f"{prefix}{name}", separator.join(value)
        elif value is None or isinstance(value, str):
            yield f"{prefix}{name}", value or ""
        else:
            yield f"{prefix}{name}", json.dumps(value, default=str)


def json_text(value: Any) -> str:
    """JSON on one line, with null for numbers that are not finite, and strings for what has no JSON.

    >>> json_text({"a": float("nan"), "b": [1.5, float("inf")]})
    '{"a": null, "b": [1.5, null]}'
    """
    return json.dumps(finite(value), ensure_ascii=False, default=str)


def finite(value: Any) -> Any:
    """JSON values with null for numbers that are not finite, which are not JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def comma_separated(texts: list[str]) -> str:
    """A line of a `.csv` file."""
    quoted = ('"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text for text in texts)
    return ",".join(quoted) + "\n"


def tab_separated(texts: list[str]) -> str:
    """A line of a `.tsv` file, in which white space is a single space."""
    return "\t".join(" ".join(text.split()) for text in texts) + "\n"
