"""The methods of a model: predict, answer, stream."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nlpseq.data.answer_rows import finite
from nlpseq.errors import InputError, shorten, suggest
from nlpseq.serving.server import rest
from nlpseq.serving.server.errors import RequestError
from nlpseq.serving.server.limits import check_count, check_length, check_sizes, read_body
from nlpseq.serving.server.observing import note
from nlpseq.serving.server.service import Service
from nlpseq.serving.server.streams import EventStream
from nlpseq.serving.server.version import DEFAULT


async def predict(service: Service, request: Request) -> Response:
    """TensorFlow Serving's predict: `instances` or `inputs` of a signature."""
    with service.version(request) as version:
        body = rest.read_json(await read_body(request, service.settings.max_body))
        signature = body.get("signature_name", DEFAULT)
        if not isinstance(signature, str):
            raise RequestError(400, "'signature_name' must be a string.")
        signature = signature or DEFAULT
        inputs, by_row = rest.read_inputs(body, version.specs(signature))
        rows = check_sizes(inputs, service.settings.max_texts, service.settings.max_characters)
        note(request, signature=signature, texts=rows)
        outputs = await version.answer(signature, inputs)
        if by_row and any(len(np.atleast_1d(output)) != rows for output in outputs.values()):
            raise RequestError(400, f"signature '{signature}' does not answer by row: send 'inputs'.")
        return Response(rest.write_json(rest.answer_of(outputs, by_row)), media_type="application/json")


async def answer(service: Service, request: Request) -> Response:
    """The answers to `texts` as `nlpseq predict --json` gives them; with `detailed`, all that the model can tell."""
    with service.version(request) as version:
        body = rest.read_json(await read_body(request, service.settings.max_body))
        _check_names(body, ("texts", "detailed"))
        texts, detailed = body.get("texts"), body.get("detailed", False)
        if not isinstance(texts, list):
            raise RequestError(400, "'texts' must be a list of strings.")
        if not isinstance(detailed, bool):
            raise RequestError(400, "'detailed' must be true or false.")
        check_count(len(texts), service.settings.max_texts)
        note(request, texts=len(texts))
        answers, signatures = version.export.answers, version.export.signatures
        examples = [_example(service, answers, text) for text in texts]
        names = answers.detailed if detailed else ()
        signature = next((name for name in names if name in signatures), DEFAULT)
        results: list[dict[str, Any]] = []
        for start in range(0, len(examples), answers.batch_size):
            with _refusing():
                inputs = answers.inputs(examples[start : start + answers.batch_size])
            results += version.export.read(await version.answer(signature, inputs))
        return JSONResponse({"answers": finite(results)})


async def stream(service: Service, request: Request) -> Response:
    """Server-sent events with the pieces of the answer to `text`; other values are options of the kind of task."""
    with contextlib.ExitStack() as held:
        version = held.enter_context(service.version(request))
        body = rest.read_json(await read_body(request, service.settings.max_body))
        answers = version.export.answers
        types = {option.name: option.type for option in answers.stream_options}
        _check_names(body, ("text", *types))
        example = _example(service, answers, body.pop("text", None))
        options = {name: _option(name, value, types[name]) for name, value in body.items()}
        held.enter_context(service.streams.take())
        note(request, texts=1)
        return EventStream(
            lambda show: answers.stream(version.export, example, show, **options),
            service.stream_pool,
            service.settings.max_seconds,
            held.pop_all(),
        )


async def unknown(request: Request) -> Response:
    """Methods that are not here, such as TensorFlow Serving's classify and regress."""
    method = shorten(request.path_params["method"], 50)
    raise RequestError(404, f"':{method}' is not served: expected one of :predict, :answer, :stream.")


async def labels(request: Request) -> Response:
    """TensorFlow Serving's names of versions."""
    raise RequestError(404, "labels of versions are not served: ask for /versions/NUMBER, or leave the version out.")


def _example(service, answers, text):
    """An example of the kind of task from a text."""
    if not isinstance(text, str):
        raise RequestError(400, "a text must be a string.")
    text = text.encode("utf-8", "replace").decode()  # halves of surrogates
    check_length(len(text.encode()), service.settings.max_characters)
    with _refusing():
        return answers.parse(text)


def _option(name, value, kind):
    """The value of an option, of the type that it has on the command line."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {bool: isinstance(value, bool), int: number and value == value // 1, float: number}
    if not fits.get(kind, isinstance(value, kind)):
        raise RequestError(400, f"'{name}' must be of the type {kind.__name__}.")
    try:
        return kind(value)
    except OverflowError:
        raise RequestError(400, f"'{name}' is a number that is not a {kind.__name__}.") from None


def _check_names(body, allowed):
    for name in body:
        if name not in allowed:
            raise RequestError(400, f"unknown name {name[:50]!r}: {suggest(name[:50], allowed)}")


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """In the block an invalid input is an error of the request."""
    try:
        yield
    except InputError as error:
        raise RequestError(400, str(error)) from None
