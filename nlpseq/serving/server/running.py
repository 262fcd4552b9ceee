"""Runs the server until a signal ends it."""

import contextlib
import functools
import logging
import resource
import socket
from types import FrameType
from typing import Any

import uvicorn

from nlpseq.serving.server.app import make_app
from nlpseq.serving.server.connections import Connection
from nlpseq.serving.server.logs import JsonLog
from nlpseq.serving.server.settings import ServerSettings

IDLE_SECONDS = 75  # before a connection without requests is closed; longer than the 60 s of usual proxies


def serve(paths: list[str], settings: ServerSettings, listener: socket.socket) -> None:
    """Answers requests until SIGTERM or Ctrl-C, then answers those that it has, and returns.

    Args:
        paths: Paths of exports, as of `nlpseq.serving.server.models.Models`.
        settings: Settings of the server.
        listener: Bound socket, as from `nlpseq.serving.server.listening.bind`.

    Raises:
        InputError: an export cannot be loaded.
    """
    log = JsonLog()
    _allow_many_connections()
    app = make_app(paths, settings, log)
    service = app.state.service
    _log_by(log)
    connections: Any = functools.partial(Connection, seconds=settings.read_seconds)
    config = uvicorn.Config(
        app,
        http=connections,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=int(settings.max_seconds) + 5,
    )
    service.models.watch(settings.poll_seconds)
    host, port = listener.getsockname()[:2]
    log("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}/", models=list(service.models))
    _Server(config, service).run([listener])
    service.models.stop()
    log("stopped")


class _Server(uvicorn.Server):
    """A server that says that it drains, and that a signal ends without an error."""

    def __init__(self, config, service):
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:  # the second signal
            self.force_exit = True
        self.should_exit = self.service.draining = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.service.log("draining", requests=self.service.requests.count, streams=self.service.streams.count)
        await super().shutdown(sockets)


def _allow_many_connections():
    """Raises the limit of open files to what the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _log_by(log):
    """Sends the warnings of uvicorn to the log."""
    logger = logging.getLogger("uvicorn")
    logger.handlers, logger.propagate = [log], False
    logger.setLevel(logging.WARNING)
