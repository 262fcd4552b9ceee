"""Client for exported models: loading and prediction, with TensorFlow alone."""

import importlib
import os
from pathlib import Path
from typing import Any

from nlpseq.data.files.contents import check_file
from nlpseq.errors import InputError, shorten
from nlpseq.serving.metadata import FILE_NAME, Metadata, read_json
from nlpseq.versions import versions

TABLE_OF_KINDS = "nlpseq.tasks"  # asked by name: serving imports no kind of task


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
        self._signatures = None

    @property
    def signatures(self) -> dict[str, Any]:
        """The signatures by name; the model is loaded on first access.

        Raises:
            InputError: the model cannot be loaded.
        """
        if self._signatures is None:
            import tensorflow as tf

            for file in (self.path / "saved_model.pb", *(self.path / "variables").glob("*")):
                check_file(file)  # TensorFlow waits for pipes, and crashes on files that do not fit in memory
            try:
                self._model = tf.saved_model.load(str(self.path))
            except Exception as error:  # a damaged file raises errors of many classes
                reason = str(error).strip().splitlines()[0] if str(error).strip() else error
                raise InputError(f"the model in {self.path} cannot be loaded ({reason}): export it again.") from None
            for name in self.answers.signatures:
                if name not in self._model.signatures:
                    raise InputError(f"the model in {self.path} has no signature {name!r}: export it again.")
            self._signatures = self._model.signatures
        return self._signatures

    def predict(self, examples: list) -> list[dict[str, Any]]:
        """Runs "serving_default".

        Args:
            examples: Inputs of the kind of task, as `Answers.parse` returns them.

        Returns:
            A dict for each example, as `Answers.read` returns it.

        Raises:
            InputError: the model is of another kind than `config.json` says.
        """
        import tensorflow as tf

        inputs, serve = self.answers.inputs(list(examples)), self.signatures["serving_default"]
        fits = set(serve.structured_input_signature[1]) == set(inputs)
        if not fits or not set(self.answers.outputs) <= set(serve.structured_outputs):
            raise InputError(
                f"the model in {self.path} is not of the kind {self.metadata.task!r} that its config.json names: "
                "export it again."
            )
        outputs = serve(**{name: tf.constant(value) for name, value in inputs.items()})
        columns = {name: value.numpy() for name, value in sorted(outputs.items())}
        return [
            self.answers.read({name: _plain(column[row]) for name, column in columns.items()})
            for row in range(len(examples))
        ]


def find_export(path: str | Path) -> Path:
    """The folder of an export: the path itself, or the newest version in it.

    Raises:
        InputError: there is no export.
    """
    path = Path(path).expanduser()
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


def _plain(value):
    """A NumPy value as Python objects, bytes decoded as UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return [_plain(item) for item in value] if isinstance(value, list) else value
