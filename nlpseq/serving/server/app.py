"""The application: which path is answered by what."""

from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from nlpseq.serving.server import describing, methods
from nlpseq.serving.server.logs import JsonLog
from nlpseq.serving.server.observing import Observed, handlers
from nlpseq.serving.server.service import Service
from nlpseq.serving.server.settings import ServerSettings

PAGE = Path(__file__).parent.parent / "page"
MODEL_PATHS = ("/models/{name:model}", "/models/{name:model}/versions/{version:int}")
METHODS = (methods.predict, methods.answer, methods.stream)


class _Name(StringConvertor):
    """The name of a model in a path, before the colon of a method."""

    regex = "[^/:]+"


register_url_convertor("model", _Name())


def make_app(paths: list[str], settings: ServerSettings, log: JsonLog) -> Starlette:
    """The server as an ASGI application.

    Args:
        paths: Paths of exports, as of `nlpseq.serving.server.models.Models`.
        settings: Settings of the server.
        log: Where events and requests are logged.

    Returns:
        The application; its `state.service` is the `Service`.

    Raises:
        InputError: an export cannot be loaded.
    """
    service = Service(paths, settings, log)
    models = [Route("/models", partial(describing.listing, service))]
    for path in MODEL_PATHS:
        for method in METHODS:
            models.append(Route(f"{path}:{method.__name__}", service.limited(method), methods=["POST"]))
        models.append(Route(f"{path}:{{method}}", methods.unknown, methods=["POST"]))
        models.append(Route(f"{path}/metadata", partial(describing.metadata, service)))
        models.append(Route(path, partial(describing.status, service)))
    models.append(Route("/models/{name:model}/labels/{rest:path}", methods.labels, methods=["GET", "POST"]))
    routes = [
        Mount("/v1", routes=models),
        Route("/healthz", partial(describing.health, service)),
        Route("/readyz", partial(describing.readiness, service)),
        Route("/metrics", partial(describing.metrics, service)),
        Mount("/", StaticFiles(directory=PAGE, html=True)),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Observed, log=log, metrics=service.metrics)],
        exception_handlers=handlers(),
    )
    app.state.service = service
    return app
