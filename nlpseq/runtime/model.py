"""Models that answer texts, sounds or numbers, in any format of an export."""

import importlib
import importlib.util
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.errors import InputError, first_of, one_of, shorten
from nlpseq.paths import as_path
from nlpseq.runtime.description import EXPORT, FILE_NAME, Client, Described, read_tables
from nlpseq.runtime.interpreters import INTERPRETERS
from nlpseq.runtime.saved_model import SavedModel, rows
from nlpseq.runtime.text import restore
from nlpseq.versions import versions

TABLE_OF_KINDS = "nlpseq.tasks"  # asked by name: no kind of task is imported here
FORMATS = (*INTERPRETERS, "saved_model")
SAVED_MODEL = "saved_model.pb"
PACKAGES = {"onnx": "onnxruntime", "litert": "ai_edge_litert", "saved_model": "tensorflow"}


def load(path: str | Path, format: str | None = None) -> "Model":
    """A model of an export.

    Args:
        path: Folder of a version, folder of numbered versions, of which the newest is used, or a model file.
        format: "onnx", "litert" or "saved_model". Default that of the file; of a folder the first of these that
            it has, and whose interpreter is installed.

    Raises:
        InputError: there is no such model, or its interpreter is not installed.

    Example:

    >>> model = load("saved_models/sentiment")  # doctest: +SKIP
    >>> model.predict(["not bad at all"])[0]["label"]  # doctest: +SKIP
    'positive'
    """
    path = as_path(path)
    files = {**{name: file for name, (file, _) in INTERPRETERS.items()}, "saved_model": SAVED_MODEL}
    if os.path.isfile(path):
        file_format = next((name for name, file in files.items() if file == path.name), None)
        if file_format is None:
            raise InputError(
                f"{path} is not a model file: expected {first_of(list(files.values()))}, or the folder of an export."
            )
        path, format = path.parent, format or file_format
    if format is not None:
        one_of("format", format, FORMATS)
    for folder in (path, *versions(path)):
        present = [name for name in FORMATS if os.path.isfile(folder / files[name])]
        if present:
            return Model(folder, _chosen(folder, present, format))
    raise InputError(
        f"{path} is not an export of nlpseq: expected a folder with {SAVED_MODEL} and {EXPORT}, or with "
        f"{' or '.join(file for file, _ in INTERPRETERS.values())} and {FILE_NAME}."
    )


def _chosen(folder, present, format):
    if format in present:
        return format
    if format is not None:
        raise InputError(
            f"{folder} has no model of the format {format}: make it with `nlpseq export {folder} --to {format}`, or "
            f"load {' or '.join(present)}."
        )
    installed = [name for name in present if importlib.util.find_spec(PACKAGES[name]) is not None]
    return (installed or present)[0]


class Model:
    """A model that answers inputs of its kind of task; the answers are the same in every format.

    Args:
        path: Folder of the version.
        format: A name in `FORMATS`.

    Attributes:
        path, format: As above.
        metadata: `nlpseq.runtime.description.Described`; but for the SavedModel `Client`.
        answers: `nlpseq.tasks.answers.Answers` of the kind of task.
    """

    def __init__(self, path: Path, format: str):
        self.path, self.format = path, format
        client = None if format == "saved_model" else Client.read(path)
        self.metadata = client or Described.read(path)
        self.answers = importlib.import_module(TABLE_OF_KINDS).answers_class(self.metadata.task)(self.metadata)
        source = SavedModel(path, self.answers.signatures) if client is None else Computed(path, format, client)
        self._adapter = _ExportAdapter(self.metadata, self.answers, source)

    def predict(self, inputs: Iterable[Any], **options: Any) -> list[Any]:
        """The answers that `nlpseq predict --json` prints: a dict for an input, of a series a list of dicts by step.

        Args:
            inputs: Texts; or what `Answers.example` of the kind of task takes, such as arrays.
            **options: Options of the kind, those of `nlpseq predict`.

        Raises:
            InputError: an input is not of the kind; an option is unknown or outside its range.
        """
        allowed = [option.name for option in self.answers.options]
        for name in options:
            one_of("option", name, allowed)
        examples = [inputs] if isinstance(inputs, (str, bytes, Path)) else inputs
        if not isinstance(examples, Iterable):
            raise InputError(f"`inputs` must be a list, an item for each answer, got {shorten(repr(inputs))}.")
        examples = [self.answers.as_example(example) for example in examples]
        if self.answers.by_step:
            return [self._answers([[example]], options) for example in examples]
        size = 1 if self.format == "litert" else self.answers.batch_size
        return self._answers([examples[start : start + size] for start in range(0, len(examples), size)], options)

    def _answers(self, batches, options):
        """The JSON of each line."""
        lines = []
        self.answers.respond(self._adapter, batches, lines.append, lambda line: None, True, **options)
        return [json.loads(line) for line in lines]

    def answer(self, examples: list) -> list[dict[str, Any]]:
        """The answers of "serving_default", of a language model too, without the inputs."""
        size = 1 if self.format == "litert" else self.answers.batch_size
        parts = [self._adapter.predict(examples[start : start + size]) for start in range(0, len(examples), size)]
        return [answer for part in parts for answer in part]

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature, such as "init" and "step" of kinds that have them in all formats.

        Raises:
            InputError: the saved_model of the export alone has it, there is none of that name, or the inputs are not
                its own.
        """
        try:
            return self._adapter.run(signature, inputs)
        except InputError:
            raise
        except (TypeError, ValueError, LookupError) as error:  # of a function that is called with other arrays
            raise InputError(f"the inputs of the signature {signature!r} do not fit: {shorten(error)}.") from None


class Computed:
    """The numeric functions of a model, and what is computed around them in Python and NumPy.

    Args:
        path: Folder of the version.
        format: A name in `INTERPRETERS`.
        client: Contents of `client.json`.

    Attributes:
        functions: Functions from arrays to dicts of arrays, by name.
        preprocessor: The preprocessor, of `nlpseq.runtime.text`.
        tables: Arrays of the task that are not in the functions, by name.
        batched: Whether the functions take more than one row at a time.
        options: Values of the task that are not in the functions.
    """

    def __init__(self, path: Path, format: str, client: Client):
        _, functions = INTERPRETERS[format]
        self.functions = functions(path)
        self.preprocessor: Any = restore(client.text) if client.text else None
        self.options, self.tables = client.options, read_tables(path)
        self.batched = format != "litert"


class _ExportAdapter:
    """A model in the place of the `nlpseq.serving.Export` that `Answers.respond` asks."""

    def __init__(self, metadata, answers, source):
        self.metadata, self.answers, self.source = metadata, answers, source
        self.computed = source if isinstance(source, Computed) else None

    @property
    def signatures(self):
        return self.source.signatures

    def run(self, signature, inputs):
        if self.computed is not None:
            return self.answers.run(self.computed, signature, inputs)
        return self.source.run(signature, inputs)

    def embed(self, examples):
        return self.run("embed", self.answers.inputs(examples))["embedding"]

    def predict(self, examples):
        if self.computed is not None:
            computed = self.answers.compute(self.computed, examples)
        else:
            computed = rows(self.source.run("serving_default", self.answers.inputs(examples)))
        return [self.answers.read(row) for row in computed]
