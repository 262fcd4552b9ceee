"""What all paths share: models, threads, limits, metrics."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from nlpseq.serving.server.errors import RequestError
from nlpseq.serving.server.limits import Slots
from nlpseq.serving.server.logs import JsonLog
from nlpseq.serving.server.metrics import Metrics
from nlpseq.serving.server.models import Models
from nlpseq.serving.server.observing import note
from nlpseq.serving.server.settings import ServerSettings
from nlpseq.serving.server.version import Version


class Service:
    """The state of a server.

    Args:
        paths, settings, log: As of `nlpseq.serving.server.app.make_app`.

    Attributes:
        models: The models by name.
        draining: Whether the server ends after the requests that it has.
    """

    def __init__(self, paths: list[str], settings: ServerSettings, log: JsonLog):
        self.settings, self.log, self.metrics = settings, log, Metrics()
        self.pool = ThreadPoolExecutor(settings.threads * max(len(paths), 1), "models")
        self.stream_pool = ThreadPoolExecutor(settings.max_streams, "streams")
        self.requests = Slots(settings.max_requests, "requests")
        self.streams = Slots(settings.max_streams, "streams")
        self.draining = False
        self.models = Models(
            paths, lambda path: Version(path, settings, self.pool, self.metrics.batch), self._version_event
        )

    def _version_event(self, event, level="info", **details):
        self.metrics.versions.labels(details["model"], event.removeprefix("version ")).inc()
        self.log(event, level, **details)

    def limited(
        self, method: Callable[["Service", Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """A method within the limits of number and time."""

        async def within(request: Request) -> Response:
            note(request, method=method.__name__)
            with self.requests.take():
                try:
                    return await asyncio.wait_for(method(self, request), self.settings.max_seconds)
                except asyncio.TimeoutError:
                    seconds = f"{self.settings.max_seconds:g} s"
                    raise RequestError(
                        503, f"there was no answer within {seconds}: try again later.", {"Retry-After": "1"}
                    ) from None

        return within

    @contextlib.contextmanager
    def version(self, request: Request) -> Iterator[Version]:
        """The version of the model in the path of a request, which is kept for the block."""
        parameters: dict[str, Any] = request.path_params
        model = self.models.find(parameters["name"])
        with model.using(parameters.get("version")) as version:
            note(request, model=model.name, version=version.number)
            yield version
