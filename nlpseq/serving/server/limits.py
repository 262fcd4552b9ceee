"""Limits of requests: number at a time, and sizes."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from starlette.requests import Request

from nlpseq.serving.server.errors import RequestError


class Slots:
    """A number of places; who finds none is refused.

    Args:
        most: Number of places.
        unit: What takes them, a plural, for the message.
    """

    def __init__(self, most: int, unit: str):
        self.most, self.unit, self.count = most, unit, 0

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Takes a place for the block.

        Raises:
            RequestError: all are taken.
        """
        if self.count >= self.most:
            raise RequestError(
                429, f"{self.most:,} {self.unit} are running, the limit: try again.", {"Retry-After": "1"}
            )
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


async def read_body(request: Request, most_megabytes: float) -> bytes:
    """The body of a request.

    Raises:
        RequestError: it is too large, or compressed.
    """
    most = int(most_megabytes * 1e6)
    too_large = RequestError(
        413, f"the body has more than {most_megabytes:g} MB, the limit: send fewer or shorter texts."
    )
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RequestError(415, "the body is compressed: send it as it is.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def check_sizes(inputs: dict[str, np.ndarray], most_texts: int, most_characters: int) -> int:
    """The number of rows of the inputs of a request.

    Raises:
        RequestError: there are too many, or a string is too long.
    """
    rows = max((len(array) for array in inputs.values() if array.ndim), default=1)
    check_count(rows, most_texts)
    for array in inputs.values():
        if array.dtype == object:
            check_length(max(map(len, array.flat), default=0), most_characters)
    return rows


def check_count(texts: int, most: int) -> None:
    """Raises a `RequestError` for too many texts."""
    if texts > most:
        raise RequestError(413, f"the request has {texts:,} texts, and the limit is {most:,}: send several requests.")


def check_length(size: Any, most: int) -> None:
    """Raises a `RequestError` for a text of too many bytes."""
    if size > most:
        raise RequestError(413, f"a text has {size:,} bytes, and the limit is {most:,}: shorten or divide it.")
