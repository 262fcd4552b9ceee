"""Server-sent events: the tokens of a completion as they are chosen."""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nlpseq.errors import InputError
from nlpseq.serving.server.errors import RequestError

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the second tells nginx not to collect them


class Stopped(Exception):
    """The client has gone, or the time is over."""


class EventStream(Response):
    """Runs a function in a thread, and sends what it shows as server-sent events.

    Every event has a JSON object: `{"text": ...}` for a piece of text; then the event `end` with
    `{"finished": true}`, or false if the time was over; or the event `error` with `{"error": ...}`. An
    error before the first piece is the status of the response.

    Args:
        produce: Called with `show(text)`. `show` raises an exception once nobody listens.
        pool: The threads.
        seconds: Time after which the stream ends.
        held: Closed when the stream has ended.
    """

    media_type = "text/event-stream"

    def __init__(
        self, produce: Callable[[Callable[[str], None]], Any], pool: Executor, seconds: float, held: ExitStack
    ):
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]  # of an empty body
        self.produce, self.pool, self.seconds, self.held = produce, pool, seconds, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.held:
            await self._stream(receive, send)

    async def _stream(self, receive, send):
        loop, pieces, stopped = asyncio.get_running_loop(), asyncio.Queue(), threading.Event()

        def show(text: str) -> None:
            if stopped.is_set():
                raise Stopped
            loop.call_soon_threadsafe(pieces.put_nowait, ("message", {"text": text}))

        work = loop.run_in_executor(self.pool, self.produce, show)
        work.add_done_callback(lambda future: pieces.put_nowait(_last(future)))
        listening = asyncio.ensure_future(_disconnected(receive))
        sending = asyncio.ensure_future(self._send(pieces, send))
        try:
            await asyncio.wait([listening, sending], timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED)
            stopped.set()
            if not listening.done() and not sending.done():
                pieces.put_nowait(("end", {"finished": False}))
                await asyncio.wait([listening, sending], timeout=5, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            stopped.set()
            for task in (listening, sending):
                task.cancel()
            await asyncio.wait([work])

    async def _send(self, pieces, send):
        event, value = await pieces.get()
        if event == "error":
            raise value
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        while event == "message":
            await send({"type": "http.response.body", "body": _event(event, value), "more_body": True})
            event, value = await pieces.get()
        error = value if event == "error" else None
        if error is not None:
            value = {
                "error": str(error)
                if isinstance(error, RequestError)
                else f"the server failed ({type(error).__name__})."
            }
        await send({"type": "http.response.body", "body": _event(event, value), "more_body": False})
        if error is not None and not isinstance(error, RequestError):
            raise error  # to the log


def _last(work):
    """The last event of a function that has ended."""
    error = work.exception()
    if error is None or isinstance(error, Stopped):
        return "end", {"finished": error is None}
    return "error", RequestError(400, str(error)) if isinstance(error, InputError) else error


async def _disconnected(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(event, value):
    name = "" if event == "message" else f"event: {event}\n"
    return f"{name}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
