"""Models that answer texts, in any format of an export."""

import importlib
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nlpseq.errors import InputError, one_of
from nlpseq.runtime.description import FILE_NAME, Client
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
    path = Path(path).expanduser()
    files = {**{name: file for name, (file, _) in INTERPRETERS.items()}, "saved_model": SAVED_MODEL}
    if path.is_file():
        given = {"onnx": "onnx", "tflite": "litert", "pb": "saved_model"}.get(path.suffix.lstrip("."))
        path, format = path.parent, format or given
    if format is not None:
        one_of("format", format, FORMATS)
    for folder in (path, *versions(path)):
        found = [name for name in FORMATS if (folder / files[name]).is_file()]
        if found:
            return Model(folder, _chosen(folder, found, format))
    raise InputError(
        f"{path} is not an export of nlpseq: expected a folder with {' or '.join(files.values())} and {FILE_NAME}."
    )


def _chosen(folder, found, format):
    if format in found:
        return format
    if format is not None:
        raise InputError(
            f"{folder} has no model of the format {format}: make it with `nlpseq export {folder} --to {format}`, or "
            f"load {' or '.join(found)}."
        )
    installed = [name for name in found if importlib.util.find_spec(PACKAGES[name]) is not None]
    return (installed or found)[0]


class Model:
    """A model that answers texts; the answers are the same in every format.

    Args:
        path: Folder of the version.
        format: A name in `FORMATS`.

    Attributes:
        path, format: As above.
        metadata: `nlpseq.runtime.description.Client`.
        answers: `nlpseq.tasks.answers.Answers` of the kind of task.
    """

    def __init__(self, path: Path, format: str):
        self.path, self.format = path, format
        self.metadata = Client.read(path)
        self.answers = importlib.import_module(TABLE_OF_KINDS).answers_class(self.metadata.task)(self.metadata)
        source = (
            SavedModel(path, self.answers.signatures)
            if format == "saved_model"
            else Computed(path, format, self.metadata)
        )
        self._asked = _Asked(self.metadata, self.answers, source)

    def predict(self, texts: Iterable[str | bytes], **options: Any) -> list[dict[str, Any]]:
        """The answers that `nlpseq predict --json` prints.

        Args:
            texts: Inputs of the kind of task.
            **options: Options of the kind, those of `nlpseq predict`.

        Raises:
            InputError: an option is unknown or outside its range.
        """
        known = [option.name for option in self.answers.options]
        for name in options:
            one_of("option", name, known)
        texts, lines = [texts] if isinstance(texts, (str, bytes)) else list(texts), []
        texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts]
        size = 1 if self.format == "litert" else self.answers.batch_size
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        self.answers.respond(self._asked, batches, lines.append, lambda line: None, True, **options)
        return [json.loads(line) for line in lines]

    def answer(self, examples: list) -> list[dict[str, Any]]:
        """The answers of "serving_default", of a language model too, without the inputs."""
        size = 1 if self.format == "litert" else self.answers.batch_size
        parts = [self._asked.predict(examples[start : start + size]) for start in range(0, len(examples), size)]
        return [answer for part in parts for answer in part]


class Computed:
    """The numeric functions of a model, and what is computed around them in Python and NumPy.

    Args:
        path: Folder of the version.
        format: A name in `INTERPRETERS`.
        client: Contents of `client.json`.

    Attributes:
        functions: Functions from arrays to dicts of arrays, by name.
        preprocessor: The preprocessor, of `nlpseq.runtime.text`.
        options: Values of the task that are not in the functions.
    """

    def __init__(self, path: Path, format: str, client: Client):
        _, functions = INTERPRETERS[format]
        self.functions = functions(path)
        self.preprocessor: Any = restore(client.text) if client.text else None
        self.options = client.options


class _Asked:
    """A model in the place of the `nlpseq.serving.Export` that `Answers.respond` asks."""

    def __init__(self, metadata, answers, source):
        self.metadata, self.answers, self.source = metadata, answers, source
        self.computed = source if isinstance(source, Computed) else None

    @property
    def signatures(self):
        return self.source.signatures

    def embed(self, examples):
        if self.computed is not None:
            raise InputError("`embed` is answered by the saved_model of an export: load it with format='saved_model'.")
        return self.source.run("embed", self.answers.inputs(examples))["embedding"]

    def predict(self, examples):
        if self.computed is not None:
            computed = self.answers.compute(self.computed, examples)
        else:
            computed = rows(self.source.run("serving_default", self.answers.inputs(examples)))
        return [self.answers.read(row) for row in computed]
