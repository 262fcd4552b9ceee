"""Paths that describe the server: models, versions, signatures, health, metrics."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from nlpseq.serving.server.models import Model
from nlpseq.serving.server.service import Service
from nlpseq.serving.server.signatures import signature_defs


async def listing(service: Service, request: Request) -> Response:
    """All models, and what the page needs to know of them."""
    return JSONResponse({"models": [_described(model) for model in service.models.values()]})


def _described(model: Model) -> dict[str, Any]:
    with model.using() as version:
        export = version.export
        metadata, scores = export.metadata, export.metrics["test"] or export.metrics["validation"]
        return {
            "name": model.name,
            "version": version.number,
            "task": metadata.task,
            "widget": export.answers.widget,
            "input": export.answers.input_name,
            "labels": metadata.labels,
            "data": {**metadata.data, "name": _without_folder(str(metadata.data.get("name")))},
            "scores": {name: value for name, value in scores.items() if isinstance(value, (int, float))},
            "signatures": list(export.signatures),
        }


def _without_folder(name):
    """The name of a dataset; of a file or folder only the last part, because clients need not know the others."""
    return Path(name).name if name.startswith(("/", "~", ".")) else name


async def status(service: Service, request: Request) -> Response:
    """TensorFlow Serving's status of a model, or of a version."""
    model = service.models.find(request.path_params["name"])
    number = request.path_params.get("version")
    states = [state for state in model.states() if number in (None, state[0])]
    if not states:
        raise model.not_loaded(number)
    return JSONResponse(
        {
            "model_version_status": [
                {
                    "version": str(version),
                    "state": state,
                    "status": {"error_code": "UNKNOWN" if error else "OK", "error_message": error},
                }
                for version, state, error in states
            ]
        }
    )


async def metadata(service: Service, request: Request) -> Response:
    """TensorFlow Serving's metadata: the signatures of a version."""
    with service.version(request) as version:
        name = request.path_params["name"]
        return JSONResponse(
            {
                "model_spec": {"name": name, "signature_name": "", "version": str(version.number)},
                "metadata": {"signature_def": {"signature_def": signature_defs(version.path)}},
            }
        )


async def health(service: Service, request: Request) -> Response:
    """Whether the server runs."""
    return PlainTextResponse("ok\n")


async def readiness(service: Service, request: Request) -> Response:
    """Whether the server takes requests."""
    return PlainTextResponse("draining\n", 503) if service.draining else PlainTextResponse("ready\n")


async def metrics(service: Service, request: Request) -> Response:
    """The metrics for Prometheus."""
    current = [(model.name, model.current.number) for model in service.models.values() if model.current]
    running = {"requests": service.requests.count, "streams": service.streams.count}
    text = service.metrics.text(current, running)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
