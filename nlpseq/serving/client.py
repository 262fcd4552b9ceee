"""Using an export: loading it and asking it. Needs TensorFlow alone."""

import importlib
import os
from pathlib import Path
from typing import Any

from nlpseq.errors import InputError, shorten
from nlpseq.serving.metadata import FILE_NAME, Metadata, read_json

TABLE_OF_KINDS = "nlpseq.tasks"  # asked by name: serving imports no kind of task


class Export:
    """An exported model.

    Args:
        path: of a version, or of a folder of versions, of which the newest is taken.

    Attributes:
        path: of the version.
        metadata: what the export says of itself, `nlpseq.serving.Metadata`.
        metrics: as in `metrics.json`.
        answers: the `nlpseq.tasks.answers.Answers` of its kind.

    Raises:
        InputError: there is no export of nlpseq at the path, or it is of a newer format.
    """

    def __init__(self, path: str | Path):
        self.path = find_export(path)
        self.metadata = Metadata.read(self.path)
        self.metrics = _read_metrics(self.path / "metrics.json")
        self.answers = _answers_class(self.metadata.task)(self.metadata)
        self._signatures = None

    @property
    def signatures(self) -> dict[str, Any]:
        """The functions by name; the model is loaded when they are first asked for.

        Raises:
            InputError: the model cannot be loaded.
        """
        if self._signatures is None:
            import tensorflow as tf

            try:
                self._model = tf.saved_model.load(str(self.path))
            except Exception as error:  # whatever a broken file makes TensorFlow throw
                reason = str(error).strip().splitlines()[0] if str(error).strip() else error
                raise InputError(f"the model in {self.path} cannot be loaded ({reason}): export it again.") from None
            if "serving_default" not in self._model.signatures:
                raise InputError(f"the model in {self.path} has no signature 'serving_default': export it again.")
            self._signatures = self._model.signatures
        return self._signatures

    def predict(self, examples: list) -> list[dict[str, Any]]:
        """The answers to examples, as the kind's `Answers` read them: a list of dicts, one an example."""
        import tensorflow as tf

        inputs = self.answers.inputs(list(examples))
        outputs = self.signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})
        columns = {name: value.numpy() for name, value in sorted(outputs.items())}
        return [
            self.answers.read({name: _plain(column[row]) for name, column in columns.items()})
            for row in range(len(examples))
        ]


def find_export(path: str | Path) -> Path:
    """The folder of an export: the path itself, or the newest version below it.

    Raises:
        InputError: there is none.
    """
    path = Path(path).expanduser()
    candidates = [path]
    if os.path.isdir(path):  # unlike Path.is_dir, also where the name is too long
        versions = [item for item in path.iterdir() if item.name.isdecimal()]
        candidates += sorted(versions, key=lambda item: int(item.name), reverse=True)
    for candidate in candidates:
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
    """A NumPy value as Python's own."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return [_plain(item) for item in value] if isinstance(value, list) else value
