"""Connections that must send a whole request in time."""

import asyncio
import http
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """A protocol of uvicorn with a time for every request to arrive.

    The time begins with the connection, or with the first byte of another request. A client that is slower
    gets status 408, if its request has no answer yet, and the connection is closed.

    Args:
        seconds: The time.
        **options: Those of uvicorn.
    """

    def __init__(self, *, seconds: float, **options: Any):
        super().__init__(**options)
        self.seconds = seconds
        self.deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect()

    def on_message_complete(self) -> None:
        self._arrived()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is not a request of HTTP.")

    def _expect(self):
        self._arrived()
        self.deadline = self.loop.call_later(self.seconds, self._late)

    def _arrived(self):
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _late(self):
        if self.cycle is not None and self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(408, f"the request did not arrive within {self.seconds:g} s.")

    def _refuse(self, status, message):
        body = json.dumps({"error": message}).encode()
        lines = [
            f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()
