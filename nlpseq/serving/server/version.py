"""A loaded version of a model."""

import asyncio
import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tensorflow as tf

from nlpseq.errors import InputError, assertion_text, shorten
from nlpseq.serving.client import Export
from nlpseq.serving.server.batching import Arrays, Batcher
from nlpseq.serving.server.errors import RequestError
from nlpseq.serving.server.settings import ServerSettings
from nlpseq.serving.warmup import read_warmup
from nlpseq.versions import number

DEFAULT = "serving_default"


class Version:
    """An export that answers requests.

    Args:
        path: Path of the export.
        settings: Settings of the server.
        pool: Threads that run the model.
        observe: As of `Batcher`.

    Raises:
        InputError: the export cannot be loaded.

    Attributes:
        number: Number of the version; 1 if its folder has another name.
        export: `nlpseq.serving.Export`.
        uses: Number of requests that it is answering.
    """

    def __init__(
        self,
        path: Path,
        settings: ServerSettings,
        pool: ThreadPoolExecutor,
        observe: Callable[[int, int], None] | None = None,
    ):
        self.path, self.number = path, number(path) if path.name.isdecimal() else 1
        self.export = Export(path)
        self.uses = 0
        self.pool = pool
        rows = min(settings.batch_size, self.export.answers.batch_size)
        self.batchers = {
            name: Batcher(
                functools.partial(self.export.run, name),
                _axes(function),
                pool,
                settings.threads,
                rows,
                settings.batch_wait / 1000,
                observe,
            )
            for name, function in self.export.signatures.items()
            if _is_by_row(function)
        }
        self._warm_up()

    def _warm_up(self):
        """Runs the warm-up requests with every signature that takes their inputs, and a stream to its first piece."""
        for request in read_warmup(self.path):
            for name, function in self.export.signatures.items():
                if specs_of(function).keys() == request.keys():
                    outputs = self.export.run(name, request)
                    if name in self.batchers:
                        self.batchers[name].learn(outputs)
        answers = self.export.answers
        with contextlib.suppress(InputError, _FirstPiece):
            answers.stream(self.export, answers.parse(""), _end_at_first_piece)

    def specs(self, signature: str) -> dict[str, tf.TensorSpec]:
        """The inputs of a signature.

        Raises:
            RequestError: there is no such signature.
        """
        signatures = self.export.signatures
        if signature not in signatures:
            raise RequestError(
                400, f"there is no signature '{shorten(signature, 50)}': expected one of {', '.join(signatures)}."
            )
        return specs_of(signatures[signature])

    async def answer(self, signature: str, inputs: Arrays) -> Arrays:
        """Runs a signature in a thread, together with other requests where it is by row.

        Raises:
            RequestError: the model rejects the inputs.
        """
        try:
            if signature in self.batchers:
                if len({len(value) for value in inputs.values()}) > 1:
                    raise RequestError(400, "the inputs must have the same number of rows.")
                return await self.batchers[signature](inputs)
            return await asyncio.get_running_loop().run_in_executor(self.pool, self.export.run, signature, inputs)
        except tf.errors.InvalidArgumentError as error:
            raise RequestError(400, f"the model rejects the inputs{_reason(error, inputs)}.") from None


def _reason(error, inputs):
    """What an assertion of the model says; else the shapes."""
    if text := assertion_text(error.message or ""):
        return f": {shorten(text, 300).rstrip('. ')}"
    shapes = ", ".join(f"'{name}' {value.shape}" for name, value in inputs.items())
    return f", whose shapes are {shorten(shapes, 300)}"


class _FirstPiece(Exception):
    """The first piece of a stream is there."""


def _end_at_first_piece(text):
    raise _FirstPiece


def specs_of(function: Any) -> dict[str, tf.TensorSpec]:
    """The inputs of a function of a loaded model, by name."""
    return dict(sorted(function.structured_input_signature[1].items()))


def _axes(function):
    """The axes of each output whose size is not known."""
    shapes = {name: spec.shape for name, spec in function.structured_outputs.items()}
    return {
        name: [axis for axis, size in enumerate(shape) if axis and size is None]
        for name, shape in shapes.items()
        if shape.rank
    }


def _is_by_row(function):
    """Whether all inputs and outputs have a first axis of any size."""
    specs = [*specs_of(function).values(), *function.structured_outputs.values()]
    return all(spec.shape.rank and spec.shape[0] is None for spec in specs)
