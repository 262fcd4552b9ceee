"""Client for exported models: loading and prediction, with TensorFlow alone."""

import functools
import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.errors import InputError, one_of, shorten
from nlpseq.paths import as_path
from nlpseq.runtime.model import TABLE_OF_KINDS
from nlpseq.runtime.saved_model import SavedModel, rows
from nlpseq.serving.metadata import FILE_NAME, Metadata, read_json
from nlpseq.versions import versions


class Export:
    """An exported model.

    Args:
        path: Folder of a version, or a folder of numbered versions, of which the newest is used.

    Attributes:
        path: Folder of the version.
        metadata: `nlpseq.serving.Metadata`, from `config.json`.
        metrics: Contents of `metrics.json`.
        answers: `nlpseq.tasks.answers.Answers` of the kind of task.

    Raises:
        InputError: there is no nlpseq export at the path, or its format is newer than this version.

    Example:

    >>> export = Export("saved_models/sentiment")  # doctest: +SKIP
    >>> export.predict(["not bad at all"])[0]["label"]  # doctest: +SKIP
    'positive'
    """

    def __init__(self, path: str | Path):
        self.path = find_export(path)
        self.metadata = Metadata.read(self.path)
        self.metrics = _read_metrics(self.path / "metrics.json")
        self.answers = _answers_class(self.metadata.task)(self.metadata)
        self._model = SavedModel(self.path, self.answers.signatures)

    @functools.cached_property
    def signatures(self) -> dict[str, Any]:
        """The signatures by name; the model is loaded on first access.

        Raises:
            InputError: the model cannot be loaded, or is of another kind than `config.json` says.
        """
        signatures = self._model.signatures
        if set(self.answers.outputs) - set(signatures["serving_default"].structured_outputs):
            raise self._of_another_kind()
        return signatures

    def predict(self, examples: list) -> list[dict[str, Any]]:
        """Runs "serving_default".

        Args:
            examples: Inputs of the kind of task, as `Answers.parse` returns them.

        Returns:
            A dict for each example, as `Answers.read` returns it.

        Raises:
            InputError: the model is of another kind than `config.json` says.
        """
        return self.read(self.run("serving_default", self.answers.inputs(list(examples))))

    def read(self, outputs: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers in the outputs of a signature, arrays `(batch, ...)` by name."""
        return [self.answers.read(row) for row in rows(outputs)]

    def embed(self, examples: list) -> np.ndarray:
        """Runs "embed", which exports of tasks with text input have.

        Args:
            examples: As for `predict`.

        Returns:
            A vector for each example, float32 `(examples, size)`.

        Raises:
            InputError: the export has no such signature.

        Example:

        >>> Export("saved_models/sentiment").embed(["not bad at all"]).shape  # doctest: +SKIP
        (1, 256)
        """
        if "embed" not in self.signatures:
            raise InputError(f"the model in {self.path} has no signature 'embed': export a task with text input again.")
        return self.run("embed", self.answers.inputs(list(examples)))["embedding"]

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature, by name.

        Raises:
            InputError: there is no such signature, or it has inputs of other names or shapes.
        """
        specs = self.signatures[one_of("signature", signature, list(self.signatures))].structured_input_signature[1]
        lacking, other = sorted(specs.keys() - inputs.keys()), sorted(inputs.keys() - specs.keys())
        if lacking or other:
            difference = f"{lacking[0]!r}, which is missing" if lacking else f"no {shorten(repr(other[0]))}"
            raise self._of_another_kind(f"the signature {signature!r} takes {difference}")
        for name, spec in specs.items():
            if not spec.shape.is_compatible_with(shape := np.shape(inputs[name])):
                raise self._of_another_kind(f"{name} of {signature!r} must have the shape {spec.shape}, got {shape}")
        return self._model.run(signature, inputs)

    def _of_another_kind(self, problem=""):
        sentence = f"the model in {self.path} is not of the kind {self.metadata.task!r} that its config.json names"
        return InputError(f"{problem}, or {sentence}." if problem else f"{sentence}: export it again.")


def find_export(path: str | Path) -> Path:
    """The folder of an export: the path itself, or the newest version in it.

    Raises:
        InputError: there is no export.
    """
    path = as_path(path)
    for candidate in (path, *versions(path)):
        if all(os.path.isfile(candidate / name) for name in ("saved_model.pb", FILE_NAME)):
            return candidate
    raise InputError(
        f"{shorten(path)} is not an export of nlpseq: expected a folder such as saved_models/sentiment/1 that "
        f"holds saved_model.pb and {FILE_NAME}; run a recipe to make one."
    )


def _answers_class(kind):
    return importlib.import_module(TABLE_OF_KINDS).answers_class(kind)


def _read_metrics(path):
    metrics = read_json(path)
    if not all(isinstance(metrics.get(split), dict) for split in ("validation", "test")):
        raise InputError(f"{path} lacks validation and test: export the model again.")
    return metrics
