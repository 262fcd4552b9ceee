"""What a client reads beside a model: kind of task and labels; for other formats than the SavedModel the vocabulary.

The former are in the file `config.json` of every export, all of them in `client.json` beside the other formats.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlpseq.errors import InputError, shorten

EXPORT = "config.json"
FILE_NAME = "client.json"
TABLES = "tables.npz"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Described:
    """What the outputs of an export mean.

    Attributes:
        task: Kind of task, a name in the table of `nlpseq.tasks`.
        labels: Names of the classes; empty for tasks without classes.
        details: Values specific to the kind of task, which its `Answers` read.
    """

    task: str
    labels: list[str]
    details: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Described":
        """Reads `config.json` in a folder.

        Raises:
            InputError: it cannot be read.
        """
        path = folder / EXPORT
        values = _read_json(path, "export the model again")
        described: dict[str, Any] = {name: values.get(name) for name in ("task", "labels", "details")}
        if not all(is_a(described[name], kind) for name, kind in (("task", str), ("labels", [str]), ("details", dict))):
            raise InputError(f"{path} lacks a valid task, labels or details: export the model again.")
        return cls(**described)

    def detail(self, name: str, *types: Any) -> Any:
        """A value of `details`.

        Args:
            name: Its name.
            types: Types that it may have; `[str]` is a list of strings, `{str: int}` a dict of numbers.

        Raises:
            InputError: it is missing, or of none of the types.
        """
        value = self.details.get(name, ...)
        if not any(is_a(value, kind) for kind in types):
            raise self.invalid(name)
        return value

    def invalid(self, name: str) -> InputError:
        """The error for a value of `details` that cannot be used."""
        return InputError(f"the config.json of the export has no valid {name!r} in its details: export it again.")


def is_a(value: Any, kind: Any) -> bool:
    """Whether a JSON value has a type, and its items that of the only item of a list or dict of types."""
    if isinstance(kind, list):
        return isinstance(value, list) and all(is_a(item, kind[0]) for item in value)
    if isinstance(kind, dict):
        return isinstance(value, dict) and all(is_a(item, *kind.values()) for item in value.values())
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


@dataclass(frozen=True)
class Client(Described):
    """What a program without TensorFlow needs beside the model.

    Attributes:
        options: Values that `Answers.compute` needs beside the outputs of the functions.
        text: The preprocessor, as `nlpseq.text.description.describe` returns it.
        format_version: Version of this format; newer ones are rejected.
    """

    options: dict[str, Any]
    text: dict[str, Any]
    format_version: int = FORMAT_VERSION

    @classmethod
    def read(cls, folder: Path) -> "Client":
        """Reads `client.json` in a folder.

        Raises:
            InputError: it cannot be read, or is of a newer version of nlpseq.
        """
        path = folder / FILE_NAME
        remedy = "copy it from the export, or make it with `nlpseq export EXPORT --to onnx,litert`"
        values = _read_json(path, remedy)
        version = values.pop("format_version", None)
        try:
            client = cls(**values)
        except TypeError:
            raise InputError(f"cannot read {path} (it is damaged): {remedy}.") from None
        check_version(path, version, FORMAT_VERSION)
        return client


def _read_json(path, remedy) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise InputError(f"cannot read {path} ({reason}): {remedy}.") from None
    if not isinstance(values, dict):
        raise InputError(f"cannot read {path} (it is damaged): {remedy}.")
    return values


def check_version(path: Path, version: Any, newest: int) -> None:
    """Raises an `InputError` unless the version of a file's format is a whole number from 1 to the newest."""
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(
            f"{path} has the format_version {shorten(json.dumps(version))}, which is not a whole number from 1: export "
            "the model again."
        )
    if version > newest:
        raise InputError(
            f"{path} has format {version}, but this version of nlpseq supports formats up to {newest}: upgrade nlpseq."
        )


def write_tables(folder: Path, tables: Mapping[str, Any]) -> None:
    """Writes `Task.tables` to `tables.npz` in a folder, if there are any."""
    if tables:
        np.savez_compressed(folder / TABLES, **tables)


def read_tables(folder: Path) -> dict[str, np.ndarray]:
    """The tables of an export; none if it has no such file.

    Raises:
        InputError: the file cannot be read.
    """
    path = folder / TABLES
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as tables:
            return dict(tables)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise InputError(f"cannot read {path} ({reason}): export the model again.") from None
