"""What is done for every request: the log, the metrics, headers, and errors as JSON."""

import time
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlpseq.serving.server.errors import RequestError
from nlpseq.serving.server.logs import JsonLog
from nlpseq.serving.server.metrics import Metrics

GONE = 499  # in the log: the client did not wait for the answer, or did not send its request in time
HEADERS = {
    # The page loads nothing from elsewhere, runs no script of its text, and is in no frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Observed:
    """Middleware that logs and counts requests.

    Handlers add to the log with `note(request, model=..., method=..., texts=...)`.
    """

    def __init__(self, app: ASGIApp, log: JsonLog, metrics: Metrics):
        self.app, self.log, self.metrics = app, log, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), GONE
        notes = scope.setdefault("state", {}).setdefault("notes", {})

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            await self.app(scope, receive, observed)
        except ClientDisconnect:
            pass
        except Exception:
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - began
            model, method = notes.get("model", ""), notes.get("method", "")
            self.metrics.request(model, method, status, seconds, notes.get("texts", 0))
            if method:
                self.log("request", status=status, ms=round(1000 * seconds, 2), **notes)


def note(request: Request, **details: Any) -> None:
    """Adds to the line that the log gets about a request."""
    request.scope["state"]["notes"].update(details)


def handlers() -> dict[Any, Any]:
    """Exception handlers of Starlette that answer as TensorFlow Serving does: `{"error": "..."}`."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestError)
        return JSONResponse({"error": error.message}, error.status, error.headers)

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        message = {
            404: "there is nothing at this path: models are at /v1/models, the page is at /.",
            405: f"{request.method} is not for this path.",
        }.get(error.status_code, error.detail)
        return JSONResponse({"error": message}, error.status_code, error.headers)

    async def failed(request: Request, error: Exception) -> JSONResponse:  # the log gets the error from uvicorn
        return JSONResponse({"error": f"the server failed ({type(error).__name__}): see its log."}, 500)

    return {RequestError: refused, HTTPException: unknown, Exception: failed}
